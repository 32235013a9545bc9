import { randomUUID } from 'node:crypto';
import { TopologyError, defineMessage } from 'amqp-messenger/pubsub';
import type { AmqpBroker, MessageClass } from 'amqp-messenger/pubsub';
import { describe, expect, onTestFinished, vi } from 'vitest';
import { brokerContract } from 'amqp-messenger/testing';
import { amqpBroker } from '../support/amqp-broker.js';
import type { LocalBroker } from '../support/broker.js';
import type { BrokerFacts } from '../support/broker-facts.js';
import { testsOn } from '../support/known-faults.js';

/** A type of messages of one test. */
function newType(): MessageClass<{ number: number }> {
  return defineMessage<{ number: number }>(`test.${randomUUID()}`);
}

function connect(peer: LocalBroker): AmqpBroker {
  const broker = amqpBroker(peer);
  onTestFinished(() => broker.close());
  return broker;
}

/** The broker of pub/sub on one broker. */
export function pubsubSuite(facts: BrokerFacts, peer: () => LocalBroker): void {
  const it = testsOn(facts);

  describe('AmqpBroker', () => {
    brokerContract({
      describe,
      it,

      title: 'as any broker',
      spansProcesses: true,
      deletesQueues: facts.deletesQueues,
      patience: 30_000,
      create: () => ({ broker: amqpBroker(peer()), another: () => amqpBroker(peer()) }),
    });

    const { deadLetterQueue } = facts;
    if (deadLetterQueue !== undefined)
      it('moves dead messages to the queue that the subscription names', async () => {
        const Job = newType();
        const deadLetter = `dead-${randomUUID()}`;
        const broker = connect(peer());
        const dead = (): Promise<number | undefined> => peer().queueDepth(deadLetterQueue(deadLetter));
        const before = (await dead()) ?? 0;
        const reject = vi.fn((_job: unknown, context: { reject(): void }) => context.reject());
        await broker.subscribeAsync(Job, reject, 'work', { deadLetter }).ready();
        await broker.publish(new Job({ number: 1 }));
        await expect.poll(dead, { timeout: 20_000, interval: 200 }).toBe(before + 1);
        expect(reject).toHaveBeenCalledOnce();
      });

    it('delivers a message that its handler rejects to no other subscriber', async () => {
      const Job = newType();
      const broker = connect(peer());
      const seen: number[] = [];
      const handler = ({ number }: { number: number }, context: { reject(): void }): void => {
        seen.push(number);
        if (number === 1) context.reject();
      };
      await broker.subscribeAsync(Job, handler, 'work').ready();
      // What would come again would come before the last.
      for (const number of [1, 2, 3, 4, 5]) {
        await broker.publish(new Job({ number }));
        await expect
          .poll(() => seen.includes(number) || seen.length > number, { timeout: 20_000, interval: 5 })
          .toBe(true);
      }
      expect(seen).toEqual([1, 2, 3, 4, 5]);
    });

    if (facts.checksQueueSettings) {
      it('reports an existing queue that it cannot use', async () => {
        const Job = newType();
        const broker = connect(peer());
        await broker.subscribeAsync(Job, vi.fn(), 'work').ready();
        const other = connect(peer()).subscribeAsync(Job, vi.fn(), 'work', { deadLetter: 'elsewhere' });
        const refusal: unknown = await other.ready().catch((error: unknown) => error);
        expect(refusal).toBeInstanceOf(TopologyError);
        expect(String(refusal)).toMatch(/409.*x-dead-letter-routing-key/);
      });
    }

    it('goes on after the peer was restarted', async () => {
      const Job = newType();
      const broker = connect(peer());
      const errors: string[] = [];
      broker.on('error', ({ message }) => errors.push(message));
      const [direct, queued] = [new Set<number>(), new Set<number>()];
      await broker.subscribe(Job, ({ number }) => void direct.add(number)).ready();
      await broker.subscribeAsync(Job, ({ number }) => void queued.add(number), 'work').ready();
      await broker.publish(new Job({ number: 1 }));
      await peer().restart();
      let number = 1;
      const reached = async (): Promise<boolean> => {
        await broker.publish(new Job({ number: ++number }));
        return direct.size > 1 && queued.size > 1;
      };
      await expect.poll(reached, { timeout: 30_000, interval: 100 }).toBe(true);
      expect(queued.has(1) && direct.has(1), errors.join('\n')).toBe(true);
    }, 180_000);
  });
}
