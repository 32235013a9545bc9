import { isUtf8 } from 'node:buffer';
import { closeSync, openSync, readSync } from 'node:fs';

/** The largest secret in a file, in bytes: room for any token or passphrase. */
const LARGEST_SECRET = 64 * 1024;
/** The mark that Windows editors put before text. */
const BYTE_ORDER_MARK = /^\uFEFF/;

/**
 * Reads a file up to a size limit: it may be a device that never ends. Throws Node's errors, and a `RangeError` for a
 * larger file.
 *
 * @param largest The size limit, in bytes.
 * @param what The expected content, for the error, such as `a secret`.
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
 * Reads the secret in a file: its text without a byte order mark and without the final line end. Throws as
 * `readSmallFile` does, and for text that is not UTF-8, which would silently become another secret.
 */
export function readSecret(path: string): string {
  const bytes = readSmallFile(path, LARGEST_SECRET, 'a secret');
  return decodeText(bytes, path).replace(/\r?\n$/, '');
}

/** Decodes UTF-8 text, without a byte order mark. Throws a `TypeError` that names the file when it is not UTF-8. */
export function decodeText(bytes: Buffer, path: string): string {
  if (isUtf8(bytes)) return bytes.toString().replace(BYTE_ORDER_MARK, '');
  throw new TypeError(`${path} is not UTF-8 text; save it as UTF-8`);
}
