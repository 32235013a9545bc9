import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { CHANNEL_CLOSED, CHANNEL_ERROR, Message } from '../../../src/channels/message.js';
import { MessageQueueListener } from '../../../src/channels/message-queue-listener.js';
import { DataProcessingChannel } from '../../../src/channels/processing/data-processing-channel.js';
import type { DataProcessingOptions } from '../../../src/channels/processing/data-processing-channel.js';
import type { QueueItem } from '../../../src/channels/processing/processed-item.js';
import { InvalidListenerError, OptionError } from '../../../src/errors.js';
import { FakeClock } from '../../support/fake-clock.js';

/** A channel whose messages say how long they take, and one listener with some of them. */
function jobs(durations: readonly number[], options: Partial<DataProcessingOptions<number>> = {}) {
  const clock = new FakeClock();
  const begun: number[] = [];
  const channel = new DataProcessingChannel<number>({
    maxWorkers: 3,
    handler: ({ payload }) => {
      begun.push(Number(payload));
      return new Promise((resolve) => clock.setTimeout(() => resolve(Number(payload)), Number(payload)));
    },
    ...options,
  });
  const listener = channel.addListener();
  for (const duration of durations) channel.dispatch(listener.id, new Message('job', duration));
  return { clock, begun, channel, listener };
}

/** Lets the clock go from timer to timer while a loop runs, and notes when each item comes out. */
async function run<Result>(clock: FakeClock, items: AsyncIterable<QueueItem<Result>>): Promise<[number, Result][]> {
  const came: [number, Result][] = [];
  const loop = async (): Promise<'over'> => {
    for await (const item of items) if (item.error === undefined) came.push([clock.now(), item.data]);
    return 'over';
  };
  const running = loop();
  while ((await Promise.race([running, setImmediate()])) !== 'over') {
    if (clock.nextTimer !== undefined) clock.advance(clock.nextTimer - clock.now());
  }
  return came;
}

describe('a data processing channel', () => {
  it('gives out results as handlers finish, and of a tie first the one that was begun first', async () => {
    const { clock, channel, listener } = jobs([500, 100, 300, 200, 10]);
    expect(await run(clock, channel.processQueue(listener))).toEqual([
      [100, 100],
      [300, 300],
      [300, 200],
      [310, 10],
      [500, 500],
    ]);
  });

  it('gives results out in the order of the queue when asked to', async () => {
    const { clock, channel, listener } = jobs([500, 100, 300, 200, 10]);
    expect(await run(clock, channel.processQueue(listener, { ordered: true }))).toEqual([
      [500, 500],
      [500, 100],
      [500, 300],
      [500, 200],
      [500, 10],
    ]);
  });

  it('never handles more than maxWorkers at once', async () => {
    let running = 0;
    let most = 0;
    const { channel, listener } = jobs(Array<number>(50).fill(1), {
      maxWorkers: 4,
      handler: async () => {
        most = Math.max(most, ++running);
        await setImmediate();
        return running--;
      },
    });
    const items: unknown[] = [];
    for await (const item of channel.processQueue(listener)) items.push(item);
    expect({ items: items.length, most }).toEqual({ items: 50, most: 4 });
  });

  it('hands messages to onMessage of the listener without a handler, whether it runs or not', async () => {
    const handled: unknown[] = [];
    const channel = new DataProcessingChannel({ maxWorkers: 2 });
    const listener = channel.addListener({ onMessage: ({ type }) => void handled.push(type) });
    for (const type of ['test1', 'test2', 'test3']) channel.dispatch(listener.id, new Message(type, { type }));
    const items: unknown[] = [];
    for await (const item of channel.processQueue(listener)) items.push(item);
    expect(handled).toEqual(['test1', 'test2', 'test3']);
    expect(items).toEqual(['test1', 'test2', 'test3'].map((type) => ({ event: type, data: { type } })));
  });

  it('leaves messages that come while it runs for the next call', async () => {
    const { channel, listener } = jobs([1, 2], { handler: ({ payload }) => Number(payload) });
    const results: number[] = [];
    for await (const { data } of channel.processQueue(listener)) {
      results.push(Number(data));
      channel.dispatch(listener.id, new Message('job', 10 + Number(data)));
    }
    expect(results).toEqual([1, 2]);
    for await (const { data } of channel.processQueue(listener)) results.push(Number(data));
    expect(results).toEqual([1, 2, 11, 12]);
  });

  it('gives out an item for a message whose handler fails, and goes on', async () => {
    const { channel, listener } = jobs([1, 2, 3], {
      handler: ({ payload }) => {
        if (payload === 2) throw new RangeError('too big');
        return Number(payload);
      },
    });
    const items: QueueItem<number>[] = [];
    for await (const item of channel.processQueue(listener, { ordered: true })) items.push(item);
    expect(items).toMatchObject([{ data: 1 }, { event: CHANNEL_ERROR }, { data: 3 }]);
    expect(items[1]).toMatchObject({
      data: { type: 'job', payload: 2, error: { name: 'RangeError', message: 'too big' } },
      error: new RangeError('too big'),
    });
  });

  it('throws the error of a handler with errors: throw, and keeps the other results for the next call', async () => {
    const { channel, listener } = jobs([1, 2, 3, 4], {
      maxWorkers: 1,
      handler: ({ payload }) => (payload === 2 ? Promise.reject(new RangeError('too big')) : Number(payload)),
    });
    const results: unknown[] = [];
    const loop = async () => {
      for await (const { data } of channel.processQueue(listener, { errors: 'throw' })) results.push(data);
    };
    await expect(loop()).rejects.toThrow(new RangeError('too big'));
    await loop();
    expect(results).toEqual([1, 3, 4]);
  });

  it('gives out the closing message last, and removes the listener', async () => {
    const { clock, channel, listener } = jobs([50, 10]);
    listener.start();
    channel.notifyEnd();
    expect(await run(clock, channel.processQueue(listener))).toEqual([
      [10, 10],
      [50, 50],
      [50, null],
    ]);
    expect(listener.isRunning).toBe(false);
    expect(channel.listeners).toEqual([]);
  });

  it('names the end by its type', async () => {
    const { channel, listener } = jobs([]);
    channel.notifyEnd();
    const events: string[] = [];
    for await (const { event } of channel.processQueue(listener)) events.push(event);
    expect(events).toEqual([CHANNEL_CLOSED]);
  });

  it('adapts messages to their type and payload in a stream', async () => {
    const { channel, listener } = jobs([7]);
    listener.start();
    expect((await channel.messageStream(listener).next()).value).toEqual({ event: 'job', data: 7 });
  });

  it.each([0, -1, 1.5, Number.NaN, Infinity])('refuses %s workers', (maxWorkers) => {
    expect(() => new DataProcessingChannel({ maxWorkers })).toThrow(OptionError);
  });

  it('refuses a handler that is none, and an unknown way with errors', () => {
    // @ts-expect-error A pool is no handler.
    expect(() => new DataProcessingChannel({ maxWorkers: 1, handler: {} })).toThrow(OptionError);
    const { channel, listener } = jobs([]);
    // @ts-expect-error There is no such way.
    expect(() => channel.processQueue(listener, { errors: 'ignore' })).toThrow(OptionError);
  });

  it('refuses a listener of another channel', () => {
    const { channel, listener } = jobs([]);
    expect(() => channel.processQueue(new MessageQueueListener())).toThrow(InvalidListenerError);
    expect(() => channel.processQueue(new MessageQueueListener({ id: listener.id }))).toThrow(InvalidListenerError);
  });
});
