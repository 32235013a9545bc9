import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { createInterface } from 'node:readline';
import { Messenger } from 'amqp-messenger';
import { Message, SseChannel, SseClient } from 'amqp-messenger/channels';
import { EventSource } from 'eventsource';
import { describe, expect, it, onTestFinished } from 'vitest';
import { start } from '../docs/programs.js';
import { startBroker } from '../support/messengers.js';
import { ask, readUntil, serve, until } from '../support/sse-server.js';

/** Only what hangs takes this long, in milliseconds: the programs share the machine. */
const LIMIT = 60_000;

/** Starts an example, and resolves with the address it prints. */
async function startExample(name: string, ...args: string[]): Promise<string> {
  const { process: program } = start({ onTestFinished }, `examples/channels/${name}.ts`, args);
  const [line] = (await once(createInterface(program.stdout), 'line')) as [string];
  return line;
}

describe('The examples', { timeout: LIMIT }, () => {
  it.each(['http', 'express', 'fastify'])('stream with %s', async (name) => {
    const url = await startExample(name, '0');
    const response = await ask(url);
    expect(response.headers['content-type']).toBe('text/event-stream');
    const read = await readUntil(response, 'event: tick');
    const [known = '', tick = ''] = Array.from(read.matchAll(/^id: (.+)$/gm), ([, id = '']) => id);
    const again = await ask(url, { 'last-event-id': known });
    expect(await readUntil(again, `id: ${tick}\nevent: tick`)).not.toContain('resync');
  });

  it.each(['express', 'fastify'])('refuse with %s', async (name) => {
    const url = await startExample(name, '0');
    expect((await ask(url, { accept: 'text/html' })).statusCode).toBe(406);
    const refused = await ask(url, { authorization: 'Bearer wrong' });
    expect([refused.statusCode, await text(refused)]).toEqual([403, 'This is not for you.\n']);
  });

  it('feed from a broker', async () => {
    const broker = await startBroker();
    const messenger = new Messenger();
    onTestFinished(() => messenger.close());
    const url = await startExample('feed', `${broker.url}/news`, '0');
    const response = await ask(url);
    messenger.put({ address: `${broker.url}/news`, subject: 'created', body: { n: 1 }, id: 'm-1' });
    await messenger.send();
    expect(await readUntil(response, 'data: {"n":1}')).toMatch(/id: m-1\nevent: created\ndata: \{"n":1\}/);
    await until(() => broker.queue('news').accepted === 1);
  });
});

describe('Clients that are not ours', () => {
  it('work: eventsource gets events, and reconnects with the last id', async () => {
    const channel = new SseChannel({ retry: 1 });
    const { url, server } = await serve(channel.handler());
    const source = new EventSource(url);
    onTestFinished(() => source.close());
    const seen: string[] = [];
    source.addEventListener('n', ({ data, lastEventId }) => seen.push(`${lastEventId} ${String(data)}`));
    await until(() => channel.clientCount === 1);
    channel.broadcast(new Message('n', 1, { id: 'a' }));
    await until(() => seen.length === 1);
    server.closeAllConnections();
    channel.broadcast(new Message('n', 2, { id: 'b' }));
    await until(() => seen.length === 2);
    let closed: unknown;
    source.addEventListener('_eric_channel_closed', ({ data }) => {
      closed = data;
      source.close();
    });
    await channel.close();
    await until(() => closed !== undefined);
    expect([seen, closed]).toEqual([['a 1', 'b 2'], 'null']);
  });

  it('work: curl -N prints events as they come', async () => {
    const channel = new SseChannel();
    const { url } = await serve(channel.handler());
    const curl = spawn('curl', ['-sN', url]);
    onTestFinished(() => void curl.kill());
    const lines = createInterface(curl.stdout)[Symbol.asyncIterator]();
    await until(() => channel.clientCount === 1);
    channel.broadcast(new Message('n', 'first'));
    const read: string[] = [];
    while (read.at(-1) !== 'data: "first"') read.push(String((await lines.next()).value));
    await channel.close();
    expect(await once(curl, 'exit')).toEqual([0, null]);
  });

  it('are not fooled: the text of event, id and data stays in its field', async () => {
    const channel = new SseChannel({ serializer: String });
    const { url } = await serve(channel.handler());
    const client = new SseClient(url);
    const evil = 'a\r\nb\nid: x\rdata: y\n\nevent: z\0';
    const received = client[Symbol.asyncIterator]().next();
    await until(() => channel.clientCount === 1);
    channel.broadcast(new Message(evil, evil, { id: 'a\r\nid: b\n\ndata: c' }));
    expect((await received).value).toEqual({
      type: 'abid: xdata: yevent: z\0',
      data: 'a\nb\nid: x\ndata: y\n\nevent: z\0',
      lastEventId: 'aid: bdata: c',
    });
    client.close();
  });
});
