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
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { SocketClient } from '../../src/control/socket-client.js';
import { SocketServer } from '../../src/control/socket-server.js';
import { ListenError, OptionError, StateError } from '../../src/errors.js';
import { directory, startServer } from '../unit/control/raw-clients.js';
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

  it('is removed when the server stops, once', async (test) => {
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
