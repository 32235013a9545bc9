import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { InvalidMessageFormatError, Message, SseChannel, SseClient } from 'amqp-messenger/channels';
import type { FeedDelivery, SseChannelOptions, SseEvent } from 'amqp-messenger/channels';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { ask, readUntil, serve, until } from '../support/sse-server.js';
import { uncaught } from '../support/uncaught.js';

const fail = (): never => {
  throw new RangeError('on purpose');
};

/** A filter that throws for requests whose address has `bad`, and lets everything through else. */
const filter = (_event: object, { url }: { url?: string | undefined }): boolean =>
  url?.includes('bad') !== true || fail();

/** A delivery with a body, which says what becomes of it. */
function delivery(body: unknown, outcomes: string[], id?: string): FeedDelivery {
  const outcome = (name: string) => (): void => void outcomes.push(`${name} ${String(body)}`);
  return {
    message: { body, subject: 'n', id },
    accept: outcome('accept'),
    release: outcome('release'),
    reject: outcome('reject'),
  };
}

async function* all(...deliveries: FeedDelivery[]): AsyncGenerator<FeedDelivery> {
  yield* await Promise.resolve(deliveries);
}

function channelWith(options: SseChannelOptions): { channel: SseChannel; told: string[] } {
  const told: string[] = [];
  return { channel: new SseChannel({ onError: ({ message }) => told.push(message), ...options }), told };
}

describe('A filter of a request that throws', () => {
  it('costs that client its connection, and no other client an event', async () => {
    const { channel, told } = channelWith({});
    const { url } = await serve(channel.handler({ filter }));
    const [before, bad, after] = [await ask(url), await ask(`${url}bad`), await ask(url)];
    const cut = once(bad, 'error');
    channel.broadcast(new Message('n', 1));
    await cut;
    channel.broadcast(new Message('n', 2));
    for (const client of [before, after]) {
      expect((await readUntil(client, 'data: 2')).match(/data: ./g)).toEqual(['data: 1', 'data: 2']);
    }
    expect(told).toEqual(['on purpose']);
    expect(channel.clientCount).toBe(2);
  });

  it('does not end the process, nor answer twice, when it throws while the history is replayed', async () => {
    const { channel, told } = channelWith({});
    const { url } = await serve(channel.handler({ filter }));
    channel.broadcast(new Message('n', 1, { id: '1' }));
    channel.broadcast(new Message('n', 2, { id: '2' }));
    await expect(ask(`${url}bad`, { 'last-event-id': '1' })).rejects.toThrow('socket hang up');
    expect([told, channel.clientCount]).toEqual([['on purpose'], 0]);
    expect(await readUntil(await ask(url, { 'last-event-id': '1' }), 'data: 2')).not.toContain('data: 1');
  });

  it('neither ends a feed nor has its messages released', async () => {
    const { channel, told } = channelWith({});
    const { url } = await serve(channel.handler({ filter }));
    const [good, bad] = [await ask(url), await ask(`${url}bad`)];
    bad.on('error', () => undefined);
    const outcomes: string[] = [];
    await channel.feed(all(delivery(1, outcomes), delivery(2, outcomes))).done;
    await readUntil(good, 'data: 2');
    expect([outcomes, told]).toEqual([['accept 1', 'accept 2'], ['on purpose']]);
  });

  it.each([undefined, 'yes', Promise.resolve(true)])(
    'is one that answers %o: nobody may see all by mistake',
    async (answer) => {
      const { channel, told } = channelWith({});
      // A hook written in JavaScript.
      const { url } = await serve(channel.handler({ filter: (() => answer) as unknown as () => boolean }));
      const response = await ask(url);
      const read = text(response);
      channel.broadcast(new Message('n', 'secret'));
      await expect(read).rejects.toThrow();
      expect(told).toEqual(['The filter hook must return true or false.']);
    },
  );
});

describe('A filter of a listener that throws', () => {
  it('costs that listener the message, and its event dropped says so; no other listener loses one', async () => {
    const { channel, told } = channelWith({});
    const { url } = await serve(channel.handler());
    const dropped = vi.fn();
    channel.addListener({ filter: fail }).on('dropped', dropped);
    const other = channel.watch();
    const client = await ask(url);
    const message = new Message('n', 1);
    channel.broadcast(message);
    expect((await other.next()).value).toMatchObject({ data: 1 });
    await readUntil(client, 'data: 1');
    expect(dropped).toHaveBeenCalledExactlyOnceWith([message]);
    expect(told).toEqual(['on purpose']);
  });

  it('does not disturb others when an event listener throws: that is an uncaught exception', async () => {
    const { channel } = channelWith({ listener: { capacity: 1, overflow: 'drop-oldest' } });
    const full = channel.addListener();
    full.on('dropped', fail);
    const other = channel.addListener();
    other.start();
    const stream = channel.messageStream(other);
    channel.broadcast(new Message('n', 1));
    expect((await stream.next()).value).toMatchObject({ data: 1 });
    const [error] = await uncaught(() => channel.broadcast(new Message('n', 2)));
    expect((await stream.next()).value).toMatchObject({ data: 2 });
    expect(error).toBe('on purpose');
  });
});

describe('A serializer or an adapt that throws', () => {
  class Adapting extends SseChannel {
    override adapt(message: Message): SseEvent {
      return message.payload === 'bad' ? fail() : super.adapt(message);
    }
  }
  const serializer = (payload: unknown): string => (payload === 'bad' ? fail() : JSON.stringify(payload));

  it.each([
    ['serializer', () => new SseChannel({ serializer })],
    ['adapt', () => new Adapting()],
    // A hook written in JavaScript.
    ['no text', () => new SseChannel({ serializer: (value) => (value === 'bad' ? undefined : 'x') as string })],
  ])('(%s) is told to who broadcasts, and nobody got it', async (_, create) => {
    const channel = create();
    const { url } = await serve(channel.handler());
    const client = await ask(url);
    const stream = channel.watch();
    expect(() => channel.broadcast(new Message('n', 'bad'))).toThrow(InvalidMessageFormatError);
    channel.broadcast(new Message('n', 'good'));
    expect((await stream.next()).value).toMatchObject({ data: 'good' });
    expect(await readUntil(client, 'event: n')).not.toContain('bad');
    expect(channel.snapshot().events).toHaveLength(1);
  });

  it('has a delivery of a feed rejected, once, with the reason, and the feed goes on', async () => {
    const { channel } = channelWith({ serializer });
    const outcomes: string[] = [];
    const onReject = vi.fn(fail);
    const [error] = await uncaught(async () => {
      await channel.feed(all(delivery('bad', outcomes), delivery('good', outcomes)), { onReject }).done;
    });
    expect(outcomes).toEqual(['reject bad', 'accept good']);
    expect(onReject).toHaveBeenCalledOnce();
    expect(onReject.mock.calls[0]).toMatchObject([{ cause: new RangeError('on purpose') }, { body: 'bad' }]);
    // What onReject throws is nobody's here.
    expect(error).toBe('on purpose');
  });

  it('does not keep a channel from closing', async () => {
    const { channel, told } = channelWith({ serializer: (payload) => (payload as string).trim() });
    const { url } = await serve(channel.handler());
    const client = new SseClient(url);
    onTestFinished(() => client.close());
    const event = client[Symbol.asyncIterator]().next();
    await until(() => channel.clientCount === 1);
    await channel.close();
    expect((await event).value).toMatchObject({ type: '_eric_channel_closed', data: 'null' });
    expect(told).toHaveLength(1);
  });
});

describe('A hook that has answered by itself and then throws', () => {
  it('ends that connection: nothing is answered twice', async () => {
    const { channel, told } = channelWith({});
    const { url } = await serve((request, response) => {
      const authorize = (): never => {
        response.writeHead(302, { location: '/login', 'content-length': 10 }).write('x');
        return fail();
      };
      channel.handler({ authorize })(request, response);
    });
    const response = await ask(url);
    expect(response.statusCode).toBe(302);
    await expect(text(response)).rejects.toThrow();
    expect(told).toEqual(['on purpose']);
  });
});

describe('onError', () => {
  it('that throws itself is an uncaught exception, and disturbs no caller', async () => {
    const channel = new SseChannel({ onError: fail });
    const { url } = await serve(channel.handler({ filter }));
    const [good, bad] = [await ask(url), await ask(`${url}bad`)];
    bad.on('error', () => undefined);
    const [error] = await uncaught(() => channel.broadcast(new Message('n', 1)));
    expect(error).toBe('on purpose');
    await readUntil(good, 'data: 1');
  });
});

describe('A snapshot', () => {
  it.each([
    {},
    { epoch: 'a', count: 1, before: 'b', events: [{}] },
    { epoch: 'a', count: 0, before: 'b', events: {} },
    7,
  ])('that is none, like %o, is refused', (snapshot) => {
    expect(() => new SseChannel({ snapshot } as unknown as SseChannelOptions)).toThrow(/snapshot/);
  });
});
