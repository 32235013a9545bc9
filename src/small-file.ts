import { isUtf8 } from 'node:buffer';
import { closeSync, openSync, readSync } from 'node:fs';

/** The largest secret that is read from a file, in bytes: room for any token or pass-phrase. */
const LARGEST_SECRET = 64 * 1024;
/** The mark that Windows editors put in front of text. */
const BYTE_ORDER_MARK = /^\uFEFF/;

/**
 * Reads a file, and no more of it than it may have: it may be a device that never ends. Throws what Node throws, and a
 * `RangeError` for a file that is larger.
 *
 * @param largest What it may have, in bytes.
 * @param what What it should be, such as `a secret`.
 */
export function readSmallFile(path: string, largest: number, what: string): Buffer {
  const pieces: Buffer[] = [];
  let left = largest + 1;
  const file = openSync(path, 'r');
  try {
    while (left > 0) {
      const piece = Buffer.allocUnsafe(Math.min(left, LARGEST_SECRET));
      const read = readSync(file, piece);
      if (read === 0) return Buffer.concat(pieces);
      pieces.push(piece.subarray(0, read));
      left -= read;
    }
  } finally {
    closeSync(file);
  }
  throw new RangeError(`${path} is too large for ${what}: it has more than ${largest} bytes`);
}

/**
 * The secret in a file: its text without a byte order mark in front and without the line end at its end. Throws as
 * `readSmallFile` does, and for text that is not UTF-8, which would become another secret.
 */
export function readSecret(path: string): string {
  const bytes = readSmallFile(path, LARGEST_SECRET, 'a secret');
  return decodeText(bytes, path).replace(/\r?\n$/, '');
}

/** The text in bytes, without a byte order mark. Throws a `TypeError` that names the file when it is not UTF-8. */
export function decodeText(bytes: Buffer, path: string): string {
  if (isUtf8(bytes)) return bytes.toString().replace(BYTE_ORDER_MARK, '');
  throw new TypeError(`${path} is not UTF-8 text; save it as UTF-8`);
}
