import type { Stats } from 'node:fs';
import { chmod, link, lstat, mkdtemp, rename, rm, unlink } from 'node:fs/promises';
import { connect } from 'node:net';
import type { Server } from 'node:net';
import { dirname, join } from 'node:path';
import { ListenError, asError } from '../errors.js';
import { listening } from './listening.js';
import { BIRTHPLACE, BIRTH_NAME, checkLength } from './socket-path.js';

/** Only its owner may connect. */
const PRIVATE = 0o600;
/** The server tries so often to take a name, each time after it has removed the file of a server that has died. */
const ATTEMPTS = 3;

/** The file of a Unix socket that a server listens on. */
export interface SocketFile {
  /** Removes the file, unless the name belongs to another file by now. */
  remove(): Promise<void>;
}

/**
 * Listens on a Unix socket whose file nobody but its owner could ever connect to.
 *
 * The server binds the socket inside a new private directory, makes it private itself, and then links it to its name. So
 * no moment has a wider mode; no file of that name is ever replaced; the umask of the process stays as it is; and the name
 * that libuv removes when the server closes is not the one that users know, which another server may have by then.
 *
 * @throws ListenError when the name is taken by a live server or by what is no socket, or the file cannot be made.
 */
export async function listenOnFile(server: Server, path: string): Promise<SocketFile> {
  const directory = dirname(path);
  checkLength(join(directory, `${BIRTHPLACE}XXXXXX`, BIRTH_NAME), path);
  let birthplace: string | undefined;
  try {
    birthplace = await mkdtemp(join(directory, BIRTHPLACE));
    const bound = join(birthplace, BIRTH_NAME);
    await listening(server, { path: bound, exclusive: true });
    await chmod(bound, PRIVATE);
    await claim(bound, path);
    const ours = await lstat(bound);
    return { remove: () => removeIfSame(path, ours) };
  } catch (error) {
    server.close();
    if (error instanceof ListenError) throw error;
    throw new ListenError(`${path} cannot be made: ${asError(error).message}.`, { cause: error });
  } finally {
    if (birthplace !== undefined) await rm(birthplace, { recursive: true, force: true });
  }
}

/** Gives a socket its name, if need be in place of a dead one. */
async function claim(bound: string, path: string): Promise<void> {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    try {
      await link(bound, path);
      return;
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw error;
      await clearDead(path, `${bound}-dead`);
    }
  }
  throw new ListenError(`${path} is taken again and again by others. Choose another path.`);
}

/** Removes a socket file that no process listens on. It is moved aside on the way. */
async function clearDead(path: string, aside: string): Promise<void> {
  const found = await lstat(path).catch(missing);
  if (found === undefined) return;
  if (!found.isSocket()) {
    throw new ListenError(`${path} is there and is no socket. Move it away, or choose another path.`);
  }
  const answer = await probe(path);
  if (answer === 'ENOENT') return;
  if (answer !== 'ECONNREFUSED') {
    throw new ListenError(
      answer === 'open'
        ? `A server listens on ${path} already. Stop it, or choose another path.`
        : `${path} is there, and whether a server listens on it cannot be told (${answer}).`,
    );
  }
  await takeAway(path, found, aside);
}

/** Removes a file that was found to be dead, and no other one that has got its name since. */
async function takeAway(path: string, found: Stats, aside: string): Promise<void> {
  // This is one step, so that of several servers only one gets the name.
  await rename(path, aside).catch(missing);
  const taken = await lstat(aside).catch(missing);
  // A live one that has come meanwhile gets its name back. If even that is taken by now, its owner has lost it anyway.
  if (taken !== undefined && !isSame(taken, found)) await link(aside, path).catch(() => undefined);
  await unlink(aside).catch(missing);
}

/** Connects and returns the result: `open`, or the code of the error. */
function probe(path: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ path });
    const answer = (text: string): void => {
      socket.destroy();
      resolve(text);
    };
    socket.once('connect', () => answer('open'));
    socket.once('error', (error) => answer(codeOf(error)));
  });
}

async function removeIfSame(path: string, ours: Stats): Promise<void> {
  const found = await lstat(path).catch(missing);
  if (found !== undefined && isSame(found, ours)) await unlink(path).catch(missing);
}

function isSame(left: Stats, right: Stats): boolean {
  return left.dev === right.dev && left.ino === right.ino;
}

function missing(error: unknown): undefined {
  if (codeOf(error) === 'ENOENT') return undefined;
  throw asError(error);
}

function codeOf(error: unknown): string {
  // The file system and sockets throw system errors, which have a code.
  return (error as NodeJS.ErrnoException).code ?? 'unknown';
}
