import type { Body } from '../message/body.js';
import { DataBody, SequenceBody, ValueBody } from '../message/body.js';
import type { Message } from '../message/message.js';
import type { AmqpValue } from '../message/typed.js';
import { NARROW, closeCompound } from './compound.js';
import type { Output } from './output.js';
import { DATA, HEADER, PROPERTIES, SEQUENCE, VALUE } from './sections.js';
import { Unencodable, nameOf, within } from './unencodable.js';
import {
  writeBinaryField,
  writeBooleanField,
  writeIdField,
  writeSymbolField,
  writeTextField,
  writeTimeField,
  writeUbyteField,
  writeUintField,
} from './write-field.js';
import { writeBinary } from './write-text.js';
import type { EntryKind } from './write-value.js';
import { isPlain, writeEntries, writeValue } from './write-value.js';

/** Writes the descriptor of a section. */
export function writeDescriptor(output: Output, section: number): void {
  output.need(3);
  output.u8(0x00);
  output.u8(0x53);
  output.u8(section);
}

/** Begins a section that is a list or map. Returns its offset in the record, for `closeSection`. */
export function openSection(output: Output, section: number): number {
  output.need(3 + NARROW);
  const { buffer, position } = output;
  buffer[position] = 0x00;
  buffer[position + 1] = 0x53;
  buffer[position + 2] = section;
  output.position = position + 3 + NARROW;
  return position - output.start;
}

/** Ends what `openSection` began; `code` is that of its narrow form. A section without elements is removed. */
export function closeSection(output: Output, offset: number, code: number, count: number): void {
  if (count === 0) output.position = output.start + offset;
  else closeCompound(output, offset + 3, NARROW, code, count);
}

/** Writes the header (AMQP 1.0 §3.2.1), unless no field of it is set. */
export function writeHeader(output: Output, message: Message): void {
  if (!hasHeader(message)) return;
  const offset = openSection(output, HEADER);
  let count = writeBooleanField(output, 0, 0, message.durable, 'durable');
  count = writeUbyteField(output, count, 1, message.priority, 'priority');
  count = writeUintField(output, count, 2, message.ttl, 'ttl');
  count = writeBooleanField(output, count, 3, message.firstAcquirer, 'firstAcquirer');
  count = writeUintField(output, count, 4, message.deliveryCount, 'deliveryCount');
  closeSection(output, offset, 0xc0, count);
}

/** Most messages have no header, so it is not begun only to be removed. */
function hasHeader(message: Message): boolean {
  return (
    message.durable !== undefined ||
    message.priority !== undefined ||
    message.ttl !== undefined ||
    message.firstAcquirer !== undefined ||
    message.deliveryCount !== undefined
  );
}

/** Writes the properties (§3.2.4) with `address` as `to`, unless no field of them is set. */
export function writeProperties(output: Output, message: Message, address: string | undefined): void {
  const offset = openSection(output, PROPERTIES);
  let count = writeIdField(output, 0, 0, message.id, 'id');
  count = writeBinaryField(output, count, 1, message.userId, 'userId');
  count = writeTextField(output, count, 2, address, 'address');
  count = writeTextField(output, count, 3, message.subject, 'subject');
  count = writeTextField(output, count, 4, message.replyTo, 'replyTo');
  count = writeIdField(output, count, 5, message.correlationId, 'correlationId');
  count = writeSymbolField(output, count, 6, message.contentType, 'contentType');
  count = writeSymbolField(output, count, 7, message.contentEncoding, 'contentEncoding');
  count = writeTimeField(output, count, 8, message.expiryTime, 'expiryTime');
  count = writeTimeField(output, count, 9, message.creationTime, 'creationTime');
  count = writeTextField(output, count, 10, message.groupId, 'groupId');
  count = writeUintField(output, count, 11, message.groupSequence, 'groupSequence');
  count = writeTextField(output, count, 12, message.replyToGroupId, 'replyToGroupId');
  closeSection(output, offset, 0xc0, count);
}

/** Writes a section that is a map (§3.2.2–3, §3.2.5, §3.2.10), unless it has no entries. */
export function writeMapSection(output: Output, section: number, map: unknown, kind: EntryKind, name: string): void {
  if (map === undefined || map === null) return;
  try {
    if (typeof map !== 'object' || !isPlain(map)) throw new Unencodable(`takes a plain object, not ${nameOf(map)}`);
    const offset = openSection(output, section);
    closeSection(output, offset, 0xc1, writeEntries(output, map, kind, 1));
  } catch (thrown) {
    throw within(thrown, `.${name}`);
  }
}

/** Writes the body: data sections, sequence sections or one value (§3.2.6–8). */
export function writeBody(output: Output, body: Body): void {
  try {
    if (body instanceof Uint8Array) writeData(output, body);
    else if (body instanceof DataBody) writeSections(output, body.sections, writeData);
    else if (body instanceof SequenceBody) writeSections(output, body.sections, writeSequence);
    else writeAmqpValue(output, body instanceof ValueBody ? body.value : body);
  } catch (thrown) {
    throw within(thrown, '.body');
  }
}

function writeAmqpValue(output: Output, value: AmqpValue): void {
  writeDescriptor(output, VALUE);
  writeValue(output, value, 0);
}

function writeData(output: Output, bytes: Uint8Array): void {
  if (!(bytes instanceof Uint8Array)) throw new Unencodable(`a data section takes a Uint8Array, not ${nameOf(bytes)}`);
  writeDescriptor(output, DATA);
  writeBinary(output, bytes);
}

function writeSequence(output: Output, list: readonly AmqpValue[]): void {
  if (!Array.isArray(list)) throw new Unencodable(`a sequence section takes an array, not ${nameOf(list)}`);
  writeDescriptor(output, SEQUENCE);
  writeValue(output, list, 0);
}

function writeSections<Section>(
  output: Output,
  sections: readonly Section[],
  write: (output: Output, section: Section) => void,
): void {
  if (sections.length === 0) throw new Unencodable('a body has at least one section');
  sections.forEach((section, index) => {
    try {
      write(output, section);
    } catch (thrown) {
      throw within(thrown, `.sections[${index}]`);
    }
  });
}
