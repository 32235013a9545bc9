import type { Body, BodyType } from '../message/body.js';
import { DataBody, SequenceBody } from '../message/body.js';
import type { Properties } from '../message/message.js';
import type { AmqpValue } from '../message/typed.js';
import type { Field, MapPart } from './fields.js';
import { HEADER_FIELDS, PROPERTIES_FIELDS } from './fields.js';
import { MAX_BODY_VALUES } from './limits.js';
import { malformed } from './malformed.js';
import { Reader } from './reader.js';
import { skipValue } from './scan.js';
import { SectionCursor } from './section-cursor.js';
import { DATA, FOOTER, HEADER, SEQUENCE, VALUE, isBody } from './sections.js';

// Shared by all messages: reading calls nothing that could begin another reading.
const cursor = new SectionCursor();
const reader = new Reader();

/**
 * Checks the order and number of the sections of a message (AMQP 1.0 §3.2). Tolerates two habits of peers: a message
 * without a body, as Azure Service Bus and AMQP.Net Lite send it, and a footer before the body, where rhea writes it.
 */
export function checkSections(buffer: Buffer, start: number, end: number): void {
  let last = 0;
  let lastButBody = 0;
  let body = 0;
  cursor.open(buffer, start, end);
  while (cursor.next()) {
    const { code } = cursor;
    let right: boolean;
    if (isBody(code)) {
      right = body === 0 || (code === last && code !== VALUE);
      body = code;
    } else {
      right = code > lastButBody && (body === 0 || code === FOOTER);
      lastButBody = code;
    }
    if (!right) throw malformed('A section stands where the standard allows none of its kind', cursor.start - start);
    last = code;
  }
}

/** Reads a field of the header or the properties; `undefined` when the message does not have it. */
export function readField<Value>(
  field: Field<Value>,
  buffer: Buffer,
  start: number,
  end: number,
  bigints: boolean,
): Value | undefined {
  cursor.reopen(buffer, start, end, field.section);
  if (!cursor.seek(field.section)) return undefined;
  reader.open(buffer, cursor.value, end, start, bigints);
  const count = enterFields(reader, field.section, start);
  if (field.place >= count) return undefined;
  for (let place = 0; place < field.place; place++) {
    reader.position = skipValue(buffer, reader.position, reader.end, start);
  }
  const at = reader.position;
  const value = reader.value(1);
  if (field.place === count - 1) requireEnd(reader, start);
  if (value === null) return undefined;
  const converted = field.convert(value);
  if (converted === undefined) throw malformed(`The field ${field.name} has a wrong type`, at - start);
  return converted;
}

/** The list of a section ends where its last field does. */
function requireEnd({ position, end }: Reader, start: number): void {
  if (position !== end) throw malformed('The header or the properties are longer than their fields', position - start);
}

/** Enters the list of a section and returns the number of its fields. */
export function enterFields(reader: Reader, section: number, start: number): number {
  const at = reader.position;
  const code = reader.peek();
  reader.position++;
  if (code === 0x45) return 0;
  if (code !== 0xc0 && code !== 0xd0) throw malformed('The header and the properties are lists', at - start);
  const count = reader.enter(code === 0xd0);
  const fields = section === HEADER ? HEADER_FIELDS : PROPERTIES_FIELDS;
  if (count > fields.length) throw malformed('The header or the properties have too many fields', at - start);
  if (count === 0) requireEnd(reader, start);
  return count;
}

/** Reads a section that is a map; `undefined` when the message does not have it. */
export function readMap(
  part: MapPart,
  buffer: Buffer,
  start: number,
  end: number,
  bigints: boolean,
): Properties | undefined {
  cursor.reopen(buffer, start, end, part.section);
  if (!cursor.seek(part.section)) return undefined;
  reader.open(buffer, cursor.value, end, start, bigints);
  const code = reader.peek();
  if (code !== 0xc1 && code !== 0xd1) throw malformed(`The section ${part.name} is not a map`, cursor.value - start);
  const map = reader.value(0);
  return map instanceof Map ? withTextKeys(map, cursor.value - start) : (map as Properties); // the code is that of a map
}

/** Annotations may have ulong keys (§3.2.10), which the standard reserves. They read as their digits. */
function withTextKeys(map: ReadonlyMap<AmqpValue, AmqpValue>, byte: number): Properties {
  const object = Object.create(null) as Record<string, AmqpValue>;
  for (const [key, value] of map) {
    const ulong = typeof key === 'number' || typeof key === 'bigint';
    if (!ulong && typeof key !== 'string') throw malformed('A section has a key that is neither text nor ulong', byte);
    const text = String(key);
    if (text in object) throw malformed('A map has a key twice', byte);
    object[text] = value;
  }
  return object;
}

/** The kind of body that the message has, if it has one. */
export function readBodyType(buffer: Buffer, start: number, end: number): BodyType | undefined {
  cursor.reopen(buffer, start, end, DATA - 1);
  if (!cursor.seekBody()) return undefined;
  if (cursor.code === VALUE) return 'value';
  return cursor.code === DATA ? 'data' : 'sequence';
}

/** Reads the body; `null` when the message has none. */
export function readBody(buffer: Buffer, start: number, end: number, bigints: boolean): Body {
  cursor.reopen(buffer, start, end, DATA - 1);
  if (!cursor.seekBody()) return null;
  reader.open(buffer, cursor.value, end, start, bigints, MAX_BODY_VALUES);
  if (cursor.code === DATA) return readData(start);
  return cursor.code === SEQUENCE ? readSequences(start) : reader.value(0);
}

function readData(start: number): Buffer | DataBody {
  const sections: Buffer[] = [];
  while (cursor.code === DATA) {
    reader.position = cursor.value;
    const bytes = reader.value(0);
    // Some peers send null for no bytes.
    if (bytes !== null && !Buffer.isBuffer(bytes))
      throw malformed('A data section is not binary', cursor.value - start);
    sections.push(bytes ?? Buffer.alloc(0));
    cursor.next();
  }
  return sections.length === 1 ? sections[0]! : new DataBody(sections);
}

function readSequences(start: number): SequenceBody {
  const sections: AmqpValue[][] = [];
  while (cursor.code === SEQUENCE) {
    reader.position = cursor.value;
    const code = reader.peek();
    if (code !== 0x45 && code !== 0xc0 && code !== 0xd0) {
      throw malformed('A sequence section is not a list', cursor.value - start);
    }
    sections.push(reader.value(0) as AmqpValue[]); // the code is that of a list
    cursor.next();
  }
  return new SequenceBody(sections);
}
