import { getEventListeners } from 'node:events';
import { createServer } from 'node:net';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { Message } from '../../src/channels/message.js';
import { SocketClient } from '../../src/control/socket-client.js';
import {
  AuthenticationError,
  ChannelQueueFullError,
  ConnectionError,
  InvalidChannelError,
  InvalidListenerError,
  InvalidMessageFormatError,
  OptionError,
  QueueFullError,
  StateError,
  TimeoutError,
} from '../../src/errors.js';
import { FakeClock } from '../support/fake-clock.js';
import { directory, startServer } from '../unit/control/raw-clients.js';
import { clientOf, ok, scripted } from '../unit/control/scripted-server.js';

describe('a client', () => {
  it('creates, registers, broadcasts, dispatches, removes, and then finds nothing', async (test) => {
    const { path } = await startServer(test);
    const client = clientOf(test, path);
    const channel = await client.createChannel();
    const listener = await client.register(channel);
    await client.broadcast(channel, new Message('test', 1));
    await client.dispatch(channel, listener, { type: 'test' });
    await expect(client.register('x')).rejects.toThrow(InvalidChannelError);
    await expect(client.createChannel({ id: channel })).rejects.toThrow(InvalidChannelError);
    await expect(client.register(channel, { capacity: 0 })).rejects.toThrow(OptionError);
    await client.removeListener(channel, listener);
    await expect(client.dispatch(channel, listener, { type: 'test' })).rejects.toThrow(InvalidListenerError);
    await client.removeChannel(channel);
    await expect(client.broadcast(channel, { type: 'test' })).rejects.toThrow(InvalidChannelError);
  });

  it('streams what waits for a listener and what comes, while it makes other requests', async (test) => {
    const { path } = await startServer(test);
    const client = clientOf(test, path, { streamWindow: 3 });
    const channel = await client.createChannel();
    const listener = await client.register(channel);
    for (let count = 0; count < 20; count++) await client.dispatch(channel, listener, { type: 'n', payload: count });
    const stream = await client.listen(channel, listener);
    expect(stream.listenerId).toBe(listener);
    const seen: unknown[] = [];
    for await (const { data } of stream) {
      seen.push(data);
      if (data === 19) await client.dispatch(channel, listener, { type: 'n', payload: 20 });
      if (data === 20) await client.removeListener(channel, listener);
    }
    expect(seen).toEqual([...Array.from({ length: 21 }, (_, index) => index), null]);
  });

  it('says that a listener is full, which its overflow keeps from losing anything', async (test) => {
    const { path } = await startServer(test);
    const client = clientOf(test, path);
    const channel = await client.createChannel();
    const listener = await client.register(channel, { capacity: 1, overflow: 'throw', id: 'small' });
    await client.dispatch(channel, listener, { type: 'n' });
    await expect(client.dispatch(channel, listener, { type: 'n' })).rejects.toThrow(ChannelQueueFullError);
  });

  it('ends a stream by leaving its loop, or by its signal', async (test) => {
    const { path, server } = await startServer(test);
    const client = clientOf(test, path);
    const id = await client.createChannel();
    const channel = server.container.get(id);
    const first = await client.watch(id);
    channel.broadcast(new Message('n', 1));
    for await (const { data } of first) if (data === 1) break;
    await client.ping();
    expect(channel.listeners).toEqual([]);
    const { signal } = new AbortController();
    const third = await client.watch(id, { signal });
    expect(getEventListeners(signal, 'abort')).toHaveLength(1);
    await third.return();
    expect(getEventListeners(signal, 'abort')).toEqual([]);
    const aborting = new AbortController();
    const second = await client.watch(id, { signal: aborting.signal });
    const waiting = second.next();
    aborting.abort();
    expect((await waiting).done).toBe(true);
    await client.ping();
    expect(channel.listeners).toEqual([]);
  });

  it('lets a stream that is not read hold back neither other streams nor the server', async (test) => {
    const { path, server } = await startServer(test);
    const client = clientOf(test, path, { streamWindow: 4 });
    const id = await client.createChannel();
    const lazy = await client.watch(id, { capacity: 10 });
    const busy = await client.watch(id);
    for (let count = 0; count < 100; count++) {
      server.container.get(id).broadcast(new Message('n', count));
      expect((await busy.next()).value?.data).toBe(count);
    }
    const read: unknown[] = [];
    const loop = async (): Promise<void> => {
      for await (const { data } of lazy) read.push(data);
    };
    await expect(loop()).rejects.toThrow(ChannelQueueFullError);
    expect(read).toEqual([0, 1, 2, 3]);
  });

  it('connects again when its connection has broken, and repeats nothing', async (test) => {
    const first = await startServer(test);
    const client = clientOf(test, first.path);
    const channel = await client.createChannel();
    const stream = await client.watch(channel);
    await first.server.stop();
    expect((await stream.next()).done).toBe(true);
    await expect(client.ping()).rejects.toThrow(ConnectionError);
    const second = await startServer(test, { path: first.path });
    expect(await client.createChannel()).toBe(second.server.container.ids[0]);
  });

  it('gives out what a stream has before it throws what has broken it', async (test) => {
    const { path, sockets } = await scripted(test, ({ id }) => [
      ok(id, 'l'),
      JSON.stringify({ id, event: 1 }),
      JSON.stringify({ id, event: 2 }),
    ]);
    const stream = await clientOf(test, path).watch<number>('c');
    expect(await stream.next()).toEqual({ done: false, value: 1 });
    for (const socket of sockets) socket.destroy();
    expect(await stream.next()).toEqual({ done: false, value: 2 });
    await expect(stream.next()).rejects.toThrow(ConnectionError);
    expect(await stream.next()).toEqual({ done: true, value: undefined });
  });

  it('says what is wrong: no server, a wrong token, no answer in time', async (test) => {
    const clock = new FakeClock();
    const missing = clientOf(test, join(directory(test), 'missing.sock'));
    await expect(missing.ping()).rejects.toThrow(/No server answers at .*missing\.sock/);
    const { path } = await startServer(test, { token: 'secret' });
    await expect(clientOf(test, path).ping()).rejects.toThrow(AuthenticationError);
    await clientOf(test, path, { token: 'secret' }).ping();
    const silent = await scripted(test, () => []);
    const client = clientOf(test, silent.path, { clock, timeout: 5000 });
    const waiting = client.ping();
    const settled = expect(waiting).rejects.toThrow(TimeoutError);
    while (clock.timers === 0) await setImmediate();
    await client.ping({ signal: AbortSignal.timeout(0) }).catch(() => undefined);
    clock.advance(5000);
    await settled;
    expect(clock.timers).toBe(0);
  });

  it('stops waiting when it is aborted, and lets go of an answer that comes late', async (test) => {
    const held: string[] = [];
    const { path } = await scripted(test, ({ id, verb }) => {
      if (verb === 'ping' && held.length === 0) {
        held.push(ok(id, null));
        return [];
      }
      return [...held, ok(id, 'later')];
    });
    const client = clientOf(test, path);
    const aborting = new AbortController();
    const waiting = client.ping({ signal: aborting.signal });
    while (held.length === 0) await setImmediate();
    aborting.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
    expect(await client.createChannel()).toBe('later');
    await expect(client.ping({ signal: aborting.signal })).rejects.toThrow('enough');
  });

  it('stops waiting for a connection when it is aborted, and the next request has the connection', async (test) => {
    const sockets: Socket[] = [];
    const path = join(directory(test), 'slow.sock');
    const server = createServer((socket) => void sockets.push(socket.on('error', () => undefined)));
    await new Promise<void>((resolve) => server.listen(path, resolve));
    test.onTestFinished(() => {
      for (const socket of sockets) socket.destroy();
      server.close();
    });
    const client = clientOf(test, path, { protocol: 'lines' });
    const aborting = new AbortController();
    const waiting = client.ping({ signal: aborting.signal });
    while (sockets.length === 0) await setImmediate();
    aborting.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
    const next = client.ping();
    createInterface({ input: sockets[0]! }).on('line', (line) => {
      sockets[0]!.write(`${ok((JSON.parse(line) as { id: number }).id, {})}\n`);
    });
    await next;
    expect(sockets).toHaveLength(1);
  });

  it('cancels a stream that nobody waits for any more', async (test) => {
    const verbs: string[] = [];
    const { path } = await scripted(test, ({ id, verb }) => {
      verbs.push(verb);
      return verb === 'ping' ? [ok(id, null)] : [];
    });
    const client = clientOf(test, path);
    const aborting = new AbortController();
    const waiting = client.watch('c', { signal: aborting.signal });
    while (verbs.length === 0) await setImmediate();
    aborting.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
    await client.ping();
    expect(verbs).toEqual(['watch', 'cancel', 'ping']);
  });

  it('bounds the requests that wait', async (test) => {
    const { path } = await scripted(test, () => []);
    const client = clientOf(test, path, { maxInFlight: 2 });
    const waiting = [client.ping(), client.ping()];
    await expect(client.ping()).rejects.toThrow(QueueFullError);
    const settled = Promise.allSettled(waiting);
    await client.close();
    expect((await settled).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    await expect(client.ping()).rejects.toThrow(StateError);
    await client.close();
  });

  it('refuses a payload that has no JSON text', async (test) => {
    const { path } = await startServer(test);
    const client = clientOf(test, path);
    await expect(client.broadcast('c', { type: 't', payload: 1n })).rejects.toThrow(InvalidMessageFormatError);
  });

  it('sends legacy requests, too, with its token', async (test) => {
    const { path } = await startServer(test, { token: 'secret' });
    const client = clientOf(test, path, { token: 'secret' });
    const c = await client.sendPayload({ v: 'c' });
    expect(await client.sendPayload({ v: 'b', c, t: 'x' })).toBe('ack');
    expect(await client.sendPayload({ v: 'rc', c: 'x' })).toBe("KeyError('x')");
    await expect(client.sendPayload({ v: 'c' }, { signal: AbortSignal.abort(new Error('no')) })).rejects.toThrow('no');
  });

  it('gives up a legacy request when its time is over', async (test) => {
    const clock = new FakeClock();
    const { path } = await scripted(test, () => []);
    const waiting = clientOf(test, path, { clock }).sendPayload({ v: 'c', verb: 'x' }, { timeout: 3000 });
    const settled = expect(waiting).rejects.toThrow(TimeoutError);
    // The first is for the connection, and goes when that is there.
    while (clock.nextTimer !== 3000) await setImmediate();
    clock.advance(3000);
    await settled;
  });

  it.each([{}, { path: '' }, { path: '/tmp/a', timeout: 0 }, { path: '/tmp/a', streamWindow: 0 }, { port: 1.5 }])(
    'cannot have the options %o',
    (options) => {
      expect(() => new SocketClient(options)).toThrow(OptionError);
    },
  );
});
