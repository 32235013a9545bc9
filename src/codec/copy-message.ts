import type { Body } from '../message/body.js';
import { copyMapSection } from './copy-map.js';
import { ADDRESS, BODY_INDEX, HEADER_FIELDS, MAP_PARTS, PROPERTIES_FIELDS } from './fields.js';
import type { Field, MapPart } from './fields.js';
import type { Output } from './output.js';
import { enterFields } from './read-section.js';
import { Reader } from './reader.js';
import { skipValue } from './scan.js';
import { NONE, SectionCursor } from './section-cursor.js';
import {
  APPLICATION_PROPERTIES,
  DATA,
  DELIVERY_ANNOTATIONS,
  FOOTER,
  HEADER,
  MESSAGE_ANNOTATIONS,
  PROPERTIES,
  isBody,
} from './sections.js';
import { fillUpTo } from './write-field.js';
import { closeSection, openSection, writeBody, writeMapSection } from './write-section.js';

/** A received message, and the changes that the program has made to it. */
export interface ChangedMessage {
  readonly buffer: Buffer;
  readonly start: number;
  readonly end: number;
  /** The new values, by the index of the part. */
  readonly values: readonly unknown[];
  /** A bit for each index whose part is new. */
  readonly changed: number;
  /** True if every `long` and `ulong` reads as a bigint. */
  readonly bigints: boolean;
  /** The address to send as `to`. */
  readonly address: string | undefined;
}

/** The sections in their order; `DATA` stands for a body of any kind. */
const SECTIONS = [HEADER, DELIVERY_ANNOTATIONS, MESSAGE_ANNOTATIONS, PROPERTIES, APPLICATION_PROPERTIES, DATA, FOOTER];

/**
 * Writes a received message with its changes. Unchanged sections are copied byte for byte, neighbouring ones at once.
 * In a changed section, unchanged fields and map entries are copied too, so that each keeps its AMQP type.
 */
export function copyMessage(output: Output, message: ChangedMessage): void {
  const { buffer, start, end } = message;
  const present = presentSections(message);
  const changed = SECTIONS.filter((section) => isChanged(message, section, present));
  const absent = changed.filter((section) => !present.includes(section));
  const cursor = new SectionCursor();
  cursor.open(buffer, start, end);
  cursor.next();
  let copied = start;
  for (;;) {
    const section = isBody(cursor.code) ? DATA : cursor.code;
    // A section that the message came without goes before the first section that must follow it.
    while (absent.length > 0 && absent[0]! < section) {
      output.bytes(buffer, copied, cursor.start);
      copied = cursor.start;
      writeSection(output, message, absent.shift()!, cursor);
    }
    if (section === NONE) break;
    const replaced = changed.includes(section);
    if (replaced) {
      output.bytes(buffer, copied, cursor.start);
      writeSection(output, message, section, cursor);
    }
    pass(cursor);
    if (replaced) copied = cursor.start;
  }
  output.bytes(buffer, copied, end);
}

/** Moves the cursor behind a section, or behind all sections of a body. */
function pass(cursor: SectionCursor): void {
  const inBody = isBody(cursor.code);
  do cursor.next();
  while (inBody && isBody(cursor.code));
}

/** The sections that a message came with. `DATA` stands for a body of any kind. */
function presentSections(message: ChangedMessage): number[] {
  const cursor = new SectionCursor();
  const present: number[] = [];
  cursor.open(message.buffer, message.start, message.end);
  while (cursor.next()) present.push(isBody(cursor.code) ? DATA : cursor.code);
  return present;
}

function isChanged(message: ChangedMessage, section: number, present: readonly number[]): boolean {
  // `to` is not compared: writing it again gives the same bytes.
  if (section === PROPERTIES) return true;
  if (section === HEADER) return HEADER_FIELDS.some((field) => isSet(message, field.index));
  // A message that came without a body gets one, as the standard requires. Some brokers end the session otherwise.
  if (section === DATA) return isSet(message, BODY_INDEX) || !present.includes(DATA);
  return isSet(message, mapOf(section).index);
}

function isSet(message: ChangedMessage, index: number): boolean {
  return (message.changed & (1 << index)) !== 0;
}

function mapOf(section: number): MapPart {
  return MAP_PARTS.find((part) => part.section === section)!;
}

function writeSection(output: Output, message: ChangedMessage, section: number, cursor: SectionCursor): void {
  if (section === HEADER) {
    writeFields(output, message, section, HEADER_FIELDS, cursor);
  } else if (section === PROPERTIES) {
    writeFields(output, message, section, PROPERTIES_FIELDS, cursor);
  } else if (section === DATA) {
    writeBody(output, message.values[BODY_INDEX] as Body); // what the accessor of the body has put there
  } else {
    const part = mapOf(section);
    const map = message.values[part.index];
    if (cursor.code === section) copyMapSection(output, part, map, message, cursor.value);
    else writeMapSection(output, section, map, part.kind, part.name);
  }
}

/** Writes a list section: new values for the changed fields, and the received bytes for the others. */
function writeFields(
  output: Output,
  message: ChangedMessage,
  section: number,
  fields: readonly Field<unknown>[],
  cursor: SectionCursor,
): void {
  const { buffer, start, end } = message;
  const reader = new Reader();
  reader.open(buffer, cursor.value, end, start, false);
  const present = cursor.code === section ? enterFields(reader, section, start) : 0;
  const offset = openSection(output, section);
  let count = 0;
  for (const field of fields) {
    const from = reader.position;
    if (field.place < present) reader.position = skipValue(buffer, from, reader.end, start);
    if (field === ADDRESS) {
      count = field.write(output, count, field.place, message.address, field.name);
    } else if (isSet(message, field.index)) {
      count = field.write(output, count, field.place, message.values[field.index], field.name);
    } else if (field.place < present && buffer[from] !== 0x40) {
      count = fillUpTo(output, count, field.place);
      output.bytes(buffer, from, reader.position);
    }
  }
  closeSection(output, offset, 0xc0, count);
}
