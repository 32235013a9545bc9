import { describe, expect, it } from 'vitest';
import { AbstractChannel } from '../../../src/channels/abstract-channel.js';
import { Message } from '../../../src/channels/message.js';
import { MessageQueueListener } from '../../../src/channels/message-queue-listener.js';
import { DataProcessingChannel } from '../../../src/channels/processing/data-processing-channel.js';
import type { DataProcessingOptions } from '../../../src/channels/processing/data-processing-channel.js';
import type { ProcessedItem } from '../../../src/channels/processing/processed-item.js';
import { SseChannel } from '../../../src/channels/sse-channel.js';
import { SseChannelContainer } from '../../../src/channels/sse-channel-container.js';
import { SseClient } from '../../../src/channels/sse-client.js';
import { SocketClient } from '../../../src/control/socket-client.js';
import { SocketServer } from '../../../src/control/socket-server.js';
import type { ChannelOptions } from '../../../src/channels/abstract-channel.js';
import { OptionError } from '../../../src/errors.js';
import { FakeClock } from '../../support/fake-clock.js';
import { until } from '../../support/sse-server.js';

class Plain extends AbstractChannel<string> {
  override adapt(message: Message): string {
    return message.type;
  }
}

const MAKERS: [string, (options: ChannelOptions) => AbstractChannel<unknown>][] = [
  ['AbstractChannel', (options) => new Plain(options)],
  ['SseChannel', (options) => new SseChannel(options)],
  ['DataProcessingChannel', (options) => new DataProcessingChannel({ maxWorkers: 1, ...options })],
];

describe.each(MAKERS)('The streamDelay of %s', (_, make) => {
  it('passes between two messages of one listener, however many streams it has, and nothing is polled', async () => {
    const clock = new FakeClock();
    const channel = make({ streamDelay: 200, clock });
    const listener = channel.addListener();
    for (let n = 0; n < 5; n++) channel.dispatch(listener.id, new Message(`${n}`));
    channel.notifyEnd();
    listener.start();
    const times: number[] = [];
    const read = async (): Promise<void> => {
      for await (const item of channel.messageStream(listener)) if (item !== undefined) times.push(clock.now());
    };
    const reading = [read(), read()];
    for (let n = 1; n <= 6; n++) {
      await until(() => (times.length === n && clock.timers > 0) || times.length >= 6);
      if (n < 6) clock.advance(200);
    }
    listener.stop();
    await Promise.all(reading);
    // Two streams of one listener each give out the end.
    expect(times.slice(0, 6)).toEqual([0, 200, 400, 600, 800, 1000]);
    expect(clock.timers).toBe(0);
  });

  it('ends at once when the listener is stopped or the loop is left', async () => {
    const clock = new FakeClock();
    const channel = make({ streamDelay: 1000, clock });
    const listener = channel.addListener();
    for (let n = 0; n < 3; n++) channel.dispatch(listener.id, new Message(`${n}`));
    listener.start();
    const stream = channel.messageStream(listener);
    await stream.next();
    const waiting = stream.next();
    await until(() => clock.timers === 1);
    listener.stop();
    expect([(await waiting).done, clock.timers]).toEqual([true, 0]);
  });

  it.each([-1, NaN, '1'])('is not %o', (streamDelay) => {
    expect(() => make({ streamDelay } as ChannelOptions)).toThrow(OptionError);
  });
});

describe('Overriding adapt of a DataProcessingChannel', () => {
  interface Item extends ProcessedItem<unknown> {
    readonly worker: number;
  }
  class Mine extends DataProcessingChannel {
    override adapt({ type, payload }: Message): Item {
      return { event: `done:${type}`, data: payload, worker: 1 };
    }
  }

  it.each<[string, DataProcessingOptions<unknown>, unknown]>([
    ['the listener handles it', { maxWorkers: 2 }, 21],
    ['a handler does', { maxWorkers: 2, handler: ({ payload }) => Number(payload) * 2 }, 42],
  ])('controls the whole of what is given out when %s', async (_, options, data) => {
    const channel = new Mine(options);
    const listener = channel.addListener();
    channel.dispatch(listener.id, new Message('n', 21));
    const items: unknown[] = [];
    for await (const item of channel.processQueue(listener)) items.push(item);
    expect(items).toEqual([{ event: 'done:n', data, worker: 1 }]);
  });

  it('that throws is a failure of that message', async () => {
    class Throwing extends DataProcessingChannel {
      override adapt({ type, payload }: Message): ProcessedItem<unknown> {
        if (payload === 'bad') throw new RangeError('on purpose');
        return { event: type, data: payload };
      }
    }
    const channel = new Throwing({ maxWorkers: 1 });
    const listener = channel.addListener();
    for (const payload of ['bad', 'good']) channel.dispatch(listener.id, new Message('n', payload));
    const events: string[] = [];
    for await (const { event } of channel.processQueue(listener)) events.push(event);
    expect(events).toEqual(['_eric_error', 'n']);
  });
});

describe('An option that is unknown', () => {
  const channel = new SseChannel();
  const processing = new DataProcessingChannel({ maxWorkers: 1 });
  // As JavaScript may give it.
  const odd = { streamDelaySeconds: 1 } as object;

  it.each<[string, () => unknown]>([
    ['an AbstractChannel', () => new Plain(odd)],
    ['an SseChannel', () => new SseChannel(odd)],
    ['its history', () => new SseChannel({ history: odd })],
    ['its listeners', () => new SseChannel({ listener: odd })],
    ['a DataProcessingChannel', () => new DataProcessingChannel({ maxWorkers: 1, ...odd })],
    ['processQueue', () => processing.processQueue(processing.addListener(), odd)],
    ['a listener', () => new MessageQueueListener(odd)],
    ['addListener', () => channel.addListener(odd)],
    ['watch', () => channel.watch(odd)],
    ['a feed', () => channel.feed((async function* () {})(), odd)],
    ['a container, when it makes a channel', () => new SseChannelContainer(odd).add()],
    ['an SseClient', () => new SseClient('http://x.test/', odd)],
    ['a SocketServer', () => new SocketServer({ port: 0, ...odd })],
    ['a SocketClient', () => new SocketClient({ port: 1, ...odd })],
  ])('of %s is refused', (_, make) => {
    expect(make).toThrow(OptionError);
    expect(make).toThrow(/streamDelaySeconds/);
  });

  it('of a request is refused', async () => {
    await expect(channel.toResponse(new Request('http://x.test/'), odd)).rejects.toThrow(OptionError);
  });

  it('is told the name that was probably meant', () => {
    expect(() => new SseChannel({ hartbeat: 1 } as object)).toThrow('Did you mean heartbeat?');
    expect(() => new DataProcessingChannel({ maxWorker: 1 } as unknown as DataProcessingOptions<unknown>)).toThrow(
      'Did you mean maxWorkers?',
    );
  });
});
