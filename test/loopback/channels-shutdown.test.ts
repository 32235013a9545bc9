import { Agent, get } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { connect as connectHttp2, createServer as createHttp2Server } from 'node:http2';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { Message, SseChannel, SseClient } from 'amqp-messenger/channels';
import type { FeedDelivery } from 'amqp-messenger/channels';
import { EventSource } from 'eventsource';
import { describe, expect, it, onTestFinished } from 'vitest';
import { serve, until } from '../support/sse-server.js';

/** One connection that is kept open, for one request after the other. */
function keepAlive(): (url: string) => Promise<IncomingMessage> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  onTestFinished(() => agent.destroy());
  return async (url) => ((await once(get(url, { agent }), 'response')) as [IncomingMessage])[0];
}

describe('Disconnecting', () => {
  it('lets a server close though its clients keep their connections and reconnect over them', async () => {
    const channel = new SseChannel({ retry: 1 });
    const { server, url } = await serve(channel.handler());
    const client = new SseClient(url, { retry: 1 });
    onTestFinished(() => client.close());
    let problem: Error | undefined;
    const loop = (async () => {
      for await (const event of client) if (event.type === 'never') return;
    })().catch((error: unknown) => (problem = error as Error));
    const foreign = new EventSource(url);
    onTestFinished(() => foreign.close());
    await until(() => channel.clientCount === 2);
    const closed = new Promise((resolve) => server.close(resolve));
    await channel.disconnect();
    expect(channel.clientCount).toBe(0);
    await closed;
    expect([problem, foreign.readyState === foreign.CLOSED]).toEqual([undefined, false]);
    client.close();
    await loop;
  });

  it('tells a client that connects meanwhile to reconnect, and ends the connection', async () => {
    const channel = new SseChannel({ retry: 123 });
    const { url } = await serve(channel.handler());
    await channel.disconnect();
    const response = await keepAlive()(url);
    const { socket } = response;
    expect([response.statusCode, response.headers['content-type'], response.headers.connection]).toEqual([
      200,
      'text/event-stream',
      'close',
    ]);
    expect(await text(response)).toBe('retry: 123\n\n');
    if (!socket.closed) await once(socket, 'close');
    expect(channel.clientCount).toBe(0);
    expect(await (await channel.toResponse(new Request(url))).text()).toBe('retry: 123\n\n');
  });

  it('ends the connection of a client after everything it has to get', async () => {
    const channel = new SseChannel();
    const { url } = await serve(channel.handler());
    const response = await keepAlive()(url);
    const { socket } = response;
    for (let n = 0; n < 100; n++) channel.broadcast(new Message('n', 'x'.repeat(10_000)));
    const disconnected = channel.disconnect();
    expect((await text(response)).match(/event: n/g)).toHaveLength(100);
    await disconnected;
    if (!socket.closed) await once(socket, 'close');
  });

  it('ends a connection whose client does not end it', async () => {
    const channel = new SseChannel();
    const { url, server } = await serve(channel.handler());
    const response = await keepAlive()(url);
    response.socket.allowHalfOpen = true;
    const ended = once(response.socket, 'end');
    await channel.disconnect();
    await text(response);
    const closed = new Promise((resolve) => server.close(resolve));
    await ended;
    await closed;
  });

  it('stops the feeds first: what was not broadcast is released, and in the snapshot is what was', async () => {
    const channel = new SseChannel();
    const outcomes: string[] = [];
    let arrive: (delivery: FeedDelivery) => void = () => undefined;
    async function* source(): AsyncGenerator<FeedDelivery> {
      for (;;) yield await new Promise<FeedDelivery>((resolve) => (arrive = resolve));
    }
    const delivery = (body: string): FeedDelivery => ({
      message: { body },
      accept: () => outcomes.push(`accept ${body}`),
      release: () => outcomes.push(`release ${body}`),
    });
    const feed = channel.feed(source());
    await new Promise((resolve) => setImmediate(resolve));
    arrive(delivery('a'));
    await until(() => outcomes.length === 1);
    const disconnected = channel.disconnect();
    arrive(delivery('b'));
    await Promise.all([disconnected, channel.disconnect(), feed.done]);
    await until(() => outcomes.length === 2);
    expect(outcomes).toEqual(['accept a', 'release b']);
    expect(channel.snapshot().events).toHaveLength(1);
  });

  it('ends a session of HTTP/2 when its other streams are done', async () => {
    const [channel, other] = [new SseChannel({ retry: 7 }), new SseChannel()];
    const server = createHttp2Server((request, response) => {
      void (request.url === '/other' ? other : channel).attach(request, response);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const session = connectHttp2(url);
    onTestFinished(() => session.destroy());
    session.request({ ':path': '/' }).resume();
    const staying = session.request({ ':path': '/other' });
    await until(() => channel.clientCount + other.clientCount === 2);
    const closed = new Promise((resolve) => server.close(resolve));
    const goodbye = once(session, 'goaway');
    await channel.disconnect();
    await goodbye;
    other.broadcast(new Message('still', 'here'));
    let read = '';
    for await (const chunk of staying) {
      read += String(chunk);
      if (read.includes('still')) break;
    }
    await other.disconnect();
    await closed;
    const newcomer = connectHttp2(url);
    await expect(once(newcomer, 'connect')).rejects.toThrow();
  });

  it('also happens when a channel closes: the connection ends after the closed event, and after 204', async () => {
    const channel = new SseChannel();
    const { server, url } = await serve(channel.handler());
    const [response, later] = [await keepAlive()(url), keepAlive()];
    await channel.close();
    expect(await text(response)).toContain('_eric_channel_closed');
    const refused = await later(url);
    expect([refused.statusCode, refused.headers.connection]).toEqual([204, 'close']);
    refused.resume();
    await new Promise((resolve) => server.close(resolve));
  });
});

describe('A client that comes back after disconnect', () => {
  it('gets from the next channel the events it has missed, each once', async () => {
    let channel = new SseChannel({ retry: 1 });
    const { url } = await serve((request, response) => void channel.attach(request, response));
    const client = new SseClient(url, { retry: 1 });
    onTestFinished(() => client.close());
    const seen: string[] = [];
    void (async () => {
      for await (const { data } of client) seen.push(data);
    })();
    await until(() => channel.clientCount === 1);
    const numbers = Array.from({ length: 30 }, (_, n) => `${n}`);
    for (const n of numbers) {
      channel.broadcast(new Message('n', Number(n)));
      if (Number(n) % 10 !== 5) continue;
      await channel.disconnect();
      // As in a process that starts anew.
      channel = new SseChannel({ retry: 1, snapshot: channel.snapshot() });
    }
    await until(() => seen.length >= numbers.length);
    expect(seen).toEqual(numbers);
  });
});
