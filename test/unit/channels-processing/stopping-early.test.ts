import { setImmediate } from 'node:timers/promises';
import fc from '../../support/property.js';
import { describe, expect, it } from 'vitest';
import { Message } from '../../../src/channels/message.js';
import { DataProcessingChannel } from '../../../src/channels/processing/data-processing-channel.js';
import type { MessageHandler } from '../../../src/channels/processing/message-handler.js';

/** A channel, and a listener for which the numbers from 0 up wait. */
function numbers(count: number, maxWorkers: number, handler: MessageHandler<number>) {
  const channel = new DataProcessingChannel<number>({ maxWorkers, handler });
  const listener = channel.addListener();
  const add = (number: number) => channel.dispatch(listener.id, new Message('number', number));
  for (let number = 0; number < count; number++) add(number);
  return { channel, listener, add };
}

const echo: MessageHandler<number> = ({ payload }) => Number(payload);

describe('a loop that ends early', () => {
  it('leaves the messages in the queue that it has not begun', async () => {
    const begun: number[] = [];
    const { channel, listener } = numbers(100, 3, ({ payload }) => begun.push(Number(payload)));
    const items = channel.processQueue(listener);
    await items.next();
    await items.return?.();
    await setImmediate();
    expect(begun.length).toBeLessThanOrEqual(1 + 2 * 3);
    listener.start();
    const next = await channel.deliverNext(listener.id);
    expect(next.payload).toBe(begun.length);
  });

  it('leaves the results of messages it has begun to the next call', async () => {
    const { channel, listener } = numbers(10, 3, async ({ payload }) => {
      await setImmediate();
      return Number(payload);
    });
    const results: unknown[] = [];
    for await (const { data } of channel.processQueue(listener)) if (results.push(data) === 2) break;
    for await (const { data } of channel.processQueue(listener)) results.push(data);
    expect(results).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  it('ends a next() that waits', async () => {
    const { channel, listener } = numbers(1, 1, () => new Promise(() => undefined));
    const items = channel.processQueue(listener);
    const waiting = items.next();
    await items.return?.();
    expect(await waiting).toEqual({ done: true, value: undefined });
  });

  it('takes no message when it has never begun', async () => {
    const { channel, listener } = numbers(2, 1, echo);
    await channel.processQueue(listener).return?.();
    listener.start();
    expect((await channel.deliverNext(listener.id)).payload).toBe(0);
  });

  it('loses and repeats nothing, wherever it ends', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 5 }),
        fc.array(fc.record({ take: fc.integer({ min: 0, max: 6 }), ordered: fc.boolean() }), { maxLength: 6 }),
        fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 1, maxLength: 20 }),
        async (maxWorkers, loops, turns) => {
          const { channel, listener } = numbers(turns.length, maxWorkers, async ({ payload }) => {
            for (let turn = 0; turn < turns[Number(payload)]!; turn++) await Promise.resolve();
            return Number(payload);
          });
          const results: unknown[] = [];
          for (const { take, ordered } of [...loops, { take: Infinity, ordered: false }]) {
            let left = take;
            if (left === 0) continue;
            for await (const { data } of channel.processQueue(listener, { ordered })) {
              results.push(data);
              if (--left === 0) break;
            }
          }
          expect(results.sort((a, b) => Number(a) - Number(b))).toEqual(turns.map((_, index) => index));
        },
      ),
    );
  });
});

describe('a loop that is aborted', () => {
  it('throws the reason, aborts the signals of the handlers, and puts back the messages they have given up', async () => {
    const aborting = new AbortController();
    const { channel, listener } = numbers(5, 2, ({ payload }, { signal }) =>
      payload === 0
        ? 0
        : new Promise((_resolve, reject) => {
            signal.addEventListener('abort', () => reject(new Error('given up')), { once: true });
          }),
    );
    const items = channel.processQueue(listener, { signal: aborting.signal });
    expect(await items.next()).toEqual({ done: false, value: { event: 'number', data: 0 } });
    const waiting = items.next();
    aborting.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
    await expect(items.next()).rejects.toThrow('enough');
    await setImmediate();
    listener.start();
    const left: unknown[] = [];
    for (let count = 0; count < 4; count++) left.push((await channel.deliverNext(listener.id)).payload);
    expect(left).toEqual([1, 2, 3, 4]);
  });

  it('keeps the result of a handler that finishes all the same', async () => {
    const aborting = new AbortController();
    let finish: (value: number) => void = () => undefined;
    const { channel, listener } = numbers(1, 1, () => new Promise((resolve) => (finish = resolve)));
    const waiting = channel.processQueue(listener, { signal: aborting.signal }).next();
    await setImmediate();
    aborting.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
    finish(42);
    expect((await channel.processQueue(listener).next()).value).toEqual({ event: 'number', data: 42 });
  });

  it('begins nothing when it is aborted from the start', async () => {
    const begun: unknown[] = [];
    const { channel, listener } = numbers(1, 1, (message) => begun.push(message));
    const items = channel.processQueue(listener, { signal: AbortSignal.abort(new Error('enough')) });
    await expect(items.next()).rejects.toThrow('enough');
    expect(begun).toEqual([]);
  });

  it('throws the reason while it waits for messages and nothing is under way', async () => {
    const aborting = new AbortController();
    const { channel, listener } = numbers(1, 1, echo);
    listener.start();
    const items = channel.processQueue(listener, { follow: true, signal: aborting.signal });
    await items.next();
    const waiting = items.next();
    await setImmediate();
    aborting.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
  });

  it('leaves no listener on the signal when nothing is under way', async () => {
    const { signal } = new AbortController();
    let listeners = 0;
    const add = signal.addEventListener.bind(signal);
    const remove = signal.removeEventListener.bind(signal);
    signal.addEventListener = (...given: Parameters<typeof add>) => {
      listeners++;
      add(...given);
    };
    signal.removeEventListener = (...given: Parameters<typeof remove>) => {
      listeners--;
      remove(...given);
    };
    const { channel, listener } = numbers(20, 4, echo);
    for await (const { data } of channel.processQueue(listener, { signal })) if (data === 7) break;
    await setImmediate();
    expect(listeners).toBe(0);
  });
});

describe('a loop that follows', () => {
  it('goes on when the queue is empty, until the listener is stopped', async () => {
    const { channel, listener, add } = numbers(1, 2, echo);
    listener.start();
    const results: unknown[] = [];
    for await (const { data } of channel.processQueue(listener, { follow: true })) {
      results.push(data);
      if (data === 2) listener.stop();
      else setImmediate().then(() => add(Number(data) + 1), expect.unreachable);
    }
    expect(results).toEqual([0, 1, 2]);
  });

  it('ends with the closing message, after all others', async () => {
    const { channel, listener } = numbers(3, 2, echo);
    listener.start();
    const items = channel.processQueue(listener, { follow: true });
    const first = (await items.next()) as IteratorResult<{ data: unknown }, undefined>;
    const results: unknown[] = [first.value?.data];
    channel.notifyEnd();
    for await (const { data } of items) results.push(data);
    expect(results).toEqual([0, 1, 2, null]);
  });

  it('ends when the listener is removed', async () => {
    const { channel, listener } = numbers(0, 2, echo);
    listener.start();
    const waiting = channel.processQueue(listener, { follow: true }).next();
    await setImmediate();
    channel.removeListener(listener.id);
    expect((await waiting).done).toBe(true);
  });
});
