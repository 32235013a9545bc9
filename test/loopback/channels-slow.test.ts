import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { Messenger } from 'amqp-messenger';
import { Message, OptionError, SseChannel, SseClient, messageOf } from 'amqp-messenger/channels';
import type { FeedDelivery, FeedMessage, SseChannelOptions } from 'amqp-messenger/channels';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { FakeClock } from '../support/fake-clock.js';
import { startBroker } from '../support/messengers.js';
import { ask, readUntil, serve, until } from '../support/sse-server.js';

/** More than the system keeps for a socket that nobody reads, with 1000 of them. */
const PADDING = 'x'.repeat(20_000);
const EVENTS = 1000;

/** Deliveries with numbers. The turn of the event loop goes round between them, as with a broker. */
async function* numbered(count: number, outcomes: string[] = []): AsyncGenerator<FeedDelivery> {
  for (let n = 0; n < count; n++) {
    await new Promise((resolve) => setImmediate(resolve));
    const outcome = (name: string) => (): void => void outcomes.push(`${name} ${n}`);
    yield {
      message: { subject: 'n', id: `m-${n}`, body: { n, PADDING } },
      accept: outcome('accept'),
      release: outcome('release'),
    };
  }
}

async function stage(
  options: SseChannelOptions = {},
): Promise<{ channel: SseChannel; url: string; stuck: IncomingMessage }> {
  const channel = new SseChannel(options);
  const { url } = await serve(channel.handler());
  // Its response is not read.
  const stuck = await ask(url);
  return { channel, url, stuck };
}

function count(url: string): { seen: number[]; resyncs: number } {
  const client = new SseClient(url, { retry: 1 });
  onTestFinished(() => client.close());
  const counts = { seen: [] as number[], resyncs: 0 };
  void (async () => {
    for await (const { type, data } of client) {
      if (type === 'resync') counts.resyncs++;
      else counts.seen.push((JSON.parse(data) as { n: number }).n);
    }
  })();
  return counts;
}

describe('A client that does not read', () => {
  it('delays neither a feed nor other clients', async () => {
    const { channel, url } = await stage();
    const fast = count(url);
    await until(() => channel.clientCount === 2);
    const outcomes: string[] = [];
    const feed = channel.feed(numbered(EVENTS, outcomes));
    await feed.done;
    expect(outcomes).toHaveLength(EVENTS);
    await until(() => fast.seen.at(-1) === EVENTS - 1);
    expect(channel.clientCount).toBe(2);
  });

  it('loses events, and gets resync when it reads again', async () => {
    const { channel, stuck } = await stage();
    await channel.feed(numbered(EVENTS)).done;
    const read = await readUntil(stuck, 'too-slow');
    channel.broadcast(new Message('after', 'all'));
    await readUntil(stuck, 'event: after');
    // It has got the first ones in order, and then what the history has.
    const seen = Array.from(read.matchAll(/"n":(\d+)/g), ([, n]) => Number(n));
    expect(seen).toEqual(Array.from({ length: seen.length }, (_, n) => n));
  });

  it('gets every event as it reads, when the history reaches back', async () => {
    const { channel, stuck } = await stage({ history: { limit: EVENTS, maxBytes: 1e9 }, maxClientBytes: 100_000 });
    await channel.feed(numbered(EVENTS)).done;
    const read = text(stuck);
    await channel.disconnect();
    expect(Array.from((await read).matchAll(/"n":(\d+)/g), ([, n]) => Number(n))).toEqual(
      Array.from({ length: EVENTS }, (_, n) => n),
    );
  });

  it('holds a feed back for as long as patience says', async () => {
    const { channel, stuck } = await stage({ patience: Infinity });
    const outcomes: string[] = [];
    const feed = channel.feed(numbered(EVENTS, outcomes));
    await once(stuck, 'readable');
    let isOver = false;
    void feed.done.then(() => (isOver = true));
    for (let turn = 0; turn < 5000; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect([isOver, outcomes.length < EVENTS]).toEqual([false, true]);
    stuck.resume();
    await feed.done;
  });

  it('delays a feed with ack on-written, but not for ever', async () => {
    const { channel, stuck } = await stage({ history: { limit: EVENTS, maxBytes: 1e9 } });
    const outcomes: string[] = [];
    let taken = 0;
    const map = (message: FeedMessage): Message => {
      taken++;
      return messageOf(message);
    };
    const feed = channel.feed(numbered(EVENTS, outcomes), { ack: 'on-written', map });
    await until(() => taken === EVENTS);
    expect(outcomes.length).toBeLessThan(EVENTS);
    stuck.resume();
    await feed.done;
    expect(outcomes).toEqual(Array.from({ length: EVENTS }, (_, n) => `accept ${n}`));
  });
});

describe('Ids that repeat', () => {
  it('lose no event: the second is numbered, and a client that has got the first misses nothing', async () => {
    const channel = new SseChannel();
    const { url } = await serve(channel.handler());
    for (const n of [0, 1, 2, 3]) channel.broadcast(new Message('n', n, { id: n % 2 === 0 ? 'same' : `${n}` }));
    expect(await readUntil(await ask(url, { 'last-event-id': 'same' }), 'data: 3')).toMatch(/data: 1[^]*data: 2/);
    const ids = channel.snapshot().events.map(({ id }) => id);
    expect([new Set(ids).size, ids[0]]).toEqual([4, 'same']);
  });

  it('of a feed are another message, unless it is the very same', async () => {
    const channel = new SseChannel();
    const outcomes: string[] = [];
    const bodies = ['a', 'b', 'a', 'a'];
    async function* source(): AsyncGenerator<FeedDelivery> {
      for (const body of bodies) {
        await Promise.resolve();
        yield {
          message: { id: 'user-7', body },
          accept: () => outcomes.push(body),
          release: () => outcomes.push('no'),
        };
      }
    }
    const stream = channel.watch();
    await channel.feed(source()).done;
    channel.notifyEnd();
    const seen: unknown[] = [];
    for await (const { data } of stream) seen.push(data);
    expect([seen, outcomes]).toEqual([['a', 'b', null], bodies]);
  });
});

describe('The authorize hook', () => {
  it('has a time limit, and a request that it looks at counts as a client', async () => {
    const onError = vi.fn();
    const clock = new FakeClock();
    const channel = new SseChannel({ maxClients: 2, authorizeTimeout: 50, onError, clock });
    const hook = vi.fn(() => new Promise<boolean>(() => undefined));
    const { url } = await serve(channel.handler({ authorize: hook }));
    const pending = [ask(url), ask(url)];
    await until(() => hook.mock.calls.length === 2);
    const refused = await ask(url);
    expect([refused.statusCode, hook.mock.calls.length]).toEqual([503, 2]);
    clock.advance(50);
    for (const response of await Promise.all(pending)) {
      expect([response.statusCode, response.headers['retry-after']]).toEqual([503, '5']);
    }
    expect(onError.mock.calls.map(([error]) => (error as Error).name)).toEqual(['TimeoutError', 'TimeoutError']);
    hook.mockResolvedValue(true);
    expect((await ask(url)).statusCode).toBe(200);
    expect((await ask(url)).statusCode).toBe(200);
    expect((await ask(url)).statusCode).toBe(503);
  });

  it.each([400, 404, 429, 503])('may answer %i', async (status) => {
    const channel = new SseChannel();
    const { url } = await serve(channel.handler({ authorize: () => status }));
    expect((await ask(url)).statusCode).toBe(status);
  });

  it.each(['throws', 'refuses', 'is for a HEAD', 'is for one that has gone'])(
    'that %s gives the place back',
    async (how) => {
      const channel = new SseChannel({ maxClients: 1, onError: () => undefined });
      let isFirst = true;
      const { url } = await serve((request, response) => {
        const authorize = (): boolean => {
          if (isFirst && how === 'throws') throw new Error(how);
          if (isFirst && how === 'is for one that has gone') response.destroy();
          return how !== 'refuses' || !isFirst;
        };
        channel.handler({ authorize })(request, response);
      });
      await ask(url, {}, how === 'is for a HEAD' ? 'HEAD' : 'GET').catch(() => undefined);
      isFirst = false;
      expect((await ask(url)).statusCode).toBe(200);
    },
  );
});

describe('A feed from a messenger', () => {
  it('with incomingWindow 0 is refused: what was not broadcast would be lost', async () => {
    const broker = await startBroker();
    const [sender, messenger] = [new Messenger(), new Messenger({ incomingWindow: 0 })];
    onTestFinished(async () => {
      await Promise.all([sender.close(), messenger.close()]);
    });
    sender.put({ address: `${broker.url}/news`, body: 1 });
    await sender.send();
    const channel = new SseChannel();
    const subscription = messenger.subscribe(`${broker.url}/news`);
    const feed = channel.feed(messenger.receive({ subscription }), { map: messageOf });
    await expect(feed.done).rejects.toThrow(OptionError);
    expect(channel.snapshot().events).toEqual([]);
  });
});
