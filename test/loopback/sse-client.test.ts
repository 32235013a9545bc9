import { getEventListeners } from 'node:events';
import type { ServerResponse } from 'node:http';
import { SseClient, SseResponseError, TimeoutError } from 'amqp-messenger/channels';
import type { ServerSentEvent, SseClientOptions } from 'amqp-messenger/channels';
import { describe, expect, it, onTestFinished } from 'vitest';
import { serve, until } from '../support/sse-server.js';

interface Stage {
  readonly client: SseClient;
  /** The `Last-Event-ID` of each request. */
  readonly asked: (string | undefined)[];
}

const EVENTS = { 'content-type': 'text/event-stream' };

/** A server that gives each request the next answer, and 204 when there is none left. */
async function stage(
  answers: (string | ((response: ServerResponse) => void))[],
  options: SseClientOptions = {},
): Promise<Stage> {
  const asked: (string | undefined)[] = [];
  const { url } = await serve((request, response) => {
    const id = request.headers['last-event-id'];
    asked.push(typeof id === 'string' ? Buffer.from(id, 'latin1').toString() : undefined);
    const answer = answers.shift();
    if (answer === undefined) response.writeHead(204).end();
    else if (typeof answer === 'string') response.writeHead(200, EVENTS).end(answer);
    else answer(response);
  });
  const client = new SseClient(url, { retry: 1, ...options });
  onTestFinished(() => client.close());
  return { client, asked };
}

async function all(client: SseClient): Promise<ServerSentEvent[]> {
  const events: ServerSentEvent[] = [];
  for await (const event of client) events.push(event);
  return events;
}

describe('The id of the last event (HTML standard, §9.2.6)', () => {
  it.each([
    ['an event', 'id: 1\ndata: a\n\nid\ndata: b\n\n'],
    ['a block without data', 'id: 1\ndata: a\n\nid:\n\n'],
  ])('is taken back by an empty one in %s', async (_, text) => {
    const { client, asked } = await stage([text]);
    await all(client);
    expect([asked, client.lastEventId]).toEqual([[undefined, undefined], '']);
  });

  it('is the id of later events without one, also after a reconnect', async () => {
    const { client, asked } = await stage(['id: 1\ndata: a\n\n', 'data: b\n\n', 'data: c\n\nid: 2\ndata: d\n\n']);
    expect((await all(client)).map(({ data, lastEventId }) => `${data} ${lastEventId}`)).toEqual([
      'a 1',
      'b 1',
      'c 1',
      'd 2',
    ]);
    expect(asked).toEqual([undefined, '1', '1', '2']);
  });

  it('begins with the option lastEventId', async () => {
    const { client } = await stage(['data: a\n\n'], { lastEventId: 'é9' });
    expect(await all(client)).toMatchObject([{ data: 'a', lastEventId: 'é9' }]);
  });
});

describe('The type of an answer', () => {
  it.each(['text/event-stream', 'Text/Event-Stream;charset=utf-8', 'text/event-stream ; x=y'])(
    'is %s',
    async (type) => {
      const { client } = await stage([
        (response) => response.writeHead(200, { 'content-type': type }).end('data: a\n\n'),
      ]);
      expect(await all(client)).toHaveLength(1);
    },
  );

  it.each(['text/event-stream-not', 'text/event-stream.x', 'text/event-streams', 'application/json', ''])(
    'is not %s',
    async (type) => {
      const { client } = await stage([
        (response) => response.writeHead(200, { 'content-type': type }).end('data: a\n\n'),
      ]);
      await expect(all(client)).rejects.toThrow(SseResponseError);
    },
  );
});

describe('A signal', () => {
  it.each<[string, (response: ServerResponse) => void]>([
    ['204', (response) => response.writeHead(204).end()],
    ['404', (response) => response.writeHead(404).end()],
    ['an event that is too large', (response) => response.writeHead(200, EVENTS).end(`data: ${'x'.repeat(100)}\n\n`)],
  ])('has no listener left of a loop that has ended by %s, nor of a client that was never used', async (_, answer) => {
    const { signal } = new AbortController();
    const { client } = await stage([answer], { signal, maxEventSize: 50 });
    await all(client).catch(() => undefined);
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });

  it('has no listener of a loop that was left, one for all loops that go on, and ends each of those', async () => {
    const ending = new AbortController();
    const streams = (response: ServerResponse): void => void response.writeHead(200, EVENTS).write('data: a\n\n');
    const { client } = await stage([streams, streams, streams], { signal: ending.signal });
    for await (const { data } of client) {
      expect(data).toBe('a');
      break;
    }
    expect(getEventListeners(ending.signal, 'abort')).toEqual([]);
    const others = [client[Symbol.asyncIterator](), client[Symbol.asyncIterator]()];
    for (const loop of others) await loop.next();
    expect(getEventListeners(ending.signal, 'abort')).toHaveLength(1);
    const waiting = others.map((loop) => loop.next());
    ending.abort();
    expect(await Promise.all(waiting)).toEqual(Array(2).fill({ done: true, value: undefined }));
    expect(getEventListeners(ending.signal, 'abort')).toEqual([]);
  });
});

describe('The time until a reconnect', () => {
  it.each<[string, string | ((response: ServerResponse) => void), SseClientOptions]>([
    ['retry of the server', 'retry: 3000000000\ndata: x\n\n', { maxRetry: Infinity }],
    ['retry of the server, of 400 digits', `retry: ${'9'.repeat(400)}\n\n`, { maxRetry: Infinity }],
    ['Retry-After', (response) => response.writeHead(503, { 'retry-after': '2592000' }).end(), { maxRetry: Infinity }],
    ['retry and maxRetry', (response) => response.writeHead(503).end(), { retry: 2 ** 31, maxRetry: 2 ** 31 }],
  ])('beyond what a timer can keep (%s) is no storm of requests', async (_, answer, options) => {
    let delay: number | undefined;
    const { client, asked } = await stage([answer, answer, answer], {
      ...options,
      onReconnect: (_error, ms) => (delay = ms),
    });
    const loop = all(client);
    await until(() => delay !== undefined);
    // A timer that cannot be kept fires after a millisecond.
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect([asked.length, (delay ?? 0) >= 2 ** 31]).toEqual([1, true]);
    client.close();
    await loop;
  });
});

describe('A server that says nothing', () => {
  it.each<[string, (response: ServerResponse) => void]>([
    ['after an event', (response) => response.writeHead(200, EVENTS).write('id: 1\ndata: a\n\n')],
    ['not even what it answers', () => undefined],
  ])('%s is taken for dead, and asked again', async (_, answer) => {
    const problems: (Error | undefined)[] = [];
    const { client } = await stage([answer, 'data: b\n\n'], {
      idleTimeout: 50,
      onReconnect: (error) => problems.push(error),
    });
    expect((await all(client)).at(-1)?.data).toBe('b');
    expect(problems[0]).toBeInstanceOf(TimeoutError);
  });

  it('but comments is alive, and the time that the loop takes does not count', async () => {
    const problems: (Error | undefined)[] = [];
    const comments = (response: ServerResponse): void => {
      response.writeHead(200, EVENTS).write('data: a\n\n');
      let left = 10;
      const beating = setInterval(() => {
        response.write(':\n\n');
        left--;
        if (left > 0) return;
        clearInterval(beating);
        response.end('data: b\n\n');
      }, 20);
    };
    const { client } = await stage([comments], { idleTimeout: 150, onReconnect: (error) => problems.push(error) });
    const seen: string[] = [];
    for await (const { data } of client) {
      seen.push(data);
      if (data === 'a') await new Promise((resolve) => setTimeout(resolve, 160));
    }
    expect([seen, problems]).toEqual([['a', 'b'], [undefined]]);
  });
});
