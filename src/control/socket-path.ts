import { OptionError } from '../errors.js';

/** Bytes of a path that fit into `sockaddr_un`, its final NUL not counted. Longer ones would be cut off silently. */
const LONGEST: number = process.platform === 'linux' ? 107 : 103;

/**
 * The beginning of the name of the directory in which a socket is bound before it gets its name. Six random characters
 * follow.
 */
export const BIRTHPLACE = '.s';
/** The name of the socket in that directory. It is short, since the whole path must fit into `LONGEST`. */
export const BIRTH_NAME = 's';

/** True when the path names a pipe of Windows, which is no file. */
export function isPipe(path: string): boolean {
  return process.platform === 'win32' && /^\\\\[.?]\\pipe\\/i.test(path);
}

/** @throws OptionError when a socket cannot have this path. */
export function checkSocketPath(path: unknown): string {
  if (typeof path !== 'string' || path === '' || path.includes('\0')) {
    throw new OptionError('Option path must be the path of a socket file.');
  }
  if (!isPipe(path)) checkLength(path, path);
  return path;
}

/** @throws OptionError when the system would cut off `bound`, which is bound for `path`. */
export function checkLength(bound: string, path: string): void {
  const length = Buffer.byteLength(bound);
  if (length <= LONGEST) return;
  const where = bound === path ? `has ${length}` : `needs ${length} while it is made`;
  throw new OptionError(
    `The path of a socket has at most ${LONGEST} bytes; ${path} ${where}. Choose a directory with a shorter path.`,
  );
}

/** The address as errors name it. */
export function addressText(
  address: { readonly path: string } | { readonly host: string; readonly port: number },
): string {
  return 'path' in address ? address.path : `${address.host}:${address.port}`;
}
