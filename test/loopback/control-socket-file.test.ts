import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  lstatSync,
  readFileSync,
  readdirSync,
  symlinkSync,
  unlinkSync,
  watch,
  writeFileSync,
} from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { SocketClient } from '../../src/control/socket-client.js';
import { SocketServer } from '../../src/control/socket-server.js';
import { ListenError, OptionError, StateError } from '../../src/errors.js';
import { ask, directory, startServer } from '../unit/control/raw-clients.js';
import type { Test } from '../unit/control/raw-clients.js';

/** A socket file that a process has left which was killed. */
async function stale(test: Test): Promise<string> {
  const path = join(directory(test), 'stale.sock');
  const program = `require('node:net').createServer().listen(${JSON.stringify(path)}, () => console.log('up'))`;
  const child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] });
  test.onTestFinished(() => void child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  child.kill('SIGKILL');
  await once(child, 'close');
  expect(lstatSync(path).isSocket()).toBe(true);
  return path;
}

const pings = async (path: string): Promise<boolean> => {
  await using client = new SocketClient({ path });
  await client.ping();
  return true;
};

describe('the file of a socket', () => {
  it('is open to its owner only, whatever the umask is, and nothing else is left beside it', async (test) => {
    const { path } = await startServer(test);
    const { mode, uid } = lstatSync(path);
    expect((mode & 0o777).toString(8)).toBe('600');
    expect(uid).toBe(process.getuid?.());
    expect(readdirSync(join(path, '..'))).toEqual(['control.sock']);
  });

  it('never has a wider mode, and never a part of one', async (test) => {
    const folder = directory(test);
    const path = join(folder, 'control.sock');
    const modes = new Set<number>();
    const look = (): void => {
      for (const name of readdirSync(folder)) {
        const found = lstatSync(join(folder, name), { throwIfNoEntry: false });
        if (found !== undefined) modes.add(found.mode & 0o777);
      }
    };
    const watcher = watch(folder, look);
    test.onTestFinished(() => watcher.close());
    // Whatever the server does, it does between two turns of this loop.
    const server = new SocketServer({ path });
    let isStarted = false as boolean;
    const started = server.start().then(() => (isStarted = true));
    while (!isStarted) {
      look();
      await new Promise(setImmediate);
    }
    await started;
    await server.stop();
    for (const mode of modes) expect(mode & 0o077).toBe(0);
  });

  it('goes when the server stops, once and for all', async (test) => {
    const { path, server } = await startServer(test);
    await Promise.all([server.stop(), server.stop()]);
    await server.stop();
    expect(existsSync(path)).toBe(false);
    await expect(server.start()).rejects.toThrow(StateError);
  });

  it('is replaced when a dead process has left it', async (test) => {
    const path = await stale(test);
    await startServer(test, { path });
    expect(await pings(path)).toBe(true);
  });

  it('is left to the server that listens on it', async (test) => {
    const { path } = await startServer(test);
    await expect(new SocketServer({ path }).start()).rejects.toThrow(/listens on .* already/);
    expect(await pings(path)).toBe(true);
    expect(readdirSync(join(path, '..'))).toEqual(['control.sock']);
  });

  it('is left to one of several servers that replace a stale one at the same time', async (test) => {
    const path = await stale(test);
    const servers = Array.from({ length: 5 }, () => new SocketServer({ path }));
    test.onTestFinished(async () => {
      await Promise.all(servers.map((server) => server.stop()));
    });
    const starts = await Promise.allSettled(servers.map((server) => server.start()));
    expect(starts.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(await pings(path)).toBe(true);
  });

  it.for(['file', 'folder', 'link'])('is not made in place of a %s', async (kind, test) => {
    const folder = directory(test);
    const path = join(folder, 'taken');
    const other = join(folder, 'other');
    writeFileSync(other, 'precious');
    if (kind === 'file') writeFileSync(path, 'precious');
    else symlinkSync(kind === 'link' ? other : folder, path);
    await expect(new SocketServer({ path }).start()).rejects.toThrow(ListenError);
    expect(readFileSync(other, 'utf8')).toBe('precious');
    expect(readdirSync(folder).sort()).toEqual(['other', 'taken']);
  });

  it('is not made in place of a link to nowhere', async (test) => {
    const path = join(directory(test), 'link');
    symlinkSync('nowhere', path);
    await expect(new SocketServer({ path }).start()).rejects.toThrow(/is no socket/);
  });

  it('is left alone when another file has its name by the time the server stops', async (test) => {
    const { path, server } = await startServer(test);
    unlinkSync(path);
    writeFileSync(path, 'precious');
    await server.stop();
    expect(readFileSync(path, 'utf8')).toBe('precious');
  });

  it('is left alone when it is that of another server by then', async (test) => {
    const first = await startServer(test);
    unlinkSync(first.path);
    await startServer(test, { path: first.path });
    await first.server.stop();
    expect(await pings(first.path)).toBe(true);
  });

  it('can be missing already when the server stops', async (test) => {
    const { path, server } = await startServer(test);
    unlinkSync(path);
    await server.stop();
    expect(existsSync(path)).toBe(false);
  });

  it('has a path of 107 bytes at most', async (test) => {
    const folder = directory(test);
    const path = join(folder, 'x'.repeat(107 - folder.length - 1));
    await startServer(test, { path });
    expect(await pings(path)).toBe(true);
    expect(() => new SocketServer({ path: `${path}x` })).toThrow(/at most 107 bytes; .* has 108/);
    // Two bytes each.
    expect(() => new SocketServer({ path: join(folder, 'é'.repeat(50)) })).toThrow(OptionError);
    expect(() => new SocketClient({ path: `${path}x` })).toThrow(OptionError);
  });

  it('needs a directory that is there, and that may be written to', async (test) => {
    const folder = directory(test);
    const path = join(folder, 'missing', 'control.sock');
    await expect(new SocketServer({ path }).start()).rejects.toThrow(/cannot be made: ENOENT/);
  });
});

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
