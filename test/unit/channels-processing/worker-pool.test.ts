import { setImmediate } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Piscina } from 'piscina';
import Tinypool from 'tinypool';
import { describe, expect, it } from 'vitest';
import { Message } from '../../../src/channels/message.js';
import { DataProcessingChannel } from '../../../src/channels/processing/data-processing-channel.js';
import { handleInPool } from '../../../src/channels/processing/worker-pool.js';
import type { WorkerPool } from '../../../src/channels/processing/worker-pool.js';

/** Counts up to the number in the payload, and fails for a negative one. */
const filename = fileURLToPath(new URL('./count.mjs', import.meta.url));

const pools = {
  piscina: () => new Piscina({ filename, minThreads: 2, maxThreads: 2 }),
  tinypool: () => new Tinypool({ filename, minThreads: 2, maxThreads: 2 }),
};

describe.each(Object.entries(pools))('a pool of %s', (_name, open) => {
  it('handles messages in threads, and a failure in one is an item', async ({ onTestFinished }) => {
    const pool = open();
    onTestFinished(() => pool.destroy());
    const channel = new DataProcessingChannel({ maxWorkers: 2, handler: handleInPool<number>(pool) });
    const listener = channel.addListener();
    for (const count of [2000, 1000, -1, 3000]) channel.dispatch(listener.id, new Message('count', count));
    const results: unknown[] = [];
    for await (const { event, data } of channel.processQueue(listener, { ordered: true })) {
      results.push([event, event === 'count' ? data : undefined]);
    }
    expect(results).toEqual([
      ['count', 2000],
      ['count', 1000],
      ['_eric_error', undefined],
      ['count', 3000],
    ]);
  });

  it('leaves the event loop free for work without end, and ends it when it is called off', async (test) => {
    const pool = open();
    test.onTestFinished(() => pool.destroy());
    const aborting = new AbortController();
    const handler = handleInPool<number>(pool);
    const channel = new DataProcessingChannel({ maxWorkers: 1, handler });
    const listener = channel.addListener();
    channel.dispatch(listener.id, new Message('count', Infinity));
    const waiting = channel.processQueue(listener, { signal: aborting.signal }).next();
    // Had the counting begun here, nothing would come after it.
    for (let turn = 0; turn < 10; turn++) await setImmediate();
    aborting.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
    listener.start();
    const stream = channel.messageStream(listener);
    expect((await stream.next()).value).toEqual({ event: 'count', data: Infinity });
  });
});

describe('the handler for a pool', () => {
  it('gives the pool what toTask makes of a message', async () => {
    const tasks: unknown[] = [];
    const pool: WorkerPool = { run: (task) => Promise.resolve(tasks.push(task)) };
    const context = { signal: new AbortController().signal };
    await handleInPool(pool)(new Message('a', { b: 1 }, { id: 'c' }), context);
    await handleInPool(pool, ({ payload }) => payload)(new Message('a', 2), context);
    expect(tasks).toEqual([{ type: 'a', payload: { b: 1 }, id: 'c' }, 2]);
  });
});
