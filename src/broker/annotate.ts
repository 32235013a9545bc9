import { readUint32 } from '../codec/big-endian.js';
import { WIDE, closeCompound, openCompound } from '../codec/compound.js';
import { encodeValue } from '../codec/encode-value.js';
import type { Output } from '../codec/output.js';
import { skipValue } from '../codec/read.js';
import { SectionCursor } from '../codec/section-cursor.js';
import { MESSAGE_ANNOTATIONS } from '../codec/sections.js';
import type { Properties } from '../message/message.js';
import { Typed } from '../message/typed.js';
import type { IncomingMessage } from './incoming-message.js';

/**
 * Writes what stands behind the header of a message, with these annotations set (AMQP 1.0 §3.2.3). Those that were there
 * are copied byte for byte, so that each keeps its type, but for those that are replaced.
 *
 * @throws EncodeError when a new value has no AMQP form; DecodeError when the annotations that were there are no map.
 */
export function writeAnnotated(output: Output, message: IncomingMessage, annotations: Properties): void {
  const { buffer, rest, end } = message;
  const sections = new SectionCursor();
  sections.open(buffer, rest, end);
  sections.next();
  output.need(3);
  output.u8(0x00);
  output.u8(0x53);
  output.u8(MESSAGE_ANNOTATIONS);
  const offset = openCompound(output, WIDE);
  let count = 0;
  let copied = rest;
  if (sections.code === MESSAGE_ANNOTATIONS) {
    count = copyEntries(output, buffer, sections.value, end, new Set(Object.keys(annotations)));
    sections.next();
    copied = sections.start;
  }
  for (const [name, value] of Object.entries(annotations)) {
    encodeValue(output, new Typed('symbol', name));
    encodeValue(output, value);
    count += 2;
  }
  closeCompound(output, offset, WIDE, 0xc1, count);
  output.bytes(buffer, copied, end);
}

/** Copies the entries of the map at `position`, without those of some keys. Returns how many values that were. */
function copyEntries(output: Output, buffer: Buffer, position: number, end: number, without: Set<string>): number {
  const isWide = buffer[position] === 0xd1;
  if (!isWide && buffer[position] !== 0xc1) return 0; // null, or nothing that could be kept
  const mapEnd = skipValue(buffer, position, end);
  const values = isWide ? readUint32(buffer, position + 5) : buffer[position + 2]!;
  let at = position + (isWide ? 9 : 3);
  let count = 0;
  for (let index = 0; index + 1 < values && at < mapEnd; index += 2) {
    const key = at;
    const value = skipValue(buffer, key, mapEnd);
    at = skipValue(buffer, value, mapEnd);
    if (without.has(symbolAt(buffer, key, value))) continue;
    output.bytes(buffer, key, at);
    count += 2;
  }
  return count;
}

/** The text of a symbol; for anything else the empty text, which no annotation is called. */
function symbolAt(buffer: Buffer, start: number, end: number): string {
  if (buffer[start] === 0xa3) return buffer.toString('latin1', start + 2, end);
  return buffer[start] === 0xb3 ? buffer.toString('latin1', start + 5, end) : '';
}
