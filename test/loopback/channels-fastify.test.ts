import { createRequire } from 'node:module';
import { text } from 'node:stream/consumers';
import { Message, SseChannel, SseClient } from 'amqp-messenger/channels';
import express from 'express';
import type { RequestHandler } from 'express';
import { fastify } from 'fastify';
import type { FastifyInstance, FastifyPluginCallback, FastifyRequest } from 'fastify';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ask, readUntil, serve, until } from '../support/sse-server.js';

const load = createRequire(import.meta.url);
// Neither has types that come with it, and both are what they are called.
const cors = load('@fastify/cors') as FastifyPluginCallback<{ origin: boolean; credentials: boolean }>;
const compression = load('compression') as () => RequestHandler;

const ORIGIN = 'http://page.test';

async function start(
  channel: SseChannel,
  authorize: (request: FastifyRequest) => boolean,
): Promise<[FastifyInstance, string]> {
  const app = fastify();
  await app.register(cors, { origin: true, credentials: true });
  app.get('/events', (request, reply) => channel.fastify(request, reply, { authorize }));
  app.addHook('preClose', () => channel.disconnect());
  onTestFinished(() => app.close());
  return [app, `${await app.listen({ port: 0, host: '127.0.0.1' })}/events`];
}

describe('A channel behind Fastify', () => {
  it('sends the headers that plugins have set: a page of another origin may read the stream', async () => {
    const channel = new SseChannel();
    const [, url] = await start(channel, () => true);
    const response = await ask(url, { origin: ORIGIN });
    expect(response.headers).toMatchObject({
      'access-control-allow-origin': ORIGIN,
      'access-control-allow-credentials': 'true',
      vary: 'Origin',
      'content-type': 'text/event-stream',
    });
    channel.broadcast(new Message('n', 1));
    await readUntil(response, 'data: 1');
  });

  it('asks hooks with the request of Fastify, refuses with those headers, and gives Fastify what a hook throws', async () => {
    const verdicts: Record<string, () => boolean> = {
      no: () => false,
      bad: () => {
        throw new RangeError('on purpose');
      },
    };
    const authorize = ({ query }: FastifyRequest): boolean => {
      const name = typeof query === 'object' && query !== null && 'as' in query ? String(query.as) : '';
      return verdicts[name]?.() ?? true;
    };
    const [, url] = await start(new SseChannel({ onError: () => undefined }), authorize);
    const refused = await ask(`${url}?as=no`, { origin: ORIGIN });
    expect([refused.statusCode, refused.headers['access-control-allow-origin']]).toEqual([403, ORIGIN]);
    const failed = await ask(`${url}?as=bad`);
    expect([failed.statusCode, JSON.parse(await text(failed))]).toMatchObject([500, { message: 'on purpose' }]);
  });

  it('closes though clients reconnect again and again', async () => {
    const channel = new SseChannel({ retry: 1 });
    const [app, url] = await start(channel, () => true);
    const client = new SseClient(url, { retry: 1 });
    onTestFinished(() => client.close());
    void (async () => {
      for await (const event of client) if (event.type === 'never') return;
    })().catch(() => undefined);
    await until(() => channel.clientCount === 1);
    await app.close();
    expect(channel.clientCount).toBe(0);
  });
});

describe('A channel behind Express with compression', () => {
  it('sends events at once, as they are', async () => {
    const channel = new SseChannel();
    const app = express();
    app.use(compression());
    app.get('/', channel.handler());
    const { url } = await serve(app);
    const response = await ask(url, { 'accept-encoding': 'gzip' });
    channel.broadcast(new Message('n', 'x'.repeat(5000)));
    await readUntil(response, 'x'.repeat(5000));
    expect(response.headers).not.toHaveProperty('content-encoding');
  });
});

describe('The headers of a stream', () => {
  it('are replaced by those that are given, whatever their case', async () => {
    const channel = new SseChannel();
    const { url } = await serve(channel.handler({ headers: { 'Cache-Control': 'no-store', 'x-mine': '1' } }));
    const { headers } = await ask(url);
    expect(headers).toMatchObject({ 'cache-control': 'no-store', 'x-mine': '1', 'x-accel-buffering': 'no' });
    const response = await channel.toResponse(new Request(url), { headers: { 'cache-control': 'no-store' } });
    expect(response.headers.get('cache-control')).toBe('no-store');
    await response.body?.cancel();
  });
});
