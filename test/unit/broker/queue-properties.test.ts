import fc from '../../support/property.js';
import { describe, expect, it } from 'vitest';
import type { Consumer } from '../../../src/broker/consumer.js';
import type { BrokerQueue } from '../../../src/broker/queue.js';
import type { Outcome } from '../../../src/message/outcome.js';
import { ACCEPTED, FAILED, FakeHost, REJECTED, RELEASED, consume, incoming, read } from './support.js';
import type { FakeLink } from './support.js';

const UNWANTED: Outcome = { type: 'modified', undeliverableHere: true };

type Step =
  | { readonly do: 'push'; readonly ttl: number | undefined }
  | { readonly do: 'settle'; readonly who: number; readonly which: number; readonly outcome: Outcome }
  | { readonly do: 'credit'; readonly who: number; readonly credit: number }
  | { readonly do: 'lose'; readonly who: number; readonly failed: boolean }
  | { readonly do: 'advance'; readonly time: number }
  | { readonly do: 'stall'; readonly time: number }
  | { readonly do: 'come' | 'turn' };

const small = fc.nat({ max: 5 });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('push' as const),
      ttl: fc.option(fc.nat({ max: 900 }), { nil: undefined }),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('settle' as const),
      who: small,
      which: small,
      outcome: fc.constantFrom(ACCEPTED, RELEASED, FAILED, REJECTED(), UNWANTED),
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('credit' as const), who: small, credit: small }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('lose' as const), who: small, failed: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('advance' as const), time: fc.nat({ max: 300 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('stall' as const), time: fc.nat({ max: 300 }) }) },
  { weight: 2, arbitrary: fc.constantFrom({ do: 'come' as const }, { do: 'turn' as const }) },
);

/** It makes a message so large that its deliveries share its bytes. */
const PADDING = { padding: 'x'.repeat(20_000) };

/** A queue with consumers that come and go, and a book of what has become of each message. */
class Run {
  readonly host = new FakeHost();
  readonly queue: BrokerQueue;
  readonly consumers: { link: FakeLink; consumer: Consumer }[] = [];
  readonly accepted: unknown[] = [];
  pushed = 0;

  constructor(maxMessages: number, overflow: 'reject' | 'drop-head') {
    this.queue = this.host.queue({ maxMessages, overflow, maxDeliveries: 3 });
  }

  do(step: Step): void {
    const { host, queue, consumers } = this;
    const chosen = 'who' in step ? consumers[step.who % Math.max(1, consumers.length)] : undefined;
    if (step.do === 'push') {
      const body = this.pushed;
      const properties = body % 3 === 0 ? PADDING : {};
      if (queue.take(incoming({ body, ttl: step.ttl, properties })) === undefined) this.pushed++;
    } else if (step.do === 'settle' && chosen !== undefined && chosen.link.held.length > 0) {
      const which = step.which % chosen.link.held.length;
      if (step.outcome === ACCEPTED) this.accepted.push(read(chosen.link.held[which]!).body);
      chosen.link.settle(step.outcome, which);
    } else if (step.do === 'credit' && chosen !== undefined) {
      chosen.link.credit = step.credit;
      queue.sendable(chosen.consumer);
    } else if (step.do === 'lose' && chosen !== undefined) {
      consumers.splice(consumers.indexOf(chosen), 1);
      queue.removeConsumer(chosen.consumer, step.failed);
    } else if (step.do === 'come') {
      consumers.push(consume(queue, 2));
    } else if (step.do === 'advance') {
      host.clock.advance(step.time);
    } else if (step.do === 'stall') {
      host.clock.stall(step.time);
    } else if (step.do === 'turn') {
      host.turn();
    }
  }

  /** Every message that the queue does not hold for itself. */
  get outside(): unknown[] {
    const held = this.consumers.flatMap(({ link }) => link.bodies);
    return [...this.accepted, ...held, ...this.host.buried.map(({ message }) => message.body)];
  }

  get held(): number {
    return this.consumers.reduce((sum, { link }) => sum + link.held.length, 0);
  }
}

describe('a queue, whatever is done with it', () => {
  it('neither loses nor doubles a message, and counts right', () => {
    const policies = fc.constantFrom<'reject' | 'drop-head'>('reject', 'drop-head');
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 20 }),
        policies,
        fc.array(step, { maxLength: 120 }),
        (max, policy, steps) => {
          const run = new Run(max, policy);
          for (const each of steps) {
            run.do(each);
            const { queue, host } = run;
            expect(new Set(run.outside).size).toBe(run.outside.length);
            expect(queue.outstanding).toBe(run.held);
            expect(queue.depth + queue.outstanding).toBe(run.pushed - run.accepted.length - host.buried.length);
            expect(queue.depth + queue.outstanding).toBeLessThanOrEqual(max);
            expect(host.memory.used).toBe(queue.bytes + 256 * (queue.depth + queue.outstanding));
          }
          // Without consumers what they had is back, and in order.
          for (const { consumer } of run.consumers.splice(0)) run.queue.removeConsumer(consumer, false);
          const { link } = consume(run.queue, 1000);
          run.host.turn();
          expect(link.bodies).toEqual([...link.bodies].sort((a, b) => Number(a) - Number(b)));
          const all = [...run.accepted, ...link.bodies, ...run.host.buried.map(({ message }) => message.body)];
          expect(all.map(Number).sort((a, b) => a - b)).toEqual([...Array(run.pushed).keys()]);
          while (link.held.length > 0) link.settle();
          expect(run.queue).toMatchObject({ depth: 0, outstanding: 0, bytes: 0 });
          expect(run.host.memory.used).toBe(0);
        },
      ),
      { numRuns: 100 },
    );
  });
});
