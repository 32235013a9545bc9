import { isDeepStrictEqual } from 'node:util';
import { DecodeError } from '../errors.js';
import type { AmqpValue } from '../message/typed.js';
import type { MapPart } from './fields.js';
import type { Output } from './output.js';
import { Reader } from './reader.js';
import { within } from './unencodable.js';
import { closeSection, openSection, writeMapSection } from './write-section.js';
import type { Entries } from './write-value.js';
import { isPlain, writeEntries } from './write-value.js';

/** The bytes of a message, and whether its integers read as bigints. */
interface ReceivedBytes {
  readonly buffer: Buffer;
  readonly start: number;
  readonly end: number;
  readonly bigints: boolean;
}

/** An entry of a received map: its value, and the positions of its key and value. */
interface ReceivedEntry {
  readonly value: AmqpValue;
  readonly from: number;
  readonly to: number;
}

/**
 * Writes a changed map section. An entry whose value is unchanged is copied byte for byte, so that `{
 * ...message.annotations, more }` keeps the AMQP type of each.
 *
 * @param position The position of the received map in the message.
 */
export function copyMapSection(
  output: Output,
  part: MapPart,
  map: unknown,
  message: ReceivedBytes,
  position: number,
): void {
  if (typeof map !== 'object' || map === null || !isPlain(map)) {
    writeMapSection(output, part.section, map, part.kind, part.name);
    return;
  }
  const received = receivedEntries(message, position);
  try {
    const offset = openSection(output, part.section);
    closeSection(output, offset, 0xc1, copyEntries(output, part, map, message.buffer, received));
  } catch (thrown) {
    throw within(thrown, `.${part.name}`);
  }
}

function copyEntries(
  output: Output,
  part: MapPart,
  map: Entries,
  buffer: Buffer,
  received: ReadonlyMap<string, ReceivedEntry>,
): number {
  let count = 0;
  for (const [key, value] of Object.entries(map)) {
    const entry = received.get(key);
    if (entry !== undefined && isDeepStrictEqual(entry.value, value)) {
      output.bytes(buffer, entry.from, entry.to);
      count += 2;
    } else {
      count += writeEntries(output, Object.fromEntries([[key, value]]), part.kind, 1);
    }
  }
  return count;
}

/** The entries of a map by their keys. A map that cannot be read has none: the caller replaces it. */
function receivedEntries(message: ReceivedBytes, position: number): Map<string, ReceivedEntry> {
  const entries = new Map<string, ReceivedEntry>();
  const reader = new Reader();
  try {
    reader.open(message.buffer, position, message.end, message.start, message.bigints);
    const code = reader.peek();
    if (code !== 0xc1 && code !== 0xd1) return entries;
    reader.position++;
    for (let left = reader.enter(code === 0xd1); left > 0; left -= 2) {
      const from = reader.position;
      const key = reader.value(1);
      const value = reader.value(1);
      if (typeof key === 'object') continue; // a section has no such keys
      entries.set(String(key), { value, from, to: reader.position });
    }
    return entries;
  } catch (thrown) {
    if (thrown instanceof DecodeError) return new Map();
    throw thrown;
  }
}
