import { describe, expect, it, vi } from 'vitest';
import { ChannelFlushedError, ChannelQueueFullError, OptionError, QueueFullError } from '../../../src/errors.js';
import { ClientQueue } from '../../../src/queue/client-queue.js';
import type { ClientQueueOptions } from '../../../src/queue/client-queue-options.js';
import { QueueIterator } from '../../../src/queue/queue-iterator.js';
import { FakeClock } from '../../support/fake-clock.js';

interface Item {
  readonly id: number;
  readonly ttl?: number;
}

function createQueue(options: ClientQueueOptions = {}): { queue: ClientQueue<Item>; clock: FakeClock } {
  const clock = new FakeClock();
  return { queue: new ClientQueue<Item>({ clock, ...options }), clock };
}

/** A queue with this many messages, numbered from 1. */
function filled(count: number, options: ClientQueueOptions = {}): { queue: ClientQueue<Item>; clock: FakeClock } {
  const made = createQueue(options);
  for (let id = 1; id <= count; id++) made.queue.push({ id });
  return made;
}

/** What can be pulled without waiting. */
function pullAll(queue: ClientQueue<Item>): number[] {
  const ids: number[] = [];
  for (let message = queue.tryPull(); message !== undefined; message = queue.tryPull()) ids.push(message.id);
  return ids;
}

describe('ClientQueue', () => {
  it('gives messages out in the order they came', async () => {
    const { queue } = filled(3);
    expect([await queue.pull(), await queue.pull(), await queue.pull()]).toEqual([{ id: 1 }, { id: 2 }, { id: 3 }]);
  });

  it('keeps the order through growing, shrinking and wrapping', () => {
    const { queue } = createQueue();
    const pulled: number[] = [];
    for (let round = 0, id = 0; round < 40; round++) {
      for (let count = 0; count < 97; count++) queue.push({ id: id++ });
      for (let count = 0; count < 90; count++) pulled.push(queue.tryPull()!.id);
    }
    pulled.push(...pullAll(queue));
    expect(pulled).toEqual(Array.from({ length: 40 * 97 }, (_, id) => id));
  });

  it('gives out the very object that was pushed, unchanged', () => {
    const { queue } = createQueue();
    const message = Object.freeze({ id: 1, ttl: 5 });
    queue.push(message);
    expect(queue.tryPull()).toBe(message);
  });

  it('begins empty, with an empty name and no limit', () => {
    const { queue } = createQueue();
    expect(queue).toMatchObject({ channelName: '', capacity: Infinity, size: 0, isEmpty: true, isStopped: false });
    expect(queue).toMatchObject({ waiters: 0, clientsWaiting: false });
  });

  it('says whether it is empty, and how many messages it holds', () => {
    const { queue } = filled(2, { channelName: 'orders' });
    expect(queue).toMatchObject({ channelName: 'orders', size: 2, isEmpty: false });
    pullAll(queue);
    expect(queue).toMatchObject({ size: 0, isEmpty: true });
  });

  it('shows the oldest message and keeps it', () => {
    const { queue } = filled(2);
    expect([queue.peek(), queue.peek()]).toEqual([{ id: 1 }, { id: 1 }]);
    expect(pullAll(queue)).toEqual([1, 2]);
    expect(queue.peek()).toBeUndefined();
  });

  it('gives nothing at once when it is empty and nobody waits', () => {
    expect(createQueue().queue.tryPull()).toBeUndefined();
  });

  it('takes a message out by its number, wherever it stands, once', () => {
    const { queue } = createQueue();
    const numbers = [1, 2, 3, 4].map((id) => queue.push({ id }));
    expect(numbers).toEqual([1, 2, 3, 4]);
    expect([queue.remove(2), queue.remove(2), queue.remove(1), queue.remove(99), queue.remove(0)]).toEqual([
      true,
      false,
      true,
      false,
      false,
    ]);
    expect(pullAll(queue)).toEqual([3, 4]);
    expect(queue.remove(3)).toBe(false);
    expect(queue.size).toBe(0);
  });

  it.each([
    { timeToLive: -1 },
    { timeToLive: NaN },
    { flushInterval: -1 },
    { capacity: 0 },
    { capacity: 1.5 },
    { capacity: NaN },
    { overflow: 'drop' as never },
    { channelName: 7 as never },
    { timeToLive: '9' as never },
    { ttl: 9 } as never,
  ])('refuses the options %j', (options: ClientQueueOptions) => {
    expect(() => createQueue(options)).toThrow(OptionError);
  });
});

describe('The capacity of a ClientQueue', () => {
  it('makes a push that finds no room throw, and nothing is lost', () => {
    const { queue } = filled(2, { capacity: 2, channelName: 'orders' });
    expect(() => queue.push({ id: 3 })).toThrow(ChannelQueueFullError);
    expect(() => queue.push({ id: 3 })).toThrow(QueueFullError);
    expect(() => queue.push({ id: 3 })).toThrow('Queue orders is full with 2 messages. Await ready()');
    expect(pullAll(queue)).toEqual([1, 2]);
  });

  it('drops the oldest when asked to, and says so', () => {
    const { queue } = filled(2, { capacity: 2, overflow: 'drop-oldest' });
    const dropped = vi.fn();
    const drain = vi.fn();
    queue.on('dropped', dropped).on('drain', drain);
    queue.push({ id: 3 });
    expect(dropped.mock.calls).toEqual([[[{ id: 1 }]]]);
    expect(drain).not.toHaveBeenCalled();
    expect(pullAll(queue)).toEqual([2, 3]);
  });

  it('drops the newest when asked to, and says so', () => {
    const { queue } = filled(2, { capacity: 2, overflow: 'drop-newest' });
    const dropped = vi.fn();
    queue.on('dropped', dropped);
    expect(queue.remove(queue.push({ id: 3 }))).toBe(false);
    expect(dropped.mock.calls).toEqual([[[{ id: 3 }]]]);
    expect(pullAll(queue)).toEqual([1, 2]);
  });

  it.each(['throw', 'drop-oldest', 'drop-newest'] as const)(
    'counts no message that has expired, with overflow %s',
    (overflow) => {
      const { queue, clock } = createQueue({ capacity: 2, overflow, flushInterval: 0 });
      const expired = vi.fn();
      const dropped = vi.fn();
      queue.on('expired', expired).on('dropped', dropped);
      queue.push({ id: 1 });
      queue.push({ id: 2, ttl: 10 });
      clock.advance(10);
      queue.push({ id: 3 });
      expect(expired.mock.calls).toEqual([[[{ id: 2, ttl: 10 }]]]);
      expect(dropped).not.toHaveBeenCalled();
      expect(pullAll(queue)).toEqual([1, 3]);
    },
  );

  it('hands a message to a waiting pull without needing room', async () => {
    const { queue } = createQueue({ capacity: 1 });
    const pulled = queue.pull();
    queue.push({ id: 1 });
    queue.push({ id: 2 });
    expect(await pulled).toEqual({ id: 1 });
    expect(pullAll(queue)).toEqual([2]);
  });

  it('tells drain when it was full and has room again, and only then', () => {
    const { queue } = filled(3, { capacity: 3 });
    const drain = vi.fn(() => queue.size);
    queue.on('drain', drain);
    queue.tryPull();
    queue.tryPull();
    expect(drain.mock.results).toEqual([{ type: 'return', value: 2 }]);
    queue.push({ id: 4 });
    const last = queue.push({ id: 5 });
    queue.remove(last);
    expect(drain).toHaveBeenCalledTimes(2);
  });

  it('makes ready wait for room', async () => {
    const { queue } = filled(2, { capacity: 2 });
    const told: string[] = [];
    const ready = queue.ready().then(() => told.push('ready'));
    await Promise.resolve();
    told.push('pull');
    queue.tryPull();
    await ready;
    await queue.ready();
    expect(told).toEqual(['pull', 'ready']);
  });

  it('is ready when what fills it has expired', async () => {
    const { queue, clock } = createQueue({ capacity: 1, flushInterval: 0 });
    queue.push({ id: 1, ttl: 10 });
    clock.advance(10);
    await queue.ready();
    expect(queue.isEmpty).toBe(true);
  });

  it('is ready when a timer finds what fills it expired', async () => {
    const { queue, clock } = createQueue({ capacity: 1 });
    queue.push({ id: 1, ttl: 10 });
    const ready = queue.ready();
    clock.advance(1000);
    await ready;
    expect(queue.isEmpty).toBe(true);
  });

  it('lets producers that look again go on one by one', async () => {
    const { queue } = createQueue({ capacity: 1 });
    const produce = async (id: number): Promise<void> => {
      while (queue.size >= queue.capacity) await queue.ready();
      queue.push({ id });
    };
    const producers = [1, 2, 3, 4].map(produce);
    const pulled: (Item | null)[] = [];
    while (pulled.length < 4) pulled.push(await queue.pull());
    await Promise.all(producers);
    expect(pulled.map((message) => message?.id)).toEqual([1, 2, 3, 4]);
  });

  it('lets ready give up by time and by signal, and tells it of a stop', async () => {
    const { queue, clock } = filled(1, { capacity: 1, channelName: 'orders' });
    const late = expect(queue.ready({ timeout: 10 })).rejects.toThrow('Queue orders had no room in time.');
    const controller = new AbortController();
    const aborted = expect(queue.ready({ signal: controller.signal })).rejects.toThrow('enough');
    const stopped = queue.ready();
    clock.advance(10);
    controller.abort(new Error('enough'));
    queue.stop();
    await Promise.all([late, aborted, stopped, queue.ready()]);
    await expect(queue.ready({ signal: controller.signal })).rejects.toThrow('enough');
  });
});

describe('Stopping a ClientQueue', () => {
  it('gives null to every pull that waits', async () => {
    const { queue } = createQueue();
    const pulls = [queue.pull(), queue.pull(), queue.pull()];
    queue.stop();
    expect(await Promise.all(pulls)).toEqual([null, null, null]);
    expect(queue.waiters).toBe(0);
  });

  it('lets what it holds be pulled, and then gives null', async () => {
    const { queue } = filled(2);
    queue.stop();
    expect([await queue.pull(), await queue.pull(), await queue.pull(), await queue.pull()]).toEqual([
      { id: 1 },
      { id: 2 },
      null,
      null,
    ]);
  });

  it('drops what it holds when it shall not be drained, and says what that was', async () => {
    const { queue, clock } = createQueue({ flushInterval: 0 });
    const told: unknown[] = [];
    queue.on('dropped', (messages) => told.push('dropped', messages));
    queue.on('expired', (messages) => told.push('expired', messages));
    queue.on('stop', () => told.push('stop'));
    queue.push({ id: 1 });
    queue.push({ id: 2, ttl: 10 });
    queue.push({ id: 3, ttl: 20 });
    clock.advance(10);
    queue.stop({ drain: false });
    expect(told).toEqual(['expired', [{ id: 2, ttl: 10 }], 'dropped', [{ id: 1 }, { id: 3, ttl: 20 }], 'stop']);
    expect(await queue.pull()).toBeNull();
    expect(queue.size).toBe(0);
  });

  it('does nothing the second time, but drops what is left if asked to', () => {
    const { queue } = filled(2);
    const stop = vi.fn();
    const dropped = vi.fn();
    queue.on('stop', stop).on('dropped', dropped);
    queue.stop();
    queue.stop();
    expect(queue.size).toBe(2);
    queue.stop({ drain: false });
    queue.stop({ drain: false });
    expect(dropped.mock.calls).toEqual([[[{ id: 1 }, { id: 2 }]]]);
    expect(stop).toHaveBeenCalledTimes(1);
  });

  it('makes every push throw, whether it is empty or not', () => {
    const { queue } = filled(1, { channelName: 'orders' });
    queue.stop();
    expect(() => queue.push({ id: 2 })).toThrow(ChannelFlushedError);
    expect(() => queue.push({ id: 2 })).toThrow('Queue orders was stopped and takes no more messages.');
    expect(pullAll(queue)).toEqual([1]);
    expect(() => queue.push({ id: 2 })).toThrow(expect.objectContaining({ code: 'ERR_CHANNEL_FLUSHED' }) as Error);
    expect(queue.tryPull()).toBeUndefined();
  });

  it('gives nothing out that has expired meanwhile', async () => {
    const { queue, clock } = createQueue();
    queue.push({ id: 1, ttl: 10 });
    queue.push({ id: 2 });
    queue.stop();
    clock.advance(10);
    expect([await queue.pull(), await queue.pull()]).toEqual([{ id: 2 }, null]);
  });

  it('calls the timer off', () => {
    const { queue, clock } = createQueue();
    queue.push({ id: 1, ttl: 10 });
    expect(clock.timers).toBe(1);
    queue.stop();
    expect(clock.timers).toBe(0);
    queue.flush();
    expect(clock.timers).toBe(0);
  });

  it('comes about by a signal, which is let go of afterwards', async () => {
    const controller = new AbortController();
    const removed = vi.spyOn(controller.signal, 'removeEventListener');
    const { queue } = createQueue({ signal: controller.signal });
    const pulled = queue.pull();
    controller.abort();
    expect(await pulled).toBeNull();
    expect(queue.isStopped).toBe(true);
    expect(removed).toHaveBeenCalled();
    const stillborn = createQueue({ signal: controller.signal }).queue;
    expect(stillborn.isStopped).toBe(true);
    expect(() => stillborn.push({ id: 1 })).toThrow(ChannelFlushedError);
  });

  it('comes about at the end of a block that uses it, dropping what it holds', async () => {
    const dropped = vi.fn();
    let used: ClientQueue<Item>;
    {
      await using queue = filled(1).queue;
      queue.on('dropped', dropped);
      used = queue;
    }
    expect(used.isStopped).toBe(true);
    expect(dropped).toHaveBeenCalledTimes(1);
  });
});

describe('Iterating over a ClientQueue', () => {
  it('gives the messages as they come, until the queue is stopped and empty', async () => {
    const { queue } = filled(2);
    const ids: number[] = [];
    const loop = (async () => {
      for await (const { id } of queue) ids.push(id);
    })();
    await Promise.resolve();
    queue.push({ id: 3 });
    queue.stop();
    await loop;
    expect(ids).toEqual([1, 2, 3]);
  });

  it('neither stops the queue nor takes more than it gave when the loop is left', async () => {
    const { queue } = filled(3);
    for await (const { id } of queue) if (id === 2) break;
    expect(queue.isStopped).toBe(false);
    expect(pullAll(queue)).toEqual([3]);
  });

  it('can be ended while it waits, and takes nothing after that', async () => {
    const { queue } = createQueue();
    const messages = queue[Symbol.asyncIterator]();
    expect(messages[Symbol.asyncIterator]()).toBe(messages);
    const waiting = messages.next();
    expect(await messages.return?.()).toEqual({ done: true, value: undefined });
    expect(await waiting).toEqual({ done: true, value: undefined });
    expect(queue.waiters).toBe(0);
    queue.push({ id: 1 });
    expect(await messages.next()).toEqual({ done: true, value: undefined });
    expect(pullAll(queue)).toEqual([1]);
  });

  it('still gives a message that came just before it was ended', async () => {
    const { queue } = createQueue();
    const messages = queue[Symbol.asyncIterator]();
    const waiting = messages.next();
    queue.push({ id: 1 });
    await messages.return?.();
    expect(await waiting).toEqual({ done: false, value: { id: 1 } });
  });

  it('passes on what goes wrong', async () => {
    const messages = new QueueIterator<Item>({ pull: () => Promise.reject(new Error('no more')) });
    await expect(messages.next()).rejects.toThrow('no more');
  });

  it('shares the messages between loops', async () => {
    const { queue } = createQueue();
    const seen: string[] = [];
    const loop = async (name: string): Promise<void> => {
      for await (const { id } of queue) seen.push(`${name}${id}`);
    };
    const loops = [loop('a'), loop('b')];
    for (let id = 1; id <= 4; id++) {
      await new Promise((resolve) => setImmediate(resolve));
      queue.push({ id });
    }
    queue.stop();
    await Promise.all(loops);
    expect(seen).toEqual(['a1', 'b2', 'a3', 'b4']);
  });
});
