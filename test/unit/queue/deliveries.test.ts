import { inspect } from 'node:util';
import fc from '../../support/property.js';
import { describe, expect, it } from 'vitest';
import type { Outcome } from '../../../src/message/outcome.js';
import { ACCEPTED, RELEASED } from '../../../src/message/outcome.js';
import { IncomingDelivery } from '../../../src/queue/incoming-delivery.js';
import type { DeliverySource } from '../../../src/queue/incoming-delivery.js';
import { OutgoingDelivery } from '../../../src/queue/outgoing-delivery.js';
import type { Status } from '../../../src/queue/status.js';
import { mayBecome } from '../../../src/queue/status.js';

const BYTES = Buffer.from('the secret content of a message');

/** Writes down what it is told. */
class Source implements DeliverySource {
  readonly settled: IncomingDelivery[] = [];
  readonly gone: IncomingDelivery[] = [];

  settle(delivery: IncomingDelivery): void {
    this.settled.push(delivery);
  }

  released(delivery: IncomingDelivery): void {
    this.gone.push(delivery);
  }
}

function incoming(presettled = false): { delivery: IncomingDelivery; source: Source } {
  const source = new Source();
  return { delivery: new IncomingDelivery(BYTES, 0, BYTES.length, 7, presettled, source), source };
}

function outgoing(): { delivery: OutgoingDelivery; ended: OutgoingDelivery[] } {
  const ended: OutgoingDelivery[] = [];
  const owner = {
    destination: 'amqp://host/queue',
    endpoint: { password: 'hidden' },
    deliveryEnded: (delivery: OutgoingDelivery) => ended.push(delivery),
  };
  const memory = { buffer: BYTES, hold: () => undefined, release: () => undefined };
  return { delivery: new OutgoingDelivery(memory, 10, BYTES.length, false, 1, owner), ended };
}

describe('the status of a delivery', () => {
  const statuses: Status[] = ['pending', 'accepted', 'rejected', 'released', 'modified', 'settled', 'aborted'];

  it('begins pending and ends once', () => {
    for (const from of statuses) {
      const next = statuses.filter((to) => mayBecome(from, to));
      if (from === 'pending') expect(next).toEqual(statuses.slice(1));
      else if (from !== 'settled') expect(next).toEqual([]);
    }
  });

  it('may get an outcome after it was settled without one', () => {
    expect(statuses.filter((to) => mayBecome('settled', to))).toEqual(['accepted', 'rejected', 'released', 'modified']);
  });
});

describe('a delivery that was settled without an outcome', () => {
  it('may still be marked, since it was the peer that has settled it', () => {
    const { delivery, source } = incoming();
    delivery.settledByPeer();
    delivery.finish(RELEASED);
    delivery.finish(ACCEPTED);
    expect(delivery.status).toBe('released');
    expect(source.settled).toEqual([]);
  });
});

describe('an outgoing delivery', () => {
  it('keeps its first end, tells its owner once and lets go of its bytes', async () => {
    const { delivery, ended } = outgoing();
    const waiting = delivery.outcome();
    const error = new Error('why');
    delivery.finish('rejected', error);
    delivery.finish('accepted');
    delivery.finish('aborted', new Error('too late'));
    expect([delivery.status, delivery.error]).toEqual(['rejected', error]);
    expect(ended).toEqual([delivery]);
    expect(delivery.buffer).toHaveLength(0);
    expect(delivery.size).toBe(BYTES.length - 10);
    expect(await waiting).toBe('rejected');
    expect(await delivery.outcome()).toBe('rejected');
  });

  it('cannot go back to pending', () => {
    const { delivery, ended } = outgoing();
    delivery.finish('pending');
    expect(delivery.status).toBe('pending');
    expect(ended).toEqual([]);
  });

  it('gives everybody who waits the same answer', async () => {
    const { delivery } = outgoing();
    const waiting = [delivery.outcome(), delivery.outcome()];
    delivery.finish('accepted');
    expect(await Promise.all([...waiting, delivery.outcome()])).toEqual(['accepted', 'accepted', 'accepted']);
  });

  it('shows neither its bytes nor where its credentials are', () => {
    const { delivery } = outgoing();
    const shown = inspect(delivery, { depth: 10 }) + JSON.stringify(delivery) + inspect([delivery], { depth: 10 });
    expect(shown).toContain('pending');
    expect(shown).toContain('amqp://host/queue');
    expect(shown).not.toMatch(/hidden|secret|Buffer|74 68 65/);
  });
});

describe('an incoming delivery', () => {
  it('tells its source the first outcome, once', async () => {
    const { delivery, source } = incoming();
    const waiting = delivery.outcome();
    delivery.finish(ACCEPTED);
    delivery.finish(RELEASED);
    expect(delivery).toMatchObject({ status: 'accepted', result: ACCEPTED, settled: true, direction: 'incoming' });
    expect(source.settled).toEqual([delivery]);
    expect(await waiting).toBe('accepted');
  });

  it('tells nobody when the peer sent it settled, but can be marked', () => {
    const { delivery, source } = incoming(true);
    expect(delivery.status).toBe('settled');
    delivery.finish({ type: 'rejected' });
    expect(delivery.status).toBe('rejected');
    expect(source.settled).toEqual([]);
  });

  it('tells nobody once the peer has settled it', () => {
    const { delivery, source } = incoming();
    delivery.settledByPeer();
    delivery.finish(ACCEPTED);
    expect(source.settled).toEqual([]);
  });

  it('says nothing more when its connection is gone', async () => {
    const { delivery, source } = incoming();
    const error = new Error('lost');
    delivery.abort(error);
    delivery.finish(ACCEPTED);
    expect([delivery.status, delivery.error]).toEqual(['aborted', error]);
    expect(source.settled).toEqual([]);
    expect(await delivery.outcome()).toBe('aborted');
  });

  it('keeps its outcome when its connection goes afterwards', () => {
    const { delivery } = incoming();
    delivery.finish(ACCEPTED);
    delivery.abort(new Error('lost'));
    expect([delivery.status, delivery.error]).toEqual(['accepted', undefined]);
  });

  it('tells its source at most once, and is released once when it is settled and has left its queue', () => {
    const outcomes: Outcome[] = [ACCEPTED, RELEASED, { type: 'rejected' }, { type: 'modified' }];
    const steps = fc.array(fc.constantFrom('finish', 'leaveQueue', 'settledByPeer', 'abort'), {
      maxLength: 8,
      size: 'max',
    });
    fc.assert(
      fc.property(
        fc.boolean(),
        steps,
        fc.array(fc.constantFrom(...outcomes), { minLength: 8 }),
        (presettled, names, said) => {
          const { delivery, source } = incoming(presettled);
          for (const [index, name] of names.entries()) {
            if (name === 'finish') delivery.finish(said[index]!);
            else if (name === 'leaveQueue') delivery.leaveQueue();
            else if (name === 'settledByPeer') delivery.settledByPeer();
            else delivery.abort(new Error('lost'));
          }
          expect(source.settled.length).toBeLessThanOrEqual(presettled ? 0 : 1);
          const isSettled = presettled || names.some((name) => name !== 'leaveQueue');
          expect(delivery.settled).toBe(isSettled);
          expect(source.gone).toEqual(isSettled && names.includes('leaveQueue') ? [delivery] : []);
        },
      ),
    );
  });

  it('shows no bytes', () => {
    const { delivery } = incoming();
    const shown = inspect(delivery, { depth: 10 }) + JSON.stringify(delivery);
    expect(shown).toContain('pending');
    expect(shown).not.toMatch(/secret|Buffer|74 68 65/);
  });
});
