import { describe, expect, it, vi } from 'vitest';
import { ChannelFlushedError, OptionError } from '../../../src/errors.js';
import { ClientQueueStore } from '../../../src/queue/client-queue-store.js';
import type { ClientQueueStoreOptions } from '../../../src/queue/client-queue-store.js';
import { FakeClock } from '../../support/fake-clock.js';

interface Item {
  readonly id: number;
  readonly ttl?: number;
}

function createStore(options: ClientQueueStoreOptions = {}): { store: ClientQueueStore<Item>; clock: FakeClock } {
  const clock = new FakeClock();
  return { store: new ClientQueueStore<Item>({ clock, ...options }), clock };
}

describe('ClientQueueStore', () => {
  it('makes a queue when it is first asked for, and gives the same one from then on', () => {
    const { store } = createStore();
    expect(store.has('orders')).toBe(false);
    const queue = store.get('orders');
    expect(queue.channelName).toBe('orders');
    expect(store.get('orders')).toBe(queue);
    expect(store.has('orders')).toBe(true);
    expect(store.get('invoices')).not.toBe(queue);
  });

  it('names, counts and gives its queues in the order they were made', () => {
    const { store } = createStore();
    const queues = ['b', 'a', 'c'].map((name) => store.get(name));
    expect([store.size, store.names]).toEqual([3, ['b', 'a', 'c']]);
    expect([...store]).toEqual(queues);
  });

  it('gives queues its options, and those of the call before them', () => {
    const { store } = createStore({ queue: { capacity: 5, overflow: 'drop-newest' } });
    expect(store.get('orders').capacity).toBe(5);
    expect(store.get('invoices', { capacity: 2 }).capacity).toBe(2);
    expect(store.get('invoices', { capacity: 9 }).capacity).toBe(2);
    expect(() => store.get('late', { capacity: 0 })).toThrow(OptionError);
    expect(store.has('late')).toBe(false);
  });

  it('stops and forgets what can be flushed, by one timer', async () => {
    const { store, clock } = createStore({ queue: { timeToLive: 1500 } });
    const idle = store.get('idle');
    const busy = store.get('busy');
    busy.push({ id: 1 });
    const awaited = store.get('awaited');
    const pulled = awaited.pull();
    expect(clock.timers).toBe(1);
    clock.advance(1999);
    expect(store.names).toEqual(['idle', 'busy', 'awaited']);
    clock.advance(1);
    expect(store.names).toEqual(['busy', 'awaited']);
    expect([idle.isStopped, busy.isStopped, awaited.isStopped]).toEqual([true, false, false]);
    busy.tryPull();
    awaited.push({ id: 2 });
    expect(await pulled).toEqual({ id: 2 });
    clock.advance(2000);
    expect([store.size, clock.timers]).toEqual([0, 0]);
  });

  it('looks as often as its period says, and not at all with Infinity', () => {
    const quick = createStore({ period: 10, queue: { timeToLive: 0 } });
    quick.store.get('orders');
    quick.clock.advance(10);
    expect(quick.store.size).toBe(0);
    const never = createStore({ period: Infinity, queue: { timeToLive: 0 } });
    never.store.get('orders');
    expect(never.clock.timers).toBe(0);
    never.clock.advance(1);
    expect(never.store.flush()).toBe(1);
    expect(never.store.size).toBe(0);
  });

  it.each([0, -1, NaN, '9' as never])('refuses a period of %s', (period) => {
    expect(() => createStore({ period })).toThrow(OptionError);
  });

  it('lets queues go whose messages expired unread, timers of their own or not', () => {
    const { store, clock } = createStore({ queue: { timeToLive: 100, flushInterval: 0 } });
    const expired = vi.fn();
    for (const name of ['a', 'b']) {
      store.get(name).on('expired', expired);
      store.get(name).push({ id: 1, ttl: 100 });
    }
    clock.advance(1000);
    expect(expired).toHaveBeenCalledTimes(2);
    expect(store.size).toBe(0);
  });

  it('forgets a queue that is stopped by somebody else, before it says so', () => {
    const { store } = createStore();
    const stopped = store.get('orders');
    stopped.push({ id: 1 });
    stopped.on('stop', () => store.get('orders').push({ id: 2 }));
    stopped.stop();
    expect(stopped.tryPull()).toEqual({ id: 1 });
    expect(store.get('orders')).not.toBe(stopped);
    expect(store.get('orders').tryPull()).toEqual({ id: 2 });
    stopped.stop();
    expect(store.has('orders')).toBe(true);
  });

  it('bears listeners that make and stop queues while it looks', () => {
    const { store, clock } = createStore({ queue: { timeToLive: 0 } });
    const last = store.get('a').on('stop', () => store.get('last').stop());
    store.get('last').on('stop', () => store.get('again'));
    clock.advance(1000);
    expect(last.isStopped).toBe(true);
    expect(store.names).toEqual(['again']);
  });

  it('stops every queue with itself and makes no more', async () => {
    const { store, clock } = createStore();
    const orders = store.get('orders');
    const invoices = store.get('invoices');
    orders.push({ id: 1, ttl: 50 });
    const pulled = invoices.pull();
    store.stop();
    store.stop();
    expect(await pulled).toBeNull();
    expect([store.size, clock.timers]).toEqual([0, 0]);
    expect(await orders.pull()).toEqual({ id: 1, ttl: 50 });
    expect(() => store.get('orders')).toThrow(ChannelFlushedError);
    expect(store.flush()).toBe(0);
    expect(clock.timers).toBe(0);
  });

  it('drops what its queues hold at the end of a block that uses it', async () => {
    const dropped = vi.fn();
    {
      await using store = createStore().store;
      store.get('orders').on('dropped', dropped).push({ id: 1 });
    }
    expect(dropped).toHaveBeenCalledWith([{ id: 1 }]);
  });
});
