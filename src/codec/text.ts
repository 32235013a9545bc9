import { isUtf8 } from 'node:buffer';
import { malformed } from './malformed.js';

/** Up to this many bytes a loop is quicker than a call into Node. Measured on Node 20. */
const SHORT = 8;

const REPLACEMENT = '\ufffd';

/**
 * Reads UTF-8 text whose bytes the caller has checked to be there. Bytes that are not UTF-8 are a `DecodeError`
 * (AMQP 1.0 §1.6.20), so that no text is ever changed silently.
 */
export function readText(buffer: Buffer, start: number, end: number, origin: number): string {
  const short = end - start <= SHORT ? readAscii(buffer, start, end) : undefined;
  if (short !== undefined) return short;
  const text = buffer.toString(undefined, start, end);
  // Decoding puts U+FFFD for what is not UTF-8. Text without it is right, and text with it is worth a second look.
  if (text.includes(REPLACEMENT) && !isUtf8(buffer.subarray(start, end))) {
    throw malformed('Text is not UTF-8', start - origin);
  }
  return text;
}

/** Reads text of one byte a character; `undefined` when there are other characters. */
function readAscii(buffer: Buffer, start: number, end: number): string | undefined {
  let text = '';
  for (let position = start; position < end; position++) {
    const byte = buffer[position]!;
    if (byte > 0x7f) return undefined;
    text += String.fromCharCode(byte);
  }
  return text;
}

/** How many bytes a key may have to be remembered. */
const LONGEST_KEY = 32;
const SLOTS = 256;

/**
 * The keys of maps read last. Messages have the same few keys again and again, and to compare a key's bytes with the
 * text that was there before is far quicker than to make new text of them. A key finds another one in its place at
 * worst, so what a peer sends cannot make this grow.
 */
const keys: string[] = new Array<string>(SLOTS).fill('');

/** A number below 256 that is the same for the same key, and seldom for two. */
export function keySlot(buffer: Buffer, start: number, end: number): number {
  const length = end - start;
  if (length === 0) return 0;
  return (buffer[start]! * 31 + buffer[start + (length >> 1)]! * 7 + buffer[end - 1]! + length * 13) & (SLOTS - 1);
}

/** Reads the text of a map key: as `readText`, and quicker for a key that has been read before. */
export function readKey(buffer: Buffer, start: number, end: number, origin: number, slot: number): string {
  const length = end - start;
  if (length > LONGEST_KEY) return readText(buffer, start, end, origin);
  const known = keys[slot]!;
  if (known.length === length && equals(known, buffer, start)) return known;
  const key = readText(buffer, start, end, origin);
  keys[slot] = key;
  return key;
}

function equals(text: string, buffer: Buffer, start: number): boolean {
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    // Above ASCII a character and a byte may look the same without being it.
    if (unit !== buffer[start + index] || unit > 0x7f) return false;
  }
  return true;
}
