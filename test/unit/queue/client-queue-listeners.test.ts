import { describe, expect, it, vi } from 'vitest';
import { ClientQueue } from '../../../src/queue/client-queue.js';
import type { ClientQueueOptions } from '../../../src/queue/client-queue-options.js';
import { FakeClock } from '../../support/fake-clock.js';
import { uncaught } from '../../support/uncaught.js';

interface Item {
  readonly id: number;
  readonly ttl?: number;
}

const EVENTS = ['expired', 'dropped', 'drain', 'stop'] as const;

/** A queue every listener of which throws its event's name, twice over. `told` are the events a third listener saw. */
function createQueue(options: ClientQueueOptions): { queue: ClientQueue<Item>; clock: FakeClock; told: string[] } {
  const clock = new FakeClock();
  const queue = new ClientQueue<Item>({ clock, flushInterval: 0, ...options });
  const told: string[] = [];
  for (const name of EVENTS) {
    queue.once(name, () => {
      throw new Error(`${name} once`);
    });
    queue.on(name, () => {
      throw new Error(name);
    });
    queue.on(name, () => told.push(name));
  }
  return { queue, clock, told };
}

describe('A listener of a ClientQueue that throws', () => {
  it('takes no message from tryPull', async () => {
    const { queue, clock, told } = createQueue({ capacity: 2 });
    queue.push({ id: 1, ttl: 10 });
    queue.push({ id: 2 });
    clock.advance(10);
    let pulled: Item | undefined;
    const errors = await uncaught(() => (pulled = queue.tryPull()));
    expect(pulled).toEqual({ id: 2 });
    expect(told).toEqual(['expired', 'drain']);
    expect(errors).toEqual(['expired once', 'expired', 'drain once', 'drain']);
    expect(queue.size).toBe(0);
  });

  it('takes no message from pull', async () => {
    const { queue, clock } = createQueue({ capacity: 2 });
    queue.push({ id: 1, ttl: 10 });
    queue.push({ id: 2 });
    clock.advance(10);
    let pulled: Item | null | undefined;
    await uncaught(async () => (pulled = await queue.pull()));
    expect(pulled).toEqual({ id: 2 });
  });

  it('takes no message from peek', async () => {
    const { queue, clock } = createQueue({});
    queue.push({ id: 1, ttl: 10 });
    queue.push({ id: 2 });
    clock.advance(10);
    let seen: Item | undefined;
    await uncaught(() => (seen = queue.peek()));
    expect(seen).toEqual({ id: 2 });
    expect(queue.size).toBe(1);
  });

  it.each([
    ['drop-oldest', ['dropped'], [2, 3]],
    ['drop-newest', ['dropped'], [1, 2]],
  ] as const)('lets a push that drops go on: %s', async (overflow, events, left) => {
    const { queue, told } = createQueue({ capacity: 2, overflow });
    queue.push({ id: 1 });
    queue.push({ id: 2 });
    let number: number | undefined;
    const errors = await uncaught(() => (number = queue.push({ id: 3 })));
    expect(number).toBe(3);
    expect(told).toEqual(events);
    expect(errors).toEqual(['dropped once', 'dropped']);
    await uncaught(() =>
      expect([queue.tryPull()?.id, queue.tryPull()?.id, queue.tryPull()]).toEqual([...left, undefined]),
    );
  });

  it('lets a push that finds expired messages in its way go on', async () => {
    const { queue, clock, told } = createQueue({ capacity: 2 });
    queue.push({ id: 1, ttl: 10 });
    queue.push({ id: 2, ttl: 10 });
    clock.advance(10);
    await uncaught(() => queue.push({ id: 3 }));
    expect(told).toEqual(['expired', 'drain']);
    expect([queue.size, queue.peek()]).toEqual([1, { id: 3 }]);
  });

  it('lets a push of an expired message go on', async () => {
    const { queue } = createQueue({});
    let number: number | undefined;
    expect(await uncaught(() => (number = queue.push({ id: 1, ttl: 0 })))).toEqual(['expired once', 'expired']);
    expect([number, queue.size]).toEqual([1, 0]);
  });

  it('lets remove go on', async () => {
    const { queue } = createQueue({ capacity: 1 });
    const number = queue.push({ id: 1 });
    let isRemoved: boolean | undefined;
    expect(await uncaught(() => (isRemoved = queue.remove(number)))).toEqual(['drain once', 'drain']);
    expect([isRemoved, queue.size]).toEqual([true, 0]);
  });

  it('lets flush go on and set the timer again', async () => {
    const { queue, clock } = createQueue({ flushInterval: 100 });
    queue.push({ id: 1, ttl: 10 });
    queue.push({ id: 2, ttl: 500 });
    expect(await uncaught(() => clock.advance(100))).toEqual(['expired once', 'expired']);
    expect([queue.size, clock.nextTimer]).toEqual([1, 500]);
    await uncaught(() => clock.advance(400));
    expect(queue.size).toBe(0);
  });

  it('lets ready go on, and wakes producers', async () => {
    const { queue, clock } = createQueue({ capacity: 1 });
    queue.push({ id: 1, ttl: 10 });
    const waiting = queue.ready();
    clock.advance(10);
    await uncaught(() => queue.ready());
    await waiting;
    expect(queue.size).toBe(0);
  });

  it('lets stop go on: waiting pulls are ended, the timer is off, the signal let go', async () => {
    const { queue, clock, told } = createQueue({ flushInterval: 100 });
    queue.push({ id: 1, ttl: 10 });
    queue.push({ id: 2 });
    clock.stall(10);
    const errors = await uncaught(() => queue.stop({ drain: false }));
    expect(told).toEqual(['expired', 'dropped', 'stop']);
    expect(errors).toEqual(['expired once', 'expired', 'dropped once', 'dropped', 'stop once', 'stop']);
    expect([queue.isStopped, queue.size, clock.timers]).toEqual([true, 0, 0]);
    const { queue: waitedFor } = createQueue({});
    const pulled = waitedFor.pull();
    await uncaught(() => waitedFor.stop());
    expect(await pulled).toBeNull();
  });
});

describe('A listener of a ClientQueue that calls the queue', () => {
  it('may push from expired, and the pull that found the message expired gets it', async () => {
    const clock = new FakeClock();
    const queue = new ClientQueue<Item>({ clock, flushInterval: 0 });
    queue.once('expired', ([message]) => void queue.push({ id: message!.id + 1 }));
    queue.push({ id: 1, ttl: 10 });
    clock.advance(10);
    const pulled = queue.pull();
    expect(queue).toMatchObject({ size: 0, waiters: 0 });
    expect(await pulled).toEqual({ id: 2 });
  });

  it('may fill the queue from expired, and then no drain is told', () => {
    const clock = new FakeClock();
    const queue = new ClientQueue<Item>({ clock, capacity: 1, flushInterval: 0 });
    const drain = vi.fn();
    queue.on('drain', drain);
    queue.once('expired', () => void queue.push({ id: 2 }));
    queue.push({ id: 1, ttl: 10 });
    clock.advance(10);
    expect(queue.flush()).toBe(1);
    expect(drain).not.toHaveBeenCalled();
    expect(queue.tryPull()).toEqual({ id: 2 });
    expect(drain).toHaveBeenCalledTimes(1);
  });

  it('may push from drain, and the order is kept', () => {
    const queue = new ClientQueue<Item>({ capacity: 2 });
    let next = 1;
    const fill = (): void => {
      while (queue.size < 2 && next <= 6) queue.push({ id: next++ });
    };
    queue.on('drain', fill);
    fill();
    const ids: (number | undefined)[] = [];
    while (!queue.isEmpty) ids.push(queue.tryPull()?.id);
    expect(ids).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it('may pull from expired and dropped, and nothing is given out twice', () => {
    const clock = new FakeClock();
    const queue = new ClientQueue<Item>({ clock, capacity: 2, overflow: 'drop-oldest', flushInterval: 0 });
    const pulled: (number | undefined)[] = [];
    queue.on('expired', () => pulled.push(queue.tryPull()?.id));
    queue.on('dropped', () => pulled.push(queue.tryPull()?.id));
    for (const id of [1, 2, 3]) queue.push({ id });
    queue.push({ id: 4, ttl: 10 });
    clock.advance(10);
    pulled.push(queue.tryPull()?.id, queue.tryPull()?.id);
    expect(pulled).toEqual([2, undefined, 3, undefined]);
  });

  it('may stop the queue from any event, once and for all', () => {
    const clock = new FakeClock();
    const queue = new ClientQueue<Item>({ clock, flushInterval: 100 });
    const told: string[] = [];
    for (const name of EVENTS) {
      queue.on(name, () => {
        told.push(name);
        queue.stop({ drain: false });
      });
    }
    queue.push({ id: 1, ttl: 10 });
    queue.push({ id: 2, ttl: 200 });
    clock.advance(100);
    expect(told).toEqual(['expired', 'dropped', 'stop']);
    expect([queue.size, clock.timers]).toEqual([0, 0]);
  });
});
