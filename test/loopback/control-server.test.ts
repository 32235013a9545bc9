import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { SocketClient } from '../../src/control/socket-client.js';
import { SocketServer } from '../../src/control/socket-server.js';
import { OptionError, StateError } from '../../src/errors.js';
import { ask, directory, startServer } from '../unit/control/raw-clients.js';

describe('servers in one process', () => {
  it('have channels of their own', async (test) => {
    const first = await startServer(test);
    const second = await startServer(test);
    const channel = await ask(test, first.path, { v: 'c' });
    expect(await ask(test, second.path, { v: 'r', c: channel })).toBe(
      `InvalidChannelException('No channel with id ${channel}')`,
    );
    expect([first.server.container.ids, second.server.container.ids]).toEqual([[channel], []]);
  });

  it('share a container they are given, and leave it open', async (test) => {
    const first = await startServer(test);
    const { container } = first.server;
    const second = await startServer(test, { container });
    const channel = await ask(test, first.path, { v: 'c' });
    expect(await ask(test, second.path, { v: 'b', c: channel, t: 'x' })).toBe('ack');
    await second.server.stop();
    expect(container.ids).toEqual([channel]);
    await first.server.stop();
    expect(container.ids).toEqual([]);
  });
});

describe('a server that stops', () => {
  it('ends streams and connections, also of clients that never close theirs', async (test) => {
    const { path, server } = await startServer(test);
    const idle = connect({ path, allowHalfOpen: true });
    await once(idle, 'connect');
    await using client = new SocketClient({ path });
    const channel = await client.createChannel();
    const stream = await client.watch(channel);
    const next = stream.next();
    await server.stop();
    expect((await next).done).toBe(true);
    expect(server.connections).toBe(0);
    idle.destroy();
  });

  it('stops while it starts, and never starts when it was stopped before', async (test) => {
    const path = join(directory(test), 'control.sock');
    const server = new SocketServer({ path });
    const starting = server.start();
    await server.stop();
    await starting;
    expect(existsSync(path)).toBe(false);
    const other = new SocketServer({ path });
    await other.stop();
    await expect(other.start()).rejects.toThrow(StateError);
  });
});

describe('the options of a server', () => {
  it.each([
    {},
    { path: '' },
    { path: 'a\0b' },
    { path: '/tmp/a', port: 1 },
    { port: -1 },
    { port: 65_536 },
    { host: '127.0.0.1' },
    { port: 0, host: '' },
    { path: '/tmp/a', protocol: 'http' as 'auto' },
    { path: '/tmp/a', maxFrameSize: 0 },
    { path: '/tmp/a', maxConnections: 1.5 },
    { path: '/tmp/a', idleTimeout: Number.NaN },
    { path: '/tmp/a', handshakeTimeout: 2 ** 31 },
  ])('cannot be %o', (options) => {
    expect(() => new SocketServer(options)).toThrow(OptionError);
  });

  it('need a token for a host that others reach', () => {
    expect(() => new SocketServer({ port: 0, host: '0.0.0.0' })).toThrow(/Give a token/);
    expect(new SocketServer({ port: 0, host: '0.0.0.0', token: 'x' }).address).toEqual({ host: '0.0.0.0', port: 0 });
  });

  it('take the token from a file, and from a good one only', async (test) => {
    const folder = directory(test);
    const tokenFile = join(folder, 'token');
    const start = () => new SocketServer({ path: join(folder, 's.sock'), tokenFile }).start();
    await expect(start()).rejects.toThrow(/cannot be read/);
    writeFileSync(tokenFile, '\n');
    await expect(start()).rejects.toThrow(/not empty/);
    writeFileSync(tokenFile, 'secret\n');
    await using server = await start();
    const address = server.address as { path: string };
    await using good = new SocketClient({ ...address, tokenFile });
    await good.ping();
    await using bad = new SocketClient({ ...address, token: 'secret\n' });
    await expect(bad.ping()).rejects.toMatchObject({ code: 'ERR_AUTHENTICATION', condition: undefined });
    const both = new SocketServer({ path: join(folder, 't.sock'), token: 'a', tokenFile });
    await expect(both.start()).rejects.toThrow(/not both/);
  });
});
