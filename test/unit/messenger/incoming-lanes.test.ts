import { describe, expect, it } from 'vitest';
import { Delivery } from '../../../src/messenger/incoming/delivery.js';
import { IncomingLanes } from '../../../src/messenger/incoming/incoming-lanes.js';
import { Subscription } from '../../../src/messenger/incoming/subscription.js';
import { StateError } from '../../../src/errors.js';
import { ReceivedMessage } from '../../../src/codec/received-message.js';
import { IncomingDelivery } from '../../../src/queue/incoming-delivery.js';

/** Lanes, two subscriptions, and what the lanes tell. */
function lanes() {
  const told: unknown[] = [];
  const owners = new Map<IncomingDelivery, Subscription>();
  const source = { settle: (): void => undefined };
  const host = { requireWindow: (): void => undefined, finish: (): void => undefined };
  const subscriptionHost = {
    end: () => Promise.resolve(),
    grant: (): void => undefined,
    wait: () => Promise.reject(new Error('not here')),
  };
  const [one, two] = [new Subscription('one', subscriptionHost), new Subscription('two', subscriptionHost)];
  for (const subscription of [one, two]) subscription.opened(undefined, undefined);
  let exhausted: Error | undefined;
  const made = new IncomingLanes({
    give: (delivery) => {
      made.taken(delivery);
      return new Delivery(new ReceivedMessage(Buffer.alloc(0), 0, 0), delivery, owners.get(delivery), host);
    },
    room: () => undefined,
    subscriptionOf: (delivery) => owners.get(delivery),
    exhausted: () => exhausted,
    reading: (subscription, credit) => told.push(['reading', subscription.source, credit]),
    left: (subscription) => told.push(['left', subscription.source]),
    streaming: (credit) => told.push(['streaming', credit]),
    queued: () => told.push('queued'),
  });
  let id = 0;
  const push = (subscription: Subscription): IncomingDelivery => {
    const delivery = new IncomingDelivery(Buffer.alloc(8), 0, 8, id++, false, source);
    owners.set(delivery, subscription);
    made.push(delivery, subscription);
    return delivery;
  };
  return { lanes: made, one, two, told, push, exhaust: (error: Error) => (exhausted = error) };
}

describe('the lanes of what has come', () => {
  it('keep what has come where it is when a loop is asked for with a signal that is none', () => {
    const { lanes: made, one, told, push } = lanes();
    push(one);
    for (const signal of [{}, 5] as unknown[] as AbortSignal[]) {
      expect(() => made.stream({ subscription: one, signal })).toThrow(
        expect.objectContaining({ code: 'ERR_OPTION' }) as Error,
      );
    }
    expect(told).toEqual([]);
    expect(made.main.size).toBe(1);
  });

  it('give a loop of one subscription what came before it, and keep the order of the rest', async () => {
    const { lanes: made, one, two, push } = lanes();
    const deliveries = [push(one), push(two), push(one), push(two)];
    const loop = made.stream({ subscription: one });
    expect([made.main.size, made.size, made.bytes]).toEqual([2, 4, 32]);
    expect((await loop.next()).value?.tracker).toBe(deliveries[0]);
    await loop.return();
    expect([made.main.tryPull(), made.main.tryPull(), made.main.tryPull()]).toEqual([
      deliveries[1],
      deliveries[3],
      deliveries[2],
    ]);
  });

  it('take out what a lost link brought, wherever it waits, and nothing else', async () => {
    const { lanes: made, one, two, push } = lanes();
    const [lost, kept] = [push(one), push(two)];
    const loop = made.stream({ subscription: one });
    const [later, taken] = [push(one), push(two)];
    expect(made.main.tryPull()).toBe(kept);
    made.taken(kept);
    kept.place = 0;
    made.lost(one, [lost, later]);
    made.lost(two, [kept]);
    expect([made.size, made.bytes, made.main.tryPull()]).toEqual([1, 8, taken]);
    await loop.return();
  });

  it('tell once when the last loop of a subscription is over, and who reads with which share', async () => {
    const { lanes: made, one, told } = lanes();
    const loops = [made.stream({ subscription: one }), made.stream({ subscription: one, credit: 5 })];
    loops.push(made.stream({ subscription: one }));
    for (const loop of loops) await loop.return();
    expect(told).toEqual([['reading', 'one', undefined], ['reading', 'one', 5], ['left', 'one'], 'queued']);
  });

  it('end loops that wait for nothing, and let the others take what is left first', async () => {
    const { lanes: made, one, push, exhaust } = lanes();
    const [all, some] = [made.stream({}), made.stream({ subscription: one })];
    const waiting = all.next();
    push(one);
    const error = new StateError('over');
    exhaust(error);
    one.ended('failed', error);
    made.sourcesChanged();
    await expect(waiting).rejects.toBe(error);
    expect((await some.next()).done).toBe(false);
    await expect(some.next()).rejects.toBe(error);
    expect(await some.next()).toEqual({ done: true, value: undefined });
  });

  it('hand what is diverted to nobody else, and say when it is over', () => {
    const { lanes: made, one } = lanes();
    const told: unknown[] = [];
    const diversion = {
      take: () => undefined,
      lost: () => told.push('lost'),
      ended: (error: Error) => told.push(error),
    };
    made.divert(one, diversion);
    expect(made.diversionOf(one)).toBe(diversion);
    made.lost(one, []);
    const error = new StateError('over');
    one.ended('closed', error);
    made.sourcesChanged();
    made.sourcesChanged();
    expect(told).toEqual(['lost', error]);
    expect(made.diversionOf(one)).toBeUndefined();
  });
});
