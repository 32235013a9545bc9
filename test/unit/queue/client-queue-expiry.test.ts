import { describe, expect, it, vi } from 'vitest';
import { OptionError } from '../../../src/errors.js';
import { ClientQueue } from '../../../src/queue/client-queue.js';
import type { ClientQueueOptions } from '../../../src/queue/client-queue-options.js';
import type { Expirable } from '../../../src/queue/expiry.js';
import { FakeClock } from '../../support/fake-clock.js';

interface Item extends Expirable {
  readonly id: number;
}

interface Made {
  readonly queue: ClientQueue<Item>;
  readonly clock: FakeClock;
  /** The ids of what has expired, event by event. */
  readonly expired: number[][];
}

function createQueue(options: ClientQueueOptions = {}): Made {
  const clock = new FakeClock();
  const queue = new ClientQueue<Item>({ clock, ...options });
  const expired: number[][] = [];
  queue.on('expired', (messages) => expired.push(messages.map(({ id }) => id)));
  return { queue, clock, expired };
}

describe('The messages of a ClientQueue', () => {
  it('are told when they expire, if the queue is to append it', async () => {
    const { queue, clock, expired } = createQueue({ appendExpiry: true });
    const wall = clock.wallNow();
    const given = [
      { id: 1, ttl: 50 },
      { id: 2, expiryTime: wall + 60 },
      { id: 3, ttl: 50, expiry: wall + 70 },
      { id: 4 },
      { id: 5, ttl: Infinity },
    ];
    const pulled = queue.pull();
    for (const message of given) queue.push(message);
    expect(await pulled).toEqual({ id: 1, ttl: 50, expiry: new Date(wall + 50) });
    expect(given.map(({ expiry }: Item) => expiry?.valueOf())).toEqual([
      wall + 50,
      wall + 60,
      wall + 70,
      undefined,
      undefined,
    ]);
    clock.advance(1e6);
    queue.flush();
    expect(expired.flat()).toEqual([2, 3]);
    expect(() => queue.push(Object.freeze({ id: 6, ttl: 50 }))).toThrow('Leave out appendExpiry');
    expect(queue.size).toBe(2);
    expect(() => createQueue({ appendExpiry: 1 as never })).toThrow(OptionError);
  });

  it('never expire without expiry, expiryTime and ttl', () => {
    const { queue, clock } = createQueue();
    queue.push({ id: 1 });
    queue.push({ id: 2, expiry: null, expiryTime: undefined, ttl: null });
    queue.push({ id: 3, ttl: Infinity });
    clock.advance(1e12);
    expect([queue.tryPull()?.id, queue.tryPull()?.id, queue.tryPull()?.id]).toEqual([1, 2, 3]);
  });

  it.each([
    ['ttl', (): Partial<Item> => ({ ttl: 50 })],
    ['an expiry in milliseconds', (wall: number): Partial<Item> => ({ expiry: wall + 50 })],
    ['an expiry that is a Date', (wall: number): Partial<Item> => ({ expiry: new Date(wall + 50) })],
    ['an expiryTime', (wall: number): Partial<Item> => ({ expiryTime: new Date(wall + 50) })],
    ['an expiry before an expiryTime', (wall: number): Partial<Item> => ({ expiry: wall + 50, expiryTime: wall })],
    ['an absolute time before a ttl', (wall: number): Partial<Item> => ({ expiryTime: wall + 50, ttl: 9 })],
    ['a later ttl after an absolute time', (wall: number): Partial<Item> => ({ expiryTime: wall + 50, ttl: 999 })],
  ])('expire by %s, to the millisecond', (_, fields) => {
    const { queue, clock } = createQueue({ flushInterval: 0 });
    queue.push({ id: 1, ...fields(clock.wallNow()) });
    clock.advance(49);
    expect(queue.peek()?.id).toBe(1);
    clock.advance(1);
    expect(queue.peek()).toBeUndefined();
  });

  it('expire at once with a ttl of 0 or a time that is over, even when somebody waits', () => {
    const { queue, clock, expired } = createQueue();
    const pulled = queue.pull();
    queue.push({ id: 1, ttl: 0 });
    queue.push({ id: 2, expiry: clock.wallNow() });
    queue.push({ id: 3, expiry: new Date(0) });
    queue.push({ id: 4, ttl: -1 });
    expect(expired).toEqual([[1], [2], [3], [4]]);
    expect(queue).toMatchObject({ size: 0, waiters: 1 });
    queue.push({ id: 5 });
    return expect(pulled).resolves.toEqual({ id: 5 });
  });

  it('may live for a fraction of a millisecond', () => {
    const { queue, clock } = createQueue();
    queue.push({ id: 1, ttl: 0.5 });
    clock.advance(0.25);
    expect(queue.peek()?.id).toBe(1);
    clock.advance(0.25);
    expect(queue.peek()).toBeUndefined();
  });

  it('are not given out after their time, though no timer has run', () => {
    const { queue, clock, expired } = createQueue({ flushInterval: 0 });
    for (let id = 1; id <= 6; id++) queue.push(id % 2 === 0 ? { id } : { id, ttl: id });
    expect(clock.timers).toBe(0);
    clock.stall(3);
    expect([queue.tryPull()?.id, queue.tryPull()?.id, queue.tryPull()?.id]).toEqual([2, 4, 5]);
    expect(expired).toEqual([[1, 3]]);
  });

  it('are not given out after their time when the timer is late', async () => {
    const { queue, clock, expired } = createQueue();
    queue.push({ id: 1, ttl: 10 });
    queue.push({ id: 2 });
    clock.stall(5000);
    expect(await queue.pull()).toEqual({ id: 2 });
    expect(expired).toEqual([[1]]);
  });

  it('cannot be removed after their time', () => {
    const { queue, clock, expired } = createQueue({ flushInterval: 0 });
    const number = queue.push({ id: 1, ttl: 10 });
    clock.stall(10);
    expect(queue.remove(number)).toBe(false);
    expect(expired).toEqual([[1]]);
  });

  it('are refused when their time is no time', () => {
    const { queue } = createQueue();
    const pulled = queue.pull();
    for (const fields of [
      { ttl: NaN },
      { ttl: '5' as never },
      { expiry: new Date(NaN) },
      { expiryTime: {} as never },
    ]) {
      expect(() => queue.push({ id: 1, ...fields })).toThrow(OptionError);
    }
    expect(queue.waiters).toBe(1);
    queue.push({ id: 2 });
    return expect(pulled).resolves.toEqual({ id: 2 });
  });

  it('are told the earliest deadline first', () => {
    const { queue, clock, expired } = createQueue({ flushInterval: 0 });
    for (const [id, ttl] of [30, 10, 50, 20, 40].entries()) queue.push({ id, ttl });
    clock.advance(40);
    expect(queue.flush()).toBe(4);
    expect(expired).toEqual([[1, 3, 0, 4]]);
    expect(queue.size).toBe(1);
    expect(queue.flush()).toBe(0);
  });

  it('are the queue’s until somebody notices that they have expired', () => {
    const { queue, clock } = createQueue({ flushInterval: 0 });
    queue.push({ id: 1, ttl: 1 });
    clock.advance(1);
    expect(queue).toMatchObject({ size: 1, isEmpty: false });
    queue.flush();
    expect(queue).toMatchObject({ size: 0, isEmpty: true });
  });

  it('keep their lifetime when the wall clock is set forward or back', () => {
    const { queue, clock } = createQueue({ flushInterval: 0 });
    const inOneMinute = clock.wallNow() + 60_000;
    queue.push({ id: 1, ttl: 60_000 });
    queue.push({ id: 2, expiry: inOneMinute });
    clock.jump(3_600_000);
    expect(queue.flush()).toBe(0);
    clock.jump(-7_200_000);
    clock.advance(59_999);
    expect(queue.flush()).toBe(0);
    clock.advance(1);
    expect(queue.flush()).toBe(2);
  });

  it('are measured by the wall clock as it is when they are pushed', () => {
    const { queue, clock, expired } = createQueue();
    const inOneMinute = clock.wallNow() + 60_000;
    clock.jump(60_000);
    queue.push({ id: 1, expiry: inOneMinute });
    clock.jump(-90_000);
    queue.push({ id: 2, expiry: inOneMinute });
    clock.advance(89_999);
    expect(queue.peek()?.id).toBe(2);
    clock.advance(1);
    expect(queue.peek()).toBeUndefined();
    expect(expired).toEqual([[1], [2]]);
  });
});

describe('The timer of a ClientQueue', () => {
  it('throws expired messages out a second after the push', () => {
    const { queue, clock, expired } = createQueue();
    queue.push({ id: 1, ttl: 100 });
    clock.advance(999);
    expect(queue.size).toBe(1);
    clock.advance(1);
    expect(queue.size).toBe(0);
    expect(expired).toEqual([[1]]);
  });

  it('waits for the earliest deadline and takes everything that is due', () => {
    const { queue, clock, expired } = createQueue({ flushInterval: 100 });
    queue.push({ id: 1, ttl: 5000 });
    queue.push({ id: 2, ttl: 3000 });
    queue.push({ id: 3, ttl: 3050 });
    queue.push({ id: 4 });
    expect([clock.timers, clock.nextTimer]).toEqual([1, 3000]);
    clock.advance(10_000);
    expect(expired).toEqual([[2], [3], [1]]);
    expect([queue.size, clock.timers]).toEqual([1, 0]);
  });

  it('is not set for messages that never expire', () => {
    const { queue, clock } = createQueue();
    for (let id = 0; id < 100; id++) queue.push({ id });
    expect(clock.timers).toBe(0);
  });

  it('is not set more often than the interval says', () => {
    const { queue, clock } = createQueue({ flushInterval: 500 });
    const set = vi.spyOn(clock, 'setTimeout');
    for (let id = 0; id < 1000; id++) {
      queue.push({ id, ttl: 1 });
      clock.advance(10);
    }
    expect(set.mock.calls.length).toBeLessThanOrEqual(21);
  });

  it('reaches deadlines beyond the longest timer of Node', () => {
    const { queue, clock, expired } = createQueue();
    const set = vi.spyOn(clock, 'setTimeout');
    queue.push({ id: 1, ttl: 2 ** 33 });
    clock.advance(2 ** 33 - 1);
    expect(expired).toEqual([]);
    clock.advance(1001);
    expect(expired).toEqual([[1]]);
    expect(Math.max(...set.mock.calls.map(([, delay]) => delay))).toBeLessThan(2 ** 31);
  });
});

describe('An idle ClientQueue', () => {
  it.each([
    { empty: true, waiting: false, over: true, flushable: true },
    { empty: true, waiting: false, over: false, flushable: false },
    { empty: true, waiting: true, over: true, flushable: false },
    { empty: true, waiting: true, over: false, flushable: false },
    { empty: false, waiting: false, over: true, flushable: false },
    { empty: false, waiting: false, over: false, flushable: false },
  ])('can be flushed: $flushable, when empty $empty, waited for $waiting, over $over', (row) => {
    const { queue, clock } = createQueue({ timeToLive: 1000 });
    if (!row.empty) queue.push({ id: 1 });
    if (row.waiting) void queue.pull();
    clock.advance(row.over ? 1001 : 1000);
    expect([queue.isEmpty, queue.clientsWaiting]).toEqual([row.empty, row.waiting]);
    expect(queue.canBeFlushed).toBe(row.flushable);
  });

  it.each([1000, 1001])('never holds a message while a pull waits, so two rows cannot come about', (time) => {
    const { queue, clock } = createQueue({ timeToLive: 1000 });
    void queue.pull();
    void queue.pull();
    queue.push({ id: 1 });
    expect([queue.isEmpty, queue.clientsWaiting]).toEqual([true, true]);
    clock.advance(time);
    expect(queue.canBeFlushed).toBe(false);
  });

  it('lives for a day unless told otherwise', () => {
    const { queue, clock } = createQueue();
    clock.advance(86_400_000);
    expect(queue.canBeFlushed).toBe(false);
    clock.advance(1);
    expect(queue.canBeFlushed).toBe(true);
  });

  it('can be flushed at once with a time to live of 0, and never with Infinity', () => {
    const mortal = createQueue({ timeToLive: 0 });
    expect(mortal.queue.canBeFlushed).toBe(false);
    mortal.clock.advance(0.001);
    expect(mortal.queue.canBeFlushed).toBe(true);
    const immortal = createQueue({ timeToLive: Infinity });
    immortal.clock.advance(1e15);
    expect(immortal.queue.canBeFlushed).toBe(false);
  });

  const uses: Record<string, (queue: ClientQueue<Item>) => unknown> = {
    'a push and a pull': (queue) => [queue.push({ id: 1 }), queue.tryPull()],
    'a push that a waiting pull gets': (queue) => [queue.pull(), queue.push({ id: 1 })],
    'a push that is removed': (queue) => queue.remove(queue.push({ id: 1 })),
    'a push that expires': (queue) => queue.push({ id: 1, ttl: 0 }),
    'a push with a ttl and a pull': (queue) => [queue.push({ id: 1, ttl: 10 }), queue.tryPull()],
  };
  it.each(Object.entries(uses))('is in use again by %s', (_, use) => {
    const { queue, clock } = createQueue({ timeToLive: 1000 });
    clock.advance(900);
    void use(queue);
    clock.advance(1000);
    expect(queue.canBeFlushed).toBe(false);
    clock.advance(1);
    expect(queue.canBeFlushed).toBe(true);
  });

  it('counts from the last pull, whichever messages are left then', () => {
    const { queue, clock } = createQueue({ timeToLive: 1000, flushInterval: 1 });
    queue.push({ id: 1 });
    queue.push({ id: 2, ttl: 900 });
    clock.advance(500);
    queue.tryPull();
    clock.advance(400);
    expect(queue.isEmpty).toBe(true);
    clock.advance(600);
    expect(queue.canBeFlushed).toBe(false);
    clock.advance(1);
    expect(queue.canBeFlushed).toBe(true);
  });

  it('is not used by looking at it, by a pull that finds nothing, and by messages that expire', () => {
    const { queue, clock } = createQueue({ timeToLive: 1000 });
    queue.push({ id: 1, ttl: 10 });
    clock.advance(1000);
    queue.peek();
    queue.tryPull();
    queue.flush();
    clock.advance(1);
    expect(queue.canBeFlushed).toBe(true);
  });

  it('does not look at the wall clock', () => {
    const { queue, clock } = createQueue({ timeToLive: 1000 });
    clock.jump(1e9);
    expect(queue.canBeFlushed).toBe(false);
    clock.jump(-1e9);
    clock.advance(1001);
    expect(queue.canBeFlushed).toBe(true);
  });
});

describe('A backlog of a hundred thousand', () => {
  const count = 100_000;

  it('comes out in order, and the clock is hardly looked at', () => {
    const { queue, clock } = createQueue();
    for (let id = 0; id < count; id++) queue.push({ id });
    for (let id = 0; id < count; id++) if (queue.tryPull()?.id !== id) throw new Error(`Out of order at ${id}.`);
    expect(clock.readings).toBeLessThan(10);
  });

  it('lets the clock alone again when those with a deadline have left', () => {
    const { queue, clock } = createQueue();
    for (let id = 0; id < 20; id++) queue.push({ id, ttl: 1000 });
    while (queue.tryPull() !== undefined);
    for (let id = 0; id < count; id++) queue.push({ id });
    const before = clock.readings;
    for (let id = 1; id < count; id++) queue.tryPull();
    expect(clock.readings).toBe(before);
  });

  it('expires in whatever order the deadlines are', () => {
    const { queue, clock, expired } = createQueue({ flushInterval: 0 });
    for (let id = 0; id < count; id++) queue.push({ id, ttl: 1 + ((id * 7919) % count) });
    clock.advance(count >> 1);
    expect(queue.flush()).toBe(count >> 1);
    clock.advance(count);
    expect(queue.tryPull()).toBeUndefined();
    expect(expired.map(({ length }) => length)).toEqual([count >> 1, count >> 1]);
  });

  it('expires behind one that stays, again and again', () => {
    const { queue, clock } = createQueue({ flushInterval: 0 });
    queue.push({ id: -1 });
    for (let id = 0; id < count; id++) {
      queue.push({ id, ttl: 10 });
      clock.advance(1);
      queue.flush();
    }
    expect(queue.size).toBe(10);
    expect(queue.tryPull()?.id).toBe(-1);
    expect(queue.tryPull()?.id).toBe(count - 9);
  });

  it.each(['first', 'last'])('can be removed one by one, the %s first', (which) => {
    const { queue } = createQueue();
    const numbers = Array.from({ length: count }, (_, id) => queue.push({ id, ttl: 1000 }));
    if (which === 'last') numbers.reverse();
    expect(numbers.every((number) => queue.remove(number))).toBe(true);
    expect(queue.size).toBe(0);
  });
});
