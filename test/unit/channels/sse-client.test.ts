import { describe, expect, it, onTestFinished } from 'vitest';
import { SseClient } from '../../../src/channels/sse-client.js';
import type { SseClientOptions } from '../../../src/channels/sse-client.js';
import type { ServerSentEvent } from '../../../src/channels/event-parser.js';
import { InvalidMessageFormatError, OptionError, SseResponseError } from '../../../src/errors.js';

const URL_OF_EVENTS = 'http://events.test/';

interface Asked {
  readonly method: string;
  readonly headers: Headers;
  readonly body: unknown;
}

type Answer = Response | Error | string;

/** A server that gives its answers in turn, then 204. Text is a stream of events that ends. */
function createClient(
  answers: Answer[],
  options: SseClientOptions = {},
): { client: SseClient; asked: Asked[]; delays: number[] } {
  const asked: Asked[] = [];
  const delays: number[] = [];
  const client = new SseClient(URL_OF_EVENTS, {
    retry: 0,
    onReconnect: (_, delay) => delays.push(delay),
    fetch: (_, { method = 'GET', headers, body } = {}) => {
      asked.push({ method, headers: new Headers(headers), body });
      const answer = answers.shift() ?? new Response(null, { status: 204 });
      if (answer instanceof Error) return Promise.reject(answer);
      return Promise.resolve(typeof answer === 'string' ? stream(answer) : answer);
    },
    ...options,
  });
  onTestFinished(() => client.close());
  return { client, asked, delays };
}

function stream(body: string | ReadableStream, headers: Record<string, string> = {}): Response {
  return new Response(body, { headers: { 'content-type': 'text/event-stream', ...headers } });
}

async function all(client: SseClient): Promise<ServerSentEvent[]> {
  const events: ServerSentEvent[] = [];
  for await (const event of client) events.push(event);
  return events;
}

describe('An SseClient', () => {
  it('gives out the events, reconnects with the last id, and ends at a 204', async () => {
    const { client, asked } = createClient(['id: ü1\ndata: a\n\ndata: b\n\nid: lost\ndata: c', 'data: d\n\n']);
    expect((await all(client)).map(({ data }) => data)).toEqual(['a', 'b', 'd']);
    expect(asked.map(({ headers }) => headers.get('accept'))).toEqual(Array(3).fill('text/event-stream'));
    const ids = asked.map(({ headers }) => headers.get('last-event-id'));
    expect(ids.map((id) => (id === null ? null : Buffer.from(id, 'latin1').toString()))).toEqual([null, 'ü1', 'ü1']);
    expect(client.lastEventId).toBe('ü1');
  });

  it('reconnects with the id of a block without data', async () => {
    const { client, asked } = createClient(['id: 5\n\n']);
    await all(client);
    expect(asked[1]?.headers.get('last-event-id')).toBe('5');
  });

  it('begins after the given id, and sends method, headers and body at each connection', async () => {
    const options = {
      lastEventId: '9',
      method: 'POST',
      body: '{}',
      headers: { authorization: 'Bearer x', accept: 'no' },
    };
    const { client, asked } = createClient(['data: a\n\n'], options);
    await all(client);
    expect(asked).toHaveLength(2);
    for (const { method, headers, body } of asked) {
      expect([method, body, headers.get('authorization'), headers.get('accept')]).toEqual([
        'POST',
        '{}',
        'Bearer x',
        'text/event-stream',
      ]);
      expect(headers.get('last-event-id')).toBe('9');
    }
  });

  it('reconnects after failures that may pass: no connection, 503, 429, a broken stream', async () => {
    const broken = new ReadableStream({ start: (controller) => controller.error(new Error('reset')) });
    const errors: (string | undefined)[] = [];
    const { client } = createClient(
      [
        new TypeError('refused'),
        new Response('', { status: 503 }),
        new Response('', { status: 429 }),
        stream(broken),
        'data: a\n\n',
      ],
      { onReconnect: (error) => errors.push(error?.message) },
    );
    expect(await all(client)).toHaveLength(1);
    expect(errors).toEqual([
      'refused',
      'The server has answered 503.',
      'The server has answered 429.',
      'reset',
      undefined,
    ]);
  });

  it('waits the time that the server sets, doubles it after failures, and never waits longer than maxRetry', async () => {
    const busy = new Response('', { status: 503, headers: { 'retry-after': '0.003' } });
    const { client, delays } = createClient(
      [new Error(), new Error(), new Error(), busy, 'retry: 0\n\n', new Error(), 'retry: 99999999\n\n'],
      { retry: 1, maxRetry: 5 },
    );
    await all(client);
    // The server's 0 counts as 100, which is above the limit.
    expect(delays).toEqual([1, 2, 4, 3, 5, 5, 5]);
  });

  it.each([
    ['404', new Response('', { status: 404 }), 404],
    ['401', new Response('', { status: 401 }), 401],
    ['something else than events', new Response('<html>', { headers: { 'content-type': 'text/html' } }), 200],
  ])('fails when the answer is %s', async (_, answer, status) => {
    const { client } = createClient([answer]);
    const error: unknown = await all(client).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(SseResponseError);
    expect(error).toMatchObject({ code: 'ERR_CONNECTION', status });
  });

  it('fails when an event is too large', async () => {
    const { client } = createClient(['data: 0123456789\n\n'], { maxEventSize: 10 });
    await expect(all(client)).rejects.toThrow(InvalidMessageFormatError);
  });

  it('ends at close, by its signal, and by break; the next loop goes on from there', async () => {
    const ending = new AbortController();
    const { client, asked } = createClient(['id: 1\ndata: a\n\nid: 2\ndata: b\n\n', 'data: c\n\ndata: d\n\n'], {
      signal: ending.signal,
    });
    for await (const { data } of client) {
      expect(data).toBe('a');
      break;
    }
    const seen: string[] = [];
    for await (const { data } of client) {
      seen.push(data);
      ending.abort();
    }
    expect(asked[1]?.headers.get('last-event-id')).toBe('1');
    expect([seen, await all(client)]).toEqual([['c'], []]);
  });

  it('ends while it waits to reconnect', async () => {
    const { client } = createClient([new Error('refused')], { retry: 60_000, onReconnect: () => client.close() });
    expect(await all(client)).toEqual([]);
  });

  it('sends no id that a header cannot hold', async () => {
    const { client, asked } = createClient(['id: a\x01b\ndata: a\n\n']);
    await all(client);
    expect(asked[1]?.headers.has('last-event-id')).toBe(false);
  });

  it('refuses an address that is no URL and times that are no numbers', () => {
    expect(() => new SseClient('/events')).toThrow(OptionError);
    expect(() => new SseClient(URL_OF_EVENTS, { retry: -1 })).toThrow(OptionError);
  });
});
