import { readFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { Message, SseChannel } from 'amqp-messenger/channels';
import { EventFeed } from 'amqp-messenger/channels/browser';
import type { EventFeedOptions } from 'amqp-messenger/channels/browser';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { serve, until } from '../support/sse-server.js';

interface Page {
  readonly feed: EventFeed;
  readonly seen: string[];
  readonly states: string[];
}

function open(url: string, options: EventFeedOptions = {}, types: string[] = ['n', 'message']): Page {
  const feed = new EventFeed(url, { retry: 1, ...options });
  onTestFinished(() => feed.close());
  const page: Page = { feed, seen: [], states: [] };
  for (const type of types) {
    feed.addEventListener(type, (event) => page.seen.push(`${event.type} ${String((event as MessageEvent).data)}`));
  }
  for (const type of ['open', 'error'])
    feed.addEventListener(type, () => page.states.push(`${type} ${feed.readyState}`));
  return page;
}

const STREAM = { 'content-type': 'text/event-stream' };

describe("The page's side of a channel", () => {
  it('reconnects after a 502 and after a lost connection, and gets every event once', async () => {
    const channel = new SseChannel({ retry: 1 });
    let isAway = false;
    const { url, server } = await serve((request, response) => {
      if (isAway) response.writeHead(502).end();
      else channel.handler()(request, response);
    });
    const { feed, seen, states } = open(url);
    await until(() => channel.clientCount === 1);
    for (let n = 0; n < 5; n++) channel.broadcast(new Message('n', n));
    await until(() => seen.length === 5);
    isAway = true;
    server.closeAllConnections();
    for (let n = 5; n < 10; n++) channel.broadcast(new Message('n', n));
    await until(() => states.length >= 4);
    isAway = false;
    await until(() => seen.length >= 10);
    expect(seen).toEqual(Array.from({ length: 10 }, (_, n) => `n ${n}`));
    expect([states[0], states[1], states.at(-1), feed.readyState]).toEqual(['open 1', 'error 0', 'open 1', 1]);
  });

  it.each([204, 403, 404])('is closed for good by %i', async (status) => {
    const { url } = await serve((_, response) => response.writeHead(status).end());
    const { states } = open(url);
    await until(() => states.length > 0);
    expect(states).toEqual(['error 2']);
  });

  it('reconnects to a server that sends nothing', async () => {
    let requests = 0;
    const { url } = await serve((_, response) => {
      requests++;
      if (requests === 1) response.writeHead(200, STREAM).write('id: 1\n\n');
      else response.writeHead(200, STREAM).write('data: b\n\n');
    });
    const { seen } = open(url, { idleTimeout: 50 });
    await until(() => seen.includes('message b'));
  });

  it('reads a stream however it is cut: line ends, types, lines of data, ids, comments, retry', async () => {
    const text =
      'retry: 1\r\n: comment\r\nid: é/1&\r\n\r\ndata:a\rdata: b\r\revent: n\ndata\ndata:  c: d\nid: 2\nother: x\n\nid\n\ndata: e\n\n';
    const asked: string[] = [];
    const answers: ((response: ServerResponse) => void)[] = [
      (response) => {
        response.writeHead(200, STREAM);
        const bytes = Buffer.from(text);
        const writeNext = (at: number): void => {
          if (at === bytes.length) response.end();
          else response.write(bytes.subarray(at, at + 1), () => setImmediate(writeNext, at + 1));
        };
        writeNext(0);
      },
      (response) => response.writeHead(200, STREAM).end('id: é/1&\n\n'),
      (response) => response.writeHead(204).end(),
    ];
    const { url } = await serve((request, response) => {
      asked.push(request.url ?? '');
      answers.shift()?.(response);
    });
    const { feed, seen, states } = open(`${url}?a=b`, { lastEventId: 'x' });
    await until(() => states.at(-1) === 'error 2');
    expect(seen).toEqual(['message a\nb', 'n \n c: d', 'message e']);
    expect([asked, feed.lastEventId]).toEqual([
      ['/?a=b&lastEventId=x', '/?a=b', '/?a=b&lastEventId=%C3%A9%2F1%26'],
      'é/1&',
    ]);
  });

  it('ends at close, also while it waits to reconnect', async () => {
    const channel = new SseChannel();
    const { url } = await serve(channel.handler());
    const { feed, seen } = open(url);
    await until(() => channel.clientCount === 1);
    feed.close();
    await until(() => channel.clientCount === 0);
    channel.broadcast(new Message('n', 1));
    const away = open('http://127.0.0.1:1/', { retry: 60_000 });
    await until(() => away.states.length === 1);
    away.feed.close();
    expect([seen, feed.readyState, away.feed.readyState]).toEqual([[], 2, 2]);
  });

  it('shares one connection with other pages, and another goes on when the one that has it is closed', async () => {
    // Web Locks, as far as they are used: whoever asked first has it until its work is done.
    let last: Promise<unknown> = Promise.resolve();
    const request = (_name: string, { signal }: { signal: AbortSignal }, work: () => Promise<void>): Promise<void> => {
      const turn = last.then(() => (signal.aborted ? undefined : work()));
      last = turn;
      return turn;
    };
    vi.stubGlobal('navigator', { locks: { request } });
    onTestFinished(() => void vi.unstubAllGlobals());
    const channel = new SseChannel();
    const { url } = await serve(channel.handler());
    const pages = [open(url, { share: true }), open(url, { share: true }), open(url, { share: true })];
    await until(() => channel.clientCount === 1);
    const [first, ...others] = pages;
    for (let n = 0; n < 5; n++) channel.broadcast(new Message('n', n));
    await until(() => pages.every(({ seen }) => seen.length >= 5));
    expect(channel.clientCount).toBe(1);
    first?.feed.close();
    await until(() => channel.clientCount === 0);
    for (let n = 5; n < 10; n++) channel.broadcast(new Message('n', n));
    await until(() => others.every(({ seen }) => seen.length >= 10));
    expect(channel.clientCount).toBe(1);
    for (const { seen } of others) expect(seen).toEqual(Array.from({ length: 10 }, (_, n) => `n ${n}`));
    expect(first?.seen).toHaveLength(5);
  });

  it('is less than 2 KB as a browser gets it, and imports nothing', () => {
    const file = readFileSync(fileURLToPath(new URL('../../dist/channels/browser.js', import.meta.url)));
    expect(gzipSync(file).length).toBeLessThan(2048);
    expect(file.toString()).not.toMatch(/\bimport\b/);
  });
});
