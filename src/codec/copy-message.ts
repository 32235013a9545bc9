import type { Body } from '../message/body.js';
import { ADDRESS, BODY_INDEX, HEADER_FIELDS, MAP_PARTS, PROPERTIES_FIELDS } from './fields.js';
import type { Field } from './fields.js';
import type { Output } from './output.js';
import { enterFields } from './read-section.js';
import { Reader } from './reader.js';
import { skipValue } from './scan.js';
import { SectionCursor } from './section-cursor.js';
import { DATA, FOOTER, HEADER, PROPERTIES } from './sections.js';
import { fillUpTo } from './write-field.js';
import { closeSection, openSection, writeBody, writeMapSection } from './write-section.js';

/** A message that has been received, and what has been changed of it since. */
export interface ChangedMessage {
  readonly buffer: Buffer;
  readonly start: number;
  readonly end: number;
  /** The new values, by the index of the part. */
  readonly values: readonly unknown[];
  /** Which parts are new: a bit for each index. */
  readonly changed: number;
  /** What goes out as `to`. */
  readonly address: string | undefined;
}

/**
 * Writes a received message with its changes. Sections without changes are copied byte for byte, neighbours at once; in
 * the header and the properties so are the fields without changes, so that every one keeps its AMQP type.
 */
export function copyMessage(output: Output, message: ChangedMessage): void {
  const { buffer, start, end } = message;
  const cursor = new SectionCursor();
  cursor.open(buffer, start, end);
  let copied = start;
  for (let section = HEADER; section <= FOOTER; section = section === DATA ? FOOTER : section + 1) {
    cursor.seek(section); // or to the place where it would stand
    if (section === DATA ? !changesBody(message, cursor) : !changesSection(message, section)) continue;
    output.bytes(buffer, copied, cursor.start);
    writeSection(output, message, section, cursor);
    cursor.seek(section === DATA ? FOOTER : section + 1);
    copied = cursor.start;
  }
  output.bytes(buffer, copied, end);
}

function isChanged(message: ChangedMessage, index: number): boolean {
  return (message.changed & (1 << index)) !== 0;
}

/** A message that came without a body gets one, as the standard wants it: some brokers end the session otherwise. */
function changesBody(message: ChangedMessage, cursor: SectionCursor): boolean {
  return isChanged(message, BODY_INDEX) || cursor.code < DATA || cursor.code >= FOOTER;
}

function changesSection(message: ChangedMessage, section: number): boolean {
  // Whether `to` is another is not worth finding out: writing it again gives the same bytes.
  if (section === PROPERTIES) return true;
  if (section === HEADER) return HEADER_FIELDS.some((field) => isChanged(message, field.index));
  const part = MAP_PARTS.find((map) => map.section === section);
  return part !== undefined && isChanged(message, part.index);
}

function writeSection(output: Output, message: ChangedMessage, section: number, cursor: SectionCursor): void {
  if (section === HEADER) {
    writeFields(output, message, section, HEADER_FIELDS, cursor);
  } else if (section === PROPERTIES) {
    writeFields(output, message, section, PROPERTIES_FIELDS, cursor);
  } else if (section === DATA) {
    writeBody(output, message.values[BODY_INDEX] as Body); // what the accessor of the body has put there
  } else {
    const part = MAP_PARTS.find((map) => map.section === section)!;
    writeMapSection(output, section, message.values[part.index], part.kind, part.name);
  }
}

/** Writes a list section: the new value of each field that has one, the bytes that were there for the others. */
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
    } else if (isChanged(message, field.index)) {
      count = field.write(output, count, field.place, message.values[field.index], field.name);
    } else if (field.place < present && buffer[from] !== 0x40) {
      count = fillUpTo(output, count, field.place);
      output.bytes(buffer, from, reader.position);
    }
  }
  closeSection(output, offset, 0xc0, count);
}
