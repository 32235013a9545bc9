import { Typed } from '../message/typed.js';
import type { Output } from './output.js';
import { scalarForm } from './scalar-form.js';
import { Unencodable, nameOf, within } from './unencodable.js';
import { writeTimestamp, writeUint, writeUlong } from './write-number.js';
import { writeScalar } from './write-scalar.js';
import { writeBinary, writeString, writeSymbol } from './write-text.js';

/**
 * Writes one field of a list section (AMQP 1.0 §3.2.1, §3.2.4): `value` at `place`, after the `count` fields that are
 * written already, and nulls for those between. `undefined` and `null` write nothing, so the list ends with its last
 * field that has a value.
 *
 * Returns the new number of fields. Throws `Unencodable` when the value does not fit the field `name`.
 */
export type FieldWriter = (output: Output, count: number, place: number, value: unknown, name: string) => number;

/**
 * Writes nulls up to `place`. Returns the number of fields, including the one at `place` that the caller writes next.
 */
export function fillUpTo(output: Output, count: number, place: number): number {
  output.need(place - count);
  while (count++ < place) output.u8(0x40);
  return count;
}

function wrongField(name: string, wanted: string, value: unknown): Unencodable {
  const error = new Unencodable(`takes ${wanted}, not ${nameOf(value)}`);
  error.path = `.${name}`;
  return error;
}

/** A `string`. */
export const writeTextField: FieldWriter = (output, count, place, value, name) => {
  if (value === undefined || value === null) return count;
  if (typeof value !== 'string') throw wrongField(name, 'a string', value);
  count = fillUpTo(output, count, place);
  writeString(output, value);
  return count;
};

/** A `symbol`, from text. */
export const writeSymbolField: FieldWriter = (output, count, place, value, name) => {
  if (value === undefined || value === null) return count;
  if (typeof value !== 'string') throw wrongField(name, 'a string', value);
  count = fillUpTo(output, count, place);
  try {
    writeSymbol(output, value);
  } catch (thrown) {
    throw within(thrown, `.${name}`);
  }
  return count;
};

/** A message id: `string`, `ulong`, `uuid` or `binary` (§3.2.11–14). */
export const writeIdField: FieldWriter = (output, count, place, value, name) => {
  if (value === undefined || value === null) return count;
  count = fillUpTo(output, count, place);
  if (typeof value === 'string') writeString(output, value);
  else if (value instanceof Uint8Array) writeBinary(output, value);
  else writeOtherId(output, value, name);
  return count;
};

function writeOtherId(output: Output, value: unknown, name: string): void {
  const wanted = 'a string, a whole number from 0 on (ulong), a uuid() or a Uint8Array';
  const bare = value instanceof Typed && value.type === 'ulong' ? (value.value as unknown) : value;
  try {
    if (value instanceof Typed && value.type === 'uuid') {
      const form = scalarForm('uuid', value.value);
      output.need(1);
      output.u8(0x98);
      writeScalar(output, 0x98, form);
      return;
    }
    // Above the safe integers, a number would name another message than the caller means.
    if (typeof bare === 'bigint' || Number.isSafeInteger(bare)) {
      writeUlong(output, scalarForm('ulong', bare) as number | bigint); // the form of integers is one of the two
      return;
    }
  } catch {
    // Not a UUID, or out of range: the error below names the valid types.
  }
  throw wrongField(name, wanted, bare);
}

/** A `binary`. */
export const writeBinaryField: FieldWriter = (output, count, place, value, name) => {
  if (value === undefined || value === null) return count;
  if (!(value instanceof Uint8Array)) throw wrongField(name, 'a Uint8Array', value);
  count = fillUpTo(output, count, place);
  writeBinary(output, value);
  return count;
};

/** A `timestamp`, from a `Date` or from milliseconds since 1970. */
export const writeTimeField: FieldWriter = (output, count, place, value, name) => {
  if (value === undefined || value === null) return count;
  const time = value instanceof Date ? value.getTime() : value;
  if (typeof time !== 'number' || !Number.isSafeInteger(time)) {
    throw wrongField(name, 'a valid Date, or whole milliseconds since 1970', time);
  }
  count = fillUpTo(output, count, place);
  writeTimestamp(output, time);
  return count;
};

/** A `uint`. */
export const writeUintField: FieldWriter = (output, count, place, value, name) => {
  if (value === undefined || value === null) return count;
  if (typeof value !== 'number' || value !== value >>> 0) {
    throw wrongField(name, 'a whole number from 0 to 4294967295', value);
  }
  count = fillUpTo(output, count, place);
  writeUint(output, value);
  return count;
};

/** A `ubyte`. */
export const writeUbyteField: FieldWriter = (output, count, place, value, name) => {
  if (value === undefined || value === null) return count;
  if (typeof value !== 'number' || value !== (value & 0xff)) {
    throw wrongField(name, 'a whole number from 0 to 255', value);
  }
  count = fillUpTo(output, count, place);
  output.need(2);
  output.u8(0x50);
  output.u8(value);
  return count;
};

/** A `boolean`. */
export const writeBooleanField: FieldWriter = (output, count, place, value, name) => {
  if (value === undefined || value === null) return count;
  if (typeof value !== 'boolean') throw wrongField(name, 'true or false', value);
  count = fillUpTo(output, count, place);
  output.need(1);
  output.u8(value ? 0x41 : 0x42);
  return count;
};
