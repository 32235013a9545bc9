import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { ClientQueueStore } from '../../src/queue/client-queue-store.js';
import { ClientQueue } from '../../src/queue/client-queue.js';
import { run } from '../docs/programs.js';
import { memoryInUse } from '../support/memory.js';

const PROGRAM = 'test/support/programs/live-queue.ts';

/** Whether what `make` makes is gone after a collection. */
async function isCollected(make: () => object): Promise<boolean> {
  const made = new WeakRef(make());
  // What is made is kept until the turn is over.
  await new Promise((resolve) => setImmediate(resolve));
  memoryInUse();
  return made.deref() === undefined;
}

describe('A process with live queues', () => {
  it('ends when it has nothing else to do', async (test) => {
    expect(await run(test, PROGRAM)).toEqual({ code: 0, stdout: 'done\n', stderr: '' });
  });

  it('waits for a pull with a timeout to end', async (test) => {
    const { code, stdout } = await run(test, PROGRAM, ['timeout']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Queue quiet had no message in time\..*\ndone\n$/);
  });
});

describe('A queue nobody knows any more', () => {
  it('is collected though its signal lives, and lets go of the signal', async () => {
    const { signal } = new AbortController();
    expect(
      await isCollected(() => {
        const queue = new ClientQueue({ signal });
        queue.push({});
        return queue;
      }),
    ).toBe(true);
    await expect.poll(() => getEventListeners(signal, 'abort')).toEqual([]);
  });

  it('is collected though its timer runs', async () => {
    expect(
      await isCollected(() => {
        const queue = new ClientQueue();
        queue.push({ ttl: 3_600_000 });
        return queue;
      }),
    ).toBe(true);
  });

  it('is collected though a pull waits for it', async () => {
    expect(
      await isCollected(() => {
        const queue = new ClientQueue();
        void queue.pull();
        return queue;
      }),
    ).toBe(true);
  });

  it('is collected with the store it is in', async () => {
    expect(
      await isCollected(() => {
        const store = new ClientQueueStore();
        store.get('orders').push({ ttl: 3_600_000 });
        return store;
      }),
    ).toBe(true);
  });

  it('keeps no message that has left, though others stay', async () => {
    const queue = new ClientQueue<{ ttl: number }>();
    for (let count = 0; count < 10; count++) queue.push({ ttl: 3_600_000 });
    expect(await isCollected(() => queue.tryPull()!)).toBe(true);
    expect(queue.size).toBe(9);
  });
});
