import { storeUint32 } from './big-endian.js';
import type { Output } from './output.js';
import { Unencodable } from './unencodable.js';

/** Up to this many characters, a loop is faster than a call into Node. Measured on Node 20: the two meet at 28. */
const SHORT = 24;
/** From this many characters on, the exact size is counted, so that no room for three bytes each is wasted. */
const LONG = 4096;

/**
 * Writes a `string` (AMQP 1.0 §1.6.20) in its smallest form. A lone surrogate is written as U+FFFD, as `Buffer` does.
 */
export function writeString(output: Output, text: string): void {
  if (text.length > SHORT || !writeAscii(output, 0xa1, text)) writeUtf8(output, text);
}

/** Writes a `symbol` (§1.6.21) in its smallest form. */
export function writeSymbol(output: Output, text: string): void {
  if (text.length > 255) writeLongSymbol(output, text);
  else if (!writeAscii(output, 0xa3, text)) throw notAscii();
}

/** Writes a `binary` (§1.6.19) in its smallest form. */
export function writeBinary(output: Output, bytes: Uint8Array): void {
  const size = bytes.length;
  output.need(size + 5);
  writeSize(output, 0xa0, size);
  output.buffer.set(bytes, output.position);
  output.position += size;
}

/** The error for a symbol with other characters. */
export function notAscii(): Unencodable {
  return new Unencodable('a symbol is ASCII text');
}

/** Writes the format code and size of a variable-width value: `narrow`, or `narrow` + 0x10 with a size of 4 bytes. */
function writeSize(output: Output, narrow: number, size: number): void {
  if (size > 255) {
    output.u8(narrow + 0x10);
    output.u32(size);
  } else {
    output.u8(narrow);
    output.u8(size);
  }
}

/** Writes up to 255 characters if they are ASCII; otherwise leaves the output as it was and returns false. */
function writeAscii(output: Output, code: number, text: string): boolean {
  const length = text.length;
  output.need(length + 2);
  const buffer = output.buffer;
  const position = output.position + 2;
  for (let index = 0; index < length; index++) {
    const unit = text.charCodeAt(index);
    if (unit > 0x7f) return false;
    buffer[position + index] = unit;
  }
  buffer[position - 2] = code;
  buffer[position - 1] = length;
  output.position = position + length;
  return true;
}

function writeUtf8(output: Output, text: string): void {
  const length = text.length;
  output.need(5 + (length < LONG ? length * 3 : Buffer.byteLength(text)));
  const { buffer, position } = output;
  // The size is known only after writing, so text of up to 255 characters is assumed to be ASCII.
  const guess = length > 255 ? 5 : 2;
  const size = buffer.write(text, position + guess);
  const header = size > 255 ? 5 : 2;
  if (header !== guess) buffer.copyWithin(position + header, position + guess, position + guess + size);
  writeSize(output, 0xa1, size);
  output.position = position + header + size;
}

function writeLongSymbol(output: Output, text: string): void {
  const size = text.length;
  output.need(size + 5);
  const { buffer, position } = output;
  buffer[position] = 0xb3;
  storeUint32(buffer, position + 1, size);
  for (let index = 0; index < size; index++) {
    const unit = text.charCodeAt(index);
    if (unit > 0x7f) throw notAscii();
    buffer[position + 5 + index] = unit;
  }
  output.position = position + 5 + size;
}
