import { createHash, timingSafeEqual } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { OptionError, asError } from '../errors.js';

/** The source of the token that a client shows to the server. At most one of the two options. */
export interface TokenOptions {
  /** The token itself. Default none. */
  token?: string | undefined;
  /** A file that holds it, and a line end perhaps. It is read when the server starts or the client connects. */
  tokenFile?: string | undefined;
}

/**
 * The token of the options, or undefined when there is none.
 *
 * @throws OptionError when both options are given, the file cannot be read, or the token is empty: an empty file must
 * not open the door.
 */
export async function readToken({ token, tokenFile }: TokenOptions): Promise<string | undefined> {
  if (token !== undefined && tokenFile !== undefined) throw new OptionError('Give token or tokenFile, not both.');
  if (tokenFile === undefined) return token === undefined ? undefined : checked(token, 'Option token');
  let text: string;
  try {
    text = await readFile(tokenFile, 'utf8');
  } catch (error) {
    throw new OptionError(`The token file ${tokenFile} cannot be read.`, { cause: asError(error) });
  }
  return checked(text.replace(/\r?\n$/, ''), `The token in ${tokenFile}`);
}

/** True when a client has shown the right token. The time the check takes tells nothing about either token. */
export function isToken(expected: string, shown: unknown): boolean {
  // Digests have one length, so not even the length of the token shows.
  return typeof shown === 'string' && timingSafeEqual(digest(expected), digest(shown));
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

function checked(token: unknown, name: string): string {
  if (typeof token === 'string' && token !== '') return token;
  throw new OptionError(`${name} must be a string that is not empty.`);
}
