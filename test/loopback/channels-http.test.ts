import { once } from 'node:events';
import { connect as connectHttp2, createServer as createHttp2Server } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { Message, SseChannel, SseClient } from 'amqp-messenger/channels';
import type { AttachOptions, HttpRequest, SseChannelOptions } from 'amqp-messenger/channels';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { ask, readUntil, serve, until } from '../support/sse-server.js';

interface Stage {
  readonly channel: SseChannel;
  readonly url: string;
}

async function stage(options: SseChannelOptions = {}, attach: AttachOptions<HttpRequest> = {}): Promise<Stage> {
  const channel = new SseChannel(options);
  const { url } = await serve(channel.handler(attach));
  return { channel, url };
}

const say = (channel: SseChannel, ...types: string[]): void => {
  for (const type of types) channel.broadcast(new Message(type, { said: type }));
};

describe('A channel over HTTP/1.1', () => {
  it('answers with a stream of events that no proxy caches, changes or buffers', async () => {
    const { channel, url } = await stage();
    const response = await ask(url);
    expect(response.statusCode).toBe(200);
    expect(response.headers).toMatchObject({
      'content-type': 'text/event-stream',
      'cache-control': 'no-cache, no-transform',
      'x-accel-buffering': 'no',
    });
    say(channel, 'a');
    const read = await readUntil(response, '{"said":"a"}\n\n');
    expect(read).toMatch(/^retry: 2000\nid: (.+)-0\n\nid: \1-1\nevent: a\ndata: \{"said":"a"\}\n\n$/);
  });

  it('replays to a client that reconnects, by header or by query, then goes on', async () => {
    const { channel, url } = await stage();
    channel.broadcast(new Message('a', 1, { id: 'é1' }));
    say(channel, 'b');
    for (const [address, headers] of [
      [url, { 'last-event-id': Buffer.from('é1').toString('latin1') }],
      [`${url}?lastEventId=%C3%A91`, {}],
      // As some clients write it.
      [url, { 'last-event-id': '\u00e91' }],
      [`${url}?lastEventId=%E91`, {}],
      [`${url}?next=/a?b&lastEventId=%c3%a91&x=%`, {}],
    ] as const) {
      const response = await ask(address, { ...headers });
      const read = await readUntil(response, 'event: b');
      expect(read).not.toContain('event: a');
      expect(read).not.toContain('resync');
    }
  });

  it('sends resync to a client that was away too long, and replays nothing with trustLastEventId: false', async () => {
    const { channel, url } = await stage({ history: { limit: 1 } });
    say(channel, 'a', 'b', 'c');
    const response = await ask(url, { 'last-event-id': 'old' });
    expect(await readUntil(response, 'unknown-id')).toContain('event: resync');
    const other = await stage({ trustLastEventId: false });
    other.channel.broadcast(new Message('a', 1, { id: '1' }));
    say(other.channel, 'b');
    const unheard = await ask(other.url, { 'last-event-id': '1' });
    say(other.channel, 'c');
    expect(await readUntil(unheard, 'event: c')).not.toMatch(/event: (b|resync)/);
  });

  it.each([
    ['text/html', 406],
    ['text/event-stream;q=0, */*', 406],
    ['application/json, text/*;q=0.0', 406],
    ['text/event-stream', 200],
    ['text/html, */*;q=0.1', 200],
    ['TEXT/EVENT-STREAM; charset=utf-8', 200],
    ['text/*', 200],
  ])('answers a client that accepts %s with %i', async (accept, status) => {
    const { url } = await stage();
    expect((await ask(url, { accept })).statusCode).toBe(status);
  });

  it('answers HEAD with the headers, and other methods with 405', async () => {
    const { channel, url } = await stage();
    const head = await ask(url, {}, 'HEAD');
    expect([head.statusCode, head.headers['content-type'], await text(head)]).toEqual([200, 'text/event-stream', '']);
    const refused = await ask(url, {}, 'DELETE');
    expect([refused.statusCode, refused.headers.allow]).toEqual([405, 'GET, HEAD, POST']);
    expect(channel.clientCount).toBe(0);
  });

  it('lets in the requests that the hook lets in', async () => {
    const verdicts: Record<string, boolean | 401 | 403> = { yes: true, no: false, who: 401, never: 403 };
    const { channel, url } = await stage(
      {},
      { authorize: async ({ headers }) => await Promise.resolve(verdicts[headers.authorization ?? ''] ?? 401) },
    );
    const statuses = ['yes', 'no', 'who', 'never', ''].map(async (authorization) => {
      return (await ask(url, { authorization })).statusCode;
    });
    expect(await Promise.all(statuses)).toEqual([200, 403, 401, 403, 401]);
    expect(channel.clientCount).toBe(1);
  });

  it('answers 500 when the hook throws or forgets to answer, and says why to the server only', async () => {
    const onError = vi.fn();
    const throws = await stage({ onError }, { authorize: () => Promise.reject(new Error('secret')) });
    // A hook written in JavaScript.
    const forgets = await stage({ onError }, { authorize: (() => undefined) as unknown as () => boolean });
    for (const { url } of [throws, forgets]) {
      const response = await ask(url);
      expect([response.statusCode, await text(response)]).toEqual([500, '']);
    }
    expect(onError.mock.calls.map(([error]) => (error as Error).message)).toEqual([
      'secret',
      expect.stringMatching(/must return/),
    ]);
  });

  it('refuses clients beyond maxClients, and says when to come again', async () => {
    const { channel, url } = await stage({ maxClients: 1, retryAfter: 7 });
    const first = await ask(url);
    const second = await ask(url);
    expect([second.statusCode, second.headers['retry-after']]).toEqual([503, '7']);
    first.destroy();
    await until(() => channel.clientCount === 0);
    expect((await ask(url)).statusCode).toBe(200);
  });

  it('notices a client that leaves while the hook decides, and keeps no connection', async () => {
    const channel = new SseChannel();
    // The hook answers when the client has gone.
    const authorize = ({ socket }: HttpRequest): Promise<boolean> => once(socket, 'close').then(() => true);
    let answered: Promise<boolean> | undefined;
    const { port } = await serve((request, response) => {
      answered = channel.attach(request, response, { authorize });
      socket.destroy();
    });
    const socket = connect(port, '127.0.0.1');
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    await until(() => answered !== undefined);
    expect(await answered).toBe(false);
    expect(channel.clientCount).toBe(0);
  });

  it('ends with the closing event, whose payload is null, and answers 204 from then on', async () => {
    const { channel, url } = await stage();
    const response = await ask(url);
    say(channel, 'a');
    const read = text(response);
    await channel.close();
    expect(await read).toMatch(/event: a\n.*\n\nevent: _eric_channel_closed\ndata: null\n\n$/);
    const later = await ask(url);
    expect([later.statusCode, await text(later)]).toEqual([204, '']);
  });

  it('disconnects for a restart: clients reconnect to a channel that goes on from the snapshot', async () => {
    const before = new SseChannel();
    let current = before;
    const { url } = await serve((request, response) => void current.attach(request, response));
    const client = new SseClient(url, { retry: 1 });
    const events = client[Symbol.asyncIterator]();
    const first = events.next();
    await until(() => before.clientCount === 1);
    say(before, 'a');
    expect((await first).value).toMatchObject({ type: 'a' });
    say(before, 'b');
    await before.disconnect();
    current = new SseChannel({ snapshot: before.snapshot() });
    say(current, 'c');
    expect([await events.next(), await events.next()]).toMatchObject([
      { value: { type: 'b' } },
      { value: { type: 'c' } },
    ]);
    client.close();
  });

  it('gives a client what its filter lets through', async () => {
    const { channel, url } = await stage({}, { filter: ({ type }, { url: path }) => path?.includes(type) ?? false });
    const response = await ask(`${url}?only=b`);
    say(channel, 'a', 'b', 'c', 'b');
    const read = await readUntil(response, '-4\n');
    expect(read.match(/event: ./g)).toEqual(['event: b', 'event: b']);
  });

  it('gives a client one listener, which keeps what comes while the client is away', async () => {
    const channel = new SseChannel();
    const listener = channel.addListener();
    const { url } = await serve(channel.handler({ listener: () => listener }));
    channel.dispatch(listener.id, new Message('a'));
    const response = await ask(url);
    expect(await readUntil(response, 'data: null\n\n')).toMatch(
      /^retry: 2000\nid: (.+)-0\n\nid: \1-1\nevent: a\ndata: null\n\n$/,
    );
    response.destroy();
    await until(() => !listener.isRunning);
    channel.dispatch(listener.id, new Message('b'));
    channel.dispatch(listener.id, new Message('_eric_channel_closed'));
    expect(await text(await ask(url))).toMatch(/event: b\ndata: null\n\nevent: _eric_channel_closed\ndata: null\n\n$/);
  });

  it('leaves out a message of a listener that cannot be sent, and reports why', async () => {
    const onError = vi.fn();
    const channel = new SseChannel({ onError });
    const listener = channel.addListener();
    const dropped = vi.fn();
    listener.on('dropped', dropped);
    const { url } = await serve(channel.handler({ listener: () => listener }));
    const bad = new Message('a', 1n);
    channel.dispatch(listener.id, bad);
    channel.dispatch(listener.id, new Message('b', 1));
    expect(await readUntil(await ask(url), 'event: b')).not.toContain('event: a');
    expect(dropped).toHaveBeenCalledExactlyOnceWith([bad]);
    expect(onError).toHaveBeenCalledOnce();
  });

  it('ends the clients of a listener that cannot handle a message, which waits for them', async () => {
    const onError = vi.fn();
    const channel = new SseChannel({ onError });
    let isBroken = true;
    const onMessage = (): void => {
      if (isBroken) throw new RangeError('on purpose');
    };
    const listener = channel.addListener({ onMessage });
    const { url } = await serve(channel.handler({ listener: () => listener }));
    channel.dispatch(listener.id, new Message('a'));
    await expect(ask(url).then(text)).rejects.toThrow();
    expect(onError).toHaveBeenCalledOnce();
    expect(channel.clientCount).toBe(0);
    isBroken = false;
    await readUntil(await ask(url), 'event: a');
  });

  it("waits for a listener's client that does not read: the rest stays in the queue", async () => {
    const channel = new SseChannel({ listener: { capacity: Infinity } });
    const listener = channel.addListener();
    const { url } = await serve(channel.handler({ listener: () => listener }));
    const payload = 'x'.repeat(1e6);
    for (let index = 0; index < 50; index++) channel.dispatch(listener.id, new Message('a', payload));
    const given = vi.fn();
    listener.on('message', given);
    const response = await ask(url);
    await until(() => given.mock.calls.length > 0);
    channel.dispatch(listener.id, new Message('_eric_channel_closed'));
    expect(given.mock.calls.length).toBeLessThan(50);
    expect((await text(response)).match(/event: a/g)).toHaveLength(50);
  });
});

describe('The faults of the original are gone on the wire:', () => {
  it('a payload is JSON; retry is told once, and is no 5 ms; every event has an id', async () => {
    const { channel, url } = await stage();
    const response = await ask(url);
    channel.broadcast(new Message('a', { it: 'is', n: [null, true] }));
    channel.broadcast(new Message('b', 'text'));
    const read = await readUntil(response, 'data: "text"');
    expect(read.match(/retry: .*/g)).toEqual(['retry: 2000']);
    expect(read.match(/data: .*/g)).toEqual(['data: {"it":"is","n":[null,true]}', 'data: "text"']);
    expect(read.match(/id: /g)).toHaveLength(3);
  });

  it('a message without payload, and that of the end, reach the client as events', async () => {
    const { channel, url } = await stage({ serializer: () => '' });
    const client = new SseClient(url);
    const events = client[Symbol.asyncIterator]();
    const first = events.next();
    await until(() => channel.clientCount === 1);
    channel.broadcast(new Message('nothing'));
    expect((await first).value).toMatchObject({ type: 'nothing', data: '' });
    channel.notifyEnd();
    expect((await events.next()).value).toMatchObject({ type: '_eric_channel_closed', data: '' });
    client.close();
  });

  it('a client that hears nothing hears a heartbeat', async () => {
    const { channel, url } = await stage({ heartbeat: 5 });
    const response = await ask(url);
    expect(await readUntil(response, '\n:\n')).not.toContain('data');
    expect(channel.clientCount).toBe(1);
  });

  it('a client that has gone is gone: no connection and no queue is left of it', async () => {
    const { channel, url } = await stage();
    const responses = await Promise.all(Array.from({ length: 20 }, () => ask(url)));
    expect(channel.clientCount).toBe(20);
    for (const response of responses) response.destroy();
    await until(() => channel.clientCount === 0);
    expect(channel.listeners).toEqual([]);
  });
});

describe('A channel over HTTP/2', () => {
  it('streams, replays, and notices that a client has gone', async () => {
    const channel = new SseChannel();
    const server = createHttp2Server(channel.handler()).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const session = connectHttp2(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    onTestFinished(() => {
      session.destroy();
      server.close();
    });
    channel.broadcast(new Message('a', 1, { id: '1' }));
    say(channel, 'b');
    const stream = session.request({ ':path': '/', 'last-event-id': '1' });
    const [headers] = (await once(stream, 'response')) as [Record<string, unknown>];
    expect([headers[':status'], headers['content-type']]).toEqual([200, 'text/event-stream']);
    expect(headers).not.toHaveProperty('connection');
    say(channel, 'c');
    let read = '';
    for await (const chunk of stream) {
      read += String(chunk);
      if (read.includes('event: c')) break;
    }
    expect(read.match(/event: ./g)).toEqual(['event: b', 'event: c']);
    stream.close();
    await until(() => channel.clientCount === 0);
  });
});

describe('A channel behind Fetch', () => {
  it('answers with a Response, and with refusals', async () => {
    const channel = new SseChannel();
    const answer = (init: RequestInit = {}): Promise<Response> => channel.toResponse(new Request('http://x/', init));
    const response = await answer();
    expect([response.status, response.headers.get('content-type')]).toEqual([200, 'text/event-stream']);
    say(channel, 'a');
    await channel.close();
    expect(await response.text()).toMatch(/event: a\n(.*\n)+event: _eric_channel_closed\ndata: null\n\n$/);
    expect([(await answer()).status, (await answer()).body]).toEqual([204, null]);
    const other = new SseChannel();
    const html = await other.toResponse(new Request('http://x/', { headers: { accept: 'text/html' } }));
    expect([html.status, await html.text()]).toEqual([406, 'Here are events only. Accept text/event-stream.\n']);
    const refused = await other.toResponse(new Request('http://x/'), { authorize: () => false });
    expect(refused.status).toBe(403);
  });

  it('notices a client that cancels or aborts, and one that had left before', async () => {
    const channel = new SseChannel();
    const cancelled = await channel.toResponse(new Request('http://x/'));
    const ending = new AbortController();
    await channel.toResponse(new Request('http://x/', { signal: ending.signal }));
    expect(channel.clientCount).toBe(2);
    await cancelled.body?.cancel();
    ending.abort();
    expect(channel.clientCount).toBe(0);
    await channel.toResponse(new Request('http://x/', { signal: ending.signal }));
    expect(channel.clientCount).toBe(0);
  });

  it('holds the channel back while a client does not read, as patience says, and ends one that is too slow', async () => {
    const slow = { maxClientBytes: 100_000, slowClients: 'close', patience: 5000, history: { limit: 1 } } as const;
    const channel = new SseChannel(slow);
    const response = await channel.toResponse(new Request('http://x/'));
    const payload = 'x'.repeat(10_000);
    channel.broadcast(new Message('a', payload));
    channel.broadcast(new Message('a', payload));
    let isReady = false;
    const ready = channel.ready().then(() => (isReady = true));
    await new Promise((resolve) => setImmediate(resolve));
    expect(isReady).toBe(false);
    const reader = response.body!.getReader();
    for (let index = 0; index < 3; index++) await reader.read();
    await ready;
    for (let index = 0; index < 20; index++) channel.broadcast(new Message('a', payload));
    expect(channel.clientCount).toBe(0);
    await expect(reader.read()).rejects.toThrow('The server has ended the stream');
  });

  it('gives a listener as a stream of the web', async () => {
    const channel = new SseChannel();
    const listener = channel.addListener();
    channel.dispatch(listener.id, new Message('a', { n: 1 }, { id: '1' }));
    const stream = channel.readable(listener);
    channel.notifyEnd();
    const read = await new Response(stream).text();
    const events = 'id: 1\nevent: a\ndata: {"n":1}\n\nevent: _eric_channel_closed\ndata: null\n\n';
    expect(read).toMatch(/^retry: 2000\nid: .+-0\n\n/);
    expect(read.slice(read.indexOf('\n\n') + 2)).toBe(events);
    const other = channel.addListener();
    await channel.readable(other).cancel();
    expect(other.isRunning).toBe(false);
    expect(channel.clientCount).toBe(0);
  });
});
