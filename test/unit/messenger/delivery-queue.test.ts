import { describe, expect, it } from 'vitest';
import { SYSTEM_CLOCK } from '../../../src/clock.js';
import { DeliveryQueue } from '../../../src/messenger/incoming/delivery-queue.js';
import { IncomingDelivery } from '../../../src/queue/incoming-delivery.js';

const source = { settle: (): void => undefined, released: (): void => undefined };

/** A queue with deliveries of 8 bytes each. */
function filled(count: number): { queue: DeliveryQueue; deliveries: IncomingDelivery[] } {
  const queue = new DeliveryQueue(SYSTEM_CLOCK);
  const deliveries = Array.from(
    { length: count },
    (_, id) => new IncomingDelivery(Buffer.alloc(8), 0, 8, id, false, source),
  );
  for (const delivery of deliveries) queue.push(delivery);
  return { queue, deliveries };
}

const NEVER = new AbortController().signal;

describe('the queue of what has come', () => {
  it('gives what came first first, and knows how much there is', () => {
    const { queue, deliveries } = filled(3);
    expect([queue.size, queue.bytes]).toEqual([3, 24]);
    expect([queue.shift(), queue.shift(), queue.shift(), queue.shift()]).toEqual([...deliveries, undefined]);
    expect([queue.size, queue.bytes, queue.isEmpty]).toEqual([0, 0, true]);
  });

  it('skips what was taken back, wherever it stood', () => {
    const { queue, deliveries } = filled(5);
    for (const index of [0, 2, 4]) queue.withdraw(deliveries[index]!);
    queue.withdraw(deliveries[2]!);
    expect([queue.size, queue.bytes]).toEqual([2, 16]);
    expect([queue.shift(), queue.shift(), queue.shift()]).toEqual([deliveries[1], deliveries[3], undefined]);
  });

  it('does not take back what has been taken', () => {
    const { queue, deliveries } = filled(2);
    expect(queue.shift()).toBe(deliveries[0]);
    queue.withdraw(deliveries[0]!);
    expect(queue.size).toBe(1);
  });

  it('hands what comes to those who wait, in the order they came', async () => {
    const { queue } = filled(0);
    const taken = [queue.next(NEVER), queue.next(NEVER)];
    const { deliveries } = filled(3);
    for (const delivery of deliveries) queue.push(delivery);
    expect(await Promise.all(taken)).toEqual(deliveries.slice(0, 2));
    expect(queue.size).toBe(1);
    queue.withdraw(deliveries[0]!);
    expect(queue.size).toBe(1);
  });

  it('moves what belongs elsewhere, and both keep their order', () => {
    const { queue, deliveries } = filled(6);
    queue.withdraw(deliveries[1]!);
    const other = new DeliveryQueue(SYSTEM_CLOCK);
    queue.moveTo(other, ({ id }) => id % 2 === 0);
    expect([queue.size, queue.bytes, other.size, other.bytes]).toEqual([2, 16, 3, 24]);
    expect([other.shift(), other.shift(), other.shift()]).toEqual([0, 2, 4].map((id) => deliveries[id]));
    expect([queue.shift(), queue.shift()]).toEqual([deliveries[3], deliveries[5]]);
  });

  it('tells those who only watch that something waits, and who stops to watch is not told', () => {
    const { queue } = filled(0);
    const told: string[] = [];
    const watch = (name: string): (() => void) =>
      queue.watch({
        isOver: false,
        resolve: () => told.push(name),
        reject: (error) => told.push(`${name}: ${String(error)}`),
      });
    watch('one');
    watch('two')();
    queue.push(filled(1).deliveries[0]!);
    watch('three');
    queue.fail(new Error('over'));
    queue.fail(new Error('again'));
    expect(told).toEqual(['one', 'three: Error: over']);
    expect(queue.isWatched).toBe(false);
  });
});
