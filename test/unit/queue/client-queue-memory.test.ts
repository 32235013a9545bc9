import { describe, expect, it } from 'vitest';
import { ClientQueue } from '../../../src/queue/client-queue.js';
import { FakeClock } from '../../support/fake-clock.js';
import { memoryInUse } from '../../support/memory.js';

const COUNT = 200_000;
/** Ten bytes for each of them. */
const LITTLE = COUNT * 10;

/** How much more memory is in use after some work on a queue than before. */
async function growth(work: (queue: ClientQueue, clock: FakeClock) => unknown): Promise<number> {
  const clock = new FakeClock();
  const queue = new ClientQueue({ clock });
  const before = memoryInUse();
  await work(queue, clock);
  const after = memoryInUse();
  // The queue must be there still when memory is measured.
  expect(queue.isStopped).toBe(false);
  return after - before;
}

describe('The memory of a ClientQueue', () => {
  it('is given back when a backlog has been pulled', async () => {
    const grown = await growth((queue) => {
      for (let count = 0; count < COUNT; count++) queue.push({ ttl: 1000 + count });
      while (queue.tryPull() !== undefined);
    });
    expect(grown).toBeLessThan(LITTLE);
  });

  it('does not grow by what expires behind a message that stays', async () => {
    const grown = await growth((queue, clock) => {
      queue.push({});
      for (let count = 0; count < COUNT; count++) {
        queue.push({ ttl: 1 });
        clock.stall(1);
        queue.flush();
      }
      expect(queue.size).toBe(1);
    });
    expect(grown).toBeLessThan(LITTLE);
  });

  it('does not grow by deadlines of messages that have left', async () => {
    const grown = await growth((queue) => {
      queue.push({});
      for (let count = 0; count < COUNT; count++) queue.remove(queue.push({ ttl: 3_600_000 }));
      expect(queue.size).toBe(1);
    });
    expect(grown).toBeLessThan(LITTLE);
  });

  it('does not grow by pulls that gave up behind one that waits', async () => {
    const grown = await growth(async (queue, clock) => {
      void queue.pull();
      for (let count = 0; count < COUNT / 10; count++) {
        const pulled = queue.pull({ timeout: 1 }).catch(() => undefined);
        clock.advance(1);
        await pulled;
      }
      expect(queue.waiters).toBe(1);
    });
    expect(grown).toBeLessThan(LITTLE / 2);
  });
});
