import { isUtf8 } from 'node:buffer';
import { malformed } from './malformed.js';

/** Up to this many bytes, a loop is faster than a call into Node. Measured on Node 20. */
const SHORT = 8;

const REPLACEMENT = '\ufffd';

/**
 * Reads UTF-8 text. The caller has checked that its bytes are there. Throws a `DecodeError` for bytes that are not
 * UTF-8 (AMQP 1.0 §1.6.20), so that no text changes silently.
 */
export function readText(buffer: Buffer, start: number, end: number, origin: number): string {
  const short = end - start <= SHORT ? readAscii(buffer, start, end) : undefined;
  if (short !== undefined) return short;
  const text = buffer.toString(undefined, start, end);
  // Decoding puts U+FFFD in place of invalid UTF-8. Text without U+FFFD is valid; text with it needs a check.
  if (text.includes(REPLACEMENT) && !isUtf8(buffer.subarray(start, end))) {
    throw malformed('Text is not UTF-8', start - origin);
  }
  return text;
}

/** Reads ASCII text. Returns `undefined` when there are other characters. */
function readAscii(buffer: Buffer, start: number, end: number): string | undefined {
  let text = '';
  for (let position = start; position < end; position++) {
    const byte = buffer[position]!;
    if (byte > 0x7f) return undefined;
    text += String.fromCharCode(byte);
  }
  return text;
}

/** The longest key that is remembered, in bytes. */
const LONGEST_KEY = 32;
const SLOTS = 256;

/**
 * The map keys that were read last, one per slot. Messages have the same few keys again and again, and comparing a
 * key's bytes with known text is far faster than making new text. A key that shares a slot replaces the other one, so
 * no peer can make this grow.
 */
const keys: string[] = new Array<string>(SLOTS).fill('');

/** A hash of a key, below 256. */
export function keySlot(buffer: Buffer, start: number, end: number): number {
  const length = end - start;
  if (length === 0) return 0;
  return (buffer[start]! * 31 + buffer[start + (length >> 1)]! * 7 + buffer[end - 1]! + length * 13) & (SLOTS - 1);
}

/** Reads the text of a map key as `readText` does, and faster for a key that has been read before. */
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
    // Above ASCII, an equal number does not mean the same character.
    if (unit !== buffer[start + index] || unit > 0x7f) return false;
  }
  return true;
}
