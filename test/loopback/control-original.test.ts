import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import {
  InvalidChannelError,
  InvalidListenerError,
  Message,
  OptionError,
  SocketClient,
  SocketServer,
  SseChannelContainer,
} from 'amqp-messenger/channels';
import type { SocketClientOptions } from 'amqp-messenger/channels';
import { describe, expect, it, onTestFinished } from 'vitest';
import { until } from '../support/sse-server.js';

/** A server that speaks the protocol of eric-sse and no other, as the original does. */
async function stage(
  options: Partial<SocketClientOptions> = {},
): Promise<{ client: SocketClient; container: SseChannelContainer }> {
  const container = new SseChannelContainer();
  const server = await new SocketServer({ port: 0, container, protocol: 'legacy' }).start();
  const { port } = server.address as { port: number };
  const client = new SocketClient({ port, ...options });
  onTestFinished(async () => {
    await client.close();
    await server.stop();
  });
  return { client, container };
}

describe.each(['auto', 'legacy'] as const)('A SocketClient with an original server (%s)', (protocol) => {
  it('makes channels and listeners, dispatches, broadcasts, and removes', async () => {
    const { client, container } = await stage({ protocol });
    await client.ping();
    const channel = await client.createChannel();
    const listener = await client.register(channel);
    expect(container.get(channel).getListener(listener).isRunning).toBe(false);
    const stream = await client.listen(channel, listener);
    await client.dispatch(channel, listener, { type: 'one', payload: { n: 1 } });
    await client.broadcast(channel, { type: 'all' });
    expect([(await stream.next()).value, (await stream.next()).value]).toMatchObject([
      { event: 'one', data: { n: 1 } },
      { event: 'all', data: null },
    ]);
    await client.removeListener(channel, listener);
    expect((await stream.next()).value).toMatchObject({ event: '_eric_channel_closed' });
    expect((await stream.next()).done).toBe(true);
    await client.removeChannel(channel);
    expect(container.size).toBe(0);
  });

  it('watches, takes no more than the window ahead, and leaves nothing behind', async () => {
    const { client, container } = await stage({ protocol, streamWindow: 4 });
    const channel = container.add();
    const stream = await client.watch(channel.id);
    await until(() => channel.listeners.length === 1);
    const sent = Array.from({ length: 50 }, (_, n) => n);
    for (const n of sent) channel.broadcast(new Message('n', n));
    const seen: unknown[] = [];
    for await (const { data } of stream) if (seen.push(data) === 50) break;
    expect(seen).toEqual(sent);
  });

  it('throws the errors of channels, and refuses what the protocol cannot do', async () => {
    const { client, container } = await stage({ protocol });
    const { id } = container.add();
    await expect(client.register('none')).rejects.toThrow(InvalidChannelError);
    await expect(client.broadcast('none', { type: 'n' })).rejects.toThrow('No channel with id none');
    await expect(client.dispatch(id, 'none', { type: 'n' })).rejects.toThrow(InvalidListenerError);
    await expect(client.removeListener(id, 'none')).rejects.toThrow(InvalidListenerError);
    await expect(client.removeChannel('none')).rejects.toThrow(InvalidChannelError);
    await expect((await client.watch('none')).next()).rejects.toThrow(InvalidChannelError);
    await expect(client.createChannel({ id: 'mine' })).rejects.toThrow(OptionError);
    await expect(client.register(id, { capacity: 1 })).rejects.toThrow(
      /legacy protocol, where register has no capacity/,
    );
  });
});

describe('A SocketClient', () => {
  it('asks a server once which protocol it speaks, as the original answers: after the end of the request', async () => {
    const requests: string[] = [];
    const server = createServer({ allowHalfOpen: true }, (socket: Socket) => {
      let request = '';
      socket.setEncoding('utf8').on('data', (piece) => (request += String(piece)));
      socket.on('end', () => {
        requests.push(request);
        const isKnown = (JSON.parse(request) as { v?: string }).v !== undefined;
        socket.end(isKnown ? '1' : `InvalidMessageFormat('${request}')`);
      });
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const client = new SocketClient({ port: (server.address() as AddressInfo).port });
    onTestFinished(async () => {
      await client.close();
      server.close();
    });
    expect([await client.createChannel(), await client.createChannel()]).toEqual(['1', '1']);
    expect(requests).toEqual(['{"id":0,"verb":"hello"}', '{"v":"c"}', '{"v":"c"}']);
  });

  it('speaks lines with a server of ours', async () => {
    const server = await new SocketServer({ port: 0 }).start();
    const { port } = server.address as { port: number };
    const client = new SocketClient({ port });
    expect(await client.createChannel({ id: 'mine' })).toBe('mine');
    await client.close();
    await server.stop();
  });
});

describe('A request whose id is null', () => {
  it('is one of the legacy protocol', async () => {
    const server = await new SocketServer({ port: 0 }).start();
    const { port } = server.address as { port: number };
    const client = new SocketClient({ port });
    expect(await client.sendPayload({ v: 'c', id: null })).toBe(server.container.ids[0]);
    await client.close();
    await server.stop();
  });
});
