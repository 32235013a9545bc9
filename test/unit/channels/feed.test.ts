import { getEventListeners } from 'node:events';
import { describe, expect, it, vi } from 'vitest';
import { AbstractChannel } from '../../../src/channels/abstract-channel.js';
import type { FeedDelivery, FeedOptions } from '../../../src/channels/feed.js';
import { Feed } from '../../../src/channels/feed.js';
import { messageOf } from '../../../src/channels/feed-message.js';
import type { FeedMessage } from '../../../src/channels/feed-message.js';
import { Message } from '../../../src/channels/message.js';
import { SseChannel } from '../../../src/channels/sse-channel.js';
import { SseContext } from '../../../src/channels/sse-context.js';
import type { SseEvent } from '../../../src/channels/sse-context.js';
import { resolveSseOptions } from '../../../src/channels/sse-options.js';
import { ClientQueue } from '../../../src/queue/client-queue.js';
import { InvalidChannelError } from '../../../src/errors.js';

/** A subscription to feed from: what becomes of each delivery is in `outcomes`. */
class FakeSubscription implements AsyncIterable<FeedDelivery> {
  readonly outcomes: string[] = [];
  readonly #queue = new ClientQueue<FeedDelivery>();

  send(...messages: FeedMessage[]): void {
    for (const message of messages) {
      const settle = (outcome: string) => (): void => void this.outcomes.push(`${outcome} ${String(message.body)}`);
      const [accept, release, reject] = [settle('accept'), settle('release'), settle('reject')];
      this.#queue.push({ message, accept, release, reject });
    }
  }

  end(): void {
    this.#queue.stop();
  }

  /** How many deliveries nobody has taken. */
  get waiting(): number {
    return this.#queue.size;
  }

  [Symbol.asyncIterator](): AsyncIterator<FeedDelivery> {
    return this.#queue[Symbol.asyncIterator]();
  }
}

/** Lets everything go on that waits for nothing but its turn. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** What the next event of a stream has as its data. */
async function dataOf(stream: AsyncIterator<SseEvent, undefined>): Promise<unknown> {
  return (await stream.next()).value?.data;
}

const text = (body: string, id?: string): FeedMessage => ({ body, id });

/** A channel with one client, which has everything unless it is told otherwise. */
class Stage extends AbstractChannel<SseEvent> {
  readonly context: SseContext = new SseContext(this, resolveSseOptions({}));
  readonly sent: Message[] = [];
  readonly #client = {
    blockedSince: performance.now(),
    flushed: Infinity,
    deliver: () => undefined,
    heartbeat: () => undefined,
    finish: () => undefined,
    destroy: () => undefined,
  };

  constructor() {
    super();
    this.context.clients.add(this.#client);
    this.context.clients.changed(this.#client);
  }

  adapt({ type, id, payload }: Message): SseEvent {
    return { event: type, id, data: payload };
  }

  override broadcast(message: Message): void {
    super.broadcast(message);
    this.context.log.append(this.context.eventOf(message, this.context.log));
    this.sent.push(message);
  }

  feed(source: AsyncIterable<FeedDelivery>, options: FeedOptions = {}): Feed {
    return new Feed(this.context, source, options, () => undefined);
  }

  /** Has a listener hold the channel back. */
  hold(): void {
    this.addListener({ id: 'full', capacity: 1 });
    this.dispatch('full', new Message('fills it'));
  }

  /** Ends what `hold` does. */
  letGo(): void {
    this.removeListener('full');
  }

  /** The client has everything before a position; that of the first message is 1. */
  flush(to: number): void {
    this.#client.flushed = to;
    this.context.clients.changed(this.#client);
  }
}

describe('A feed', () => {
  it('broadcasts messages in order, and accepts them', async () => {
    const [stage, source] = [new Stage(), new FakeSubscription()];
    const feed = stage.feed(source, {});
    source.send(text('a'), text('b'));
    await settled();
    source.send(text('c'));
    source.end();
    await feed.done;
    expect(stage.sent.map(({ payload }) => payload)).toEqual(['a', 'b', 'c']);
    expect(source.outcomes).toEqual(['accept a', 'accept b', 'accept c']);
  });

  it('takes no delivery while a listener holds the channel back', async () => {
    const [stage, source] = [new Stage(), new FakeSubscription()];
    stage.hold();
    const feed = stage.feed(source, {});
    source.send(text('a'), text('b'));
    await settled();
    expect([source.waiting, stage.sent]).toEqual([2, []]);
    stage.letGo();
    await settled();
    expect([source.waiting, source.outcomes.length]).toEqual([0, 2]);
    await feed.stop();
  });

  it('accepts deliveries in order as they are written, with ack on-written', async () => {
    const [stage, source] = [new Stage(), new FakeSubscription()];
    stage.flush(1);
    const feed = stage.feed(source, { ack: 'on-written' });
    source.send(text('a'), text('b'), text('c'));
    await settled();
    expect([stage.sent.length, source.outcomes]).toEqual([3, []]);
    stage.flush(3);
    await settled();
    expect(source.outcomes).toEqual(['accept a', 'accept b']);
    source.end();
    stage.flush(Infinity);
    await feed.done;
    expect(source.outcomes).toEqual(['accept a', 'accept b', 'accept c']);
  });

  it('releases the deliveries that were not written when it is stopped', async () => {
    const [stage, source] = [new Stage(), new FakeSubscription()];
    stage.flush(2);
    const feed = stage.feed(source, { ack: 'on-written' });
    source.send(text('a'), text('b'));
    await settled();
    await feed.stop();
    expect(source.outcomes).toEqual(['accept a', 'release b']);
  });

  it('releases a delivery that comes after it was stopped', async () => {
    const stage = new Stage();
    const outcomes: string[] = [];
    let arrive: (result: IteratorResult<FeedDelivery>) => void = () => undefined;
    const iterator = { next: () => new Promise<IteratorResult<FeedDelivery>>((resolve) => (arrive = resolve)) };
    const feed = stage.feed({ [Symbol.asyncIterator]: () => iterator }, {});
    await settled();
    await feed.stop();
    const [accept, release] = [() => outcomes.push('accept'), () => outcomes.push('release')];
    arrive({ done: false, value: { message: text('a'), accept, release } });
    await settled();
    expect([outcomes, stage.sent]).toEqual([['release'], []]);
  });

  it('is stopped by its signal, also one that was aborted before, and at the end of a block', async () => {
    const [stage, source] = [new Stage(), new FakeSubscription()];
    const ending = new AbortController();
    const feed = stage.feed(source, { signal: ending.signal });
    ending.abort();
    await feed.done;
    await stage.feed(source, { signal: ending.signal }).done;
    const other = stage.feed(source, {});
    await other[Symbol.asyncDispose]();
    source.send(text('a'));
    await settled();
    expect([stage.sent, source.waiting]).toEqual([[], 1]);
  });

  it('leaves no listener on its signal when it has ended, by its source or by stop', async () => {
    const { signal } = new AbortController();
    const stage = new Stage();
    const [ending, going] = [new FakeSubscription(), new FakeSubscription()];
    const [ended, stopped] = [stage.feed(ending, { signal }), stage.feed(going, { signal })];
    expect(getEventListeners(signal, 'abort')).toHaveLength(1);
    ending.end();
    await ended.done;
    await stopped.stop();
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });

  it('accepts a message that the history has without sending it again, unless deduplicate is false', async () => {
    const [stage, source] = [new Stage(), new FakeSubscription()];
    const feed = stage.feed(source, {});
    source.send(text('a', '1'), text('a', '1'));
    source.end();
    await feed.done;
    expect([stage.sent.length, source.outcomes]).toEqual([1, ['accept a', 'accept a']]);
    const again = new FakeSubscription();
    const doubling = stage.feed(again, { deduplicate: false });
    again.send(text('a', '1'));
    again.end();
    await doubling.done;
    expect(stage.sent.length).toBe(2);
  });

  it('maps messages, leaves out those that map gives undefined for, and rejects those that map throws for', async () => {
    const [stage, source] = [new Stage(), new FakeSubscription()];
    const onReject = vi.fn();
    const map = ({ body }: FeedMessage): Message | undefined => {
      if (body === 'bad') throw new RangeError('bad body');
      return body === 'skip' ? undefined : new Message('mapped', body);
    };
    const feed = stage.feed(source, { map, onReject });
    source.send(text('a'), text('skip'), text('bad'), text('b'));
    source.end();
    await feed.done;
    expect(stage.sent).toEqual([new Message('mapped', 'a'), new Message('mapped', 'b')]);
    expect(source.outcomes).toEqual(['accept a', 'accept skip', 'reject bad', 'accept b']);
    expect(onReject).toHaveBeenCalledExactlyOnceWith(new RangeError('bad body'), text('bad'));
  });

  it('fails when its source fails', async () => {
    const source: AsyncIterable<FeedDelivery> = {
      // oxlint-disable-next-line typescript/require-await -- it fails at once
      async *[Symbol.asyncIterator]() {
        throw new RangeError('link lost');
      },
    };
    await expect(new Stage().feed(source).done).rejects.toThrow('link lost');
  });

  it('waits when a listener of the channel has no room, and loses nothing', async () => {
    const channel = new SseChannel({ listener: { capacity: 1 } });
    const source = new FakeSubscription();
    const stream = channel.watch();
    const feed = channel.feed(source);
    source.send(text('a'), text('b'), text('c'));
    await settled();
    expect(source.outcomes).toEqual(['accept a']);
    const data: unknown[] = [];
    while (data.length < 3) data.push(await dataOf(stream));
    expect(data).toEqual(['a', 'b', 'c']);
    await feed.stop();
    await stream.return?.();
  });

  it('waits again when another broadcast has taken the room', async () => {
    const channel = new SseChannel({ listener: { capacity: 1 } });
    const source = new FakeSubscription();
    const stream = channel.watch();
    const feed = channel.feed(source);
    await settled();
    channel.broadcast(new Message('x', 'mine'));
    source.send(text('a'));
    await settled();
    expect(source.outcomes).toEqual([]);
    expect([await dataOf(stream), await dataOf(stream)]).toEqual(['mine', 'a']);
    await feed.stop();
  });

  it('rejects a message that cannot be an event, and stops when its channel closes', async () => {
    const channel = new SseChannel();
    const source = new FakeSubscription();
    const feed = channel.feed(source, { map: ({ body }) => new Message('x', body, { id: 'a\0b' }) });
    source.send(text('a'));
    await settled();
    expect(source.outcomes).toEqual(['reject a']);
    await channel.close();
    await feed.done;
    source.send(text('b'));
    await settled();
    expect(source.outcomes).toEqual(['reject a']);
    expect(() => channel.feed(source)).toThrow(InvalidChannelError);
  });
});

describe('The message of a channel', () => {
  const bytes = (body: string): Buffer => Buffer.from(body);

  it.each<[string, FeedMessage, object]>([
    ['the subject as its type', { subject: 'created', body: 1 }, { type: 'created', payload: 1 }],
    ['the property type, without a subject', { properties: { type: 'created' } }, { type: 'created' }],
    ['message as its type, without either', { body: null }, { type: 'message', payload: null }],
    ['the value of JSON bytes', { body: bytes('{"a":1}'), contentType: 'application/json' }, { payload: { a: 1 } }],
    ['the value of JSON of a kind', { body: bytes('[]'), contentType: 'application/x+json; v=1' }, { payload: [] }],
    ['the text of text bytes', { body: bytes('é'), contentType: 'text/plain' }, { payload: 'é' }],
    ['base64 of other bytes', { body: bytes('a') }, { payload: 'YQ==' }],
    ['digits of a bigint', { body: { n: 1n } }, { payload: { n: '1' } }],
    ['pairs of a map', { body: new Map([['a', 1]]) }, { payload: [['a', 1]] }],
    ['a message-id of text', { id: 'x' }, { id: 'x' }],
    ['a message-id that is a number', { id: 7n }, { id: '7' }],
    ['a message-id that is a UUID', { id: { type: 'uuid', value: 'u' } }, { id: 'u' }],
    ['a message-id of bytes', { id: Uint8Array.of(1, 2) }, { id: 'AQI' }],
    ['the offset, without a message-id', { annotations: { 'x-stream-offset': 42n } }, { id: '42' }],
    ['no id from one that cannot be sent back', { id: 'a\0' }, { id: undefined }],
    ['no id from annotations without an offset', { annotations: {} }, { id: undefined }],
  ])('has %s', (_, received, expected) => {
    expect(messageOf(received)).toMatchObject(expected);
  });

  it('is not made of bytes whose content type is JSON and that are no JSON', () => {
    expect(() => messageOf({ body: bytes('{'), contentType: 'application/json' })).toThrow(SyntaxError);
  });
});
