import type { AmqpValue } from '../message/typed.js';
import { AmqpArray, Described, Typed } from '../message/typed.js';
import { storeUint32 } from './big-endian.js';
import { NARROW, closeCompound, headerFor, openCompound } from './compound.js';
import { MAX_DEPTH, MAX_ZERO_WIDTH_ELEMENTS } from './limits.js';
import type { Output } from './output.js';
import type { ScalarType } from './scalar-form.js';
import { scalarForm } from './scalar-form.js';
import { Unencodable, nameOf, propertyStep, within } from './unencodable.js';
import { writeBigint, writeNumber, writeTimestamp, writeUlong } from './write-number.js';
import { scalarCode, writeScalar } from './write-scalar.js';
import { writeBinary, writeString, writeSymbol } from './write-text.js';

/** The form of an object on the wire: a map with strings or with symbols as keys, or application properties. */
export type EntryKind = 'strings' | 'symbols' | 'simple';

/** An object as a map of its own enumerable properties. */
export type Entries = Readonly<Record<string, AmqpValue>>;

/** Writes any value, which is nested in `depth` others. Throws `Unencodable`. */
export function writeValue(output: Output, value: AmqpValue, depth: number): void {
  switch (typeof value) {
    case 'string':
      writeString(output, value);
      break;
    case 'number':
      writeNumber(output, value);
      break;
    case 'boolean':
      writeCode(output, value ? 0x41 : 0x42);
      break;
    case 'undefined':
      writeCode(output, 0x40);
      break;
    case 'bigint':
      writeBigint(output, value);
      break;
    default:
      if (value === null) writeCode(output, 0x40);
      else writeObject(output, value, depth);
  }
}

/** True if an object is a plain one. An object of another class is not data. */
export function isPlain(value: object): value is Entries {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function writeCode(output: Output, code: number): void {
  output.need(1);
  output.u8(code);
}

function writeObject(output: Output, value: AmqpValue & object, depth: number): void {
  if (isPlain(value)) writeMap(output, value, depth);
  else if (Array.isArray(value)) writeList(output, value as readonly AmqpValue[], depth);
  else if (value instanceof Uint8Array) writeBinary(output, value);
  else if (value instanceof Date) writeDate(output, value);
  else if (value instanceof Typed) writeTyped(output, value);
  else if (value instanceof Map) writeMap(output, value as ReadonlyMap<AmqpValue, AmqpValue>, depth);
  else if (value instanceof Described) writeDescribed(output, value, depth);
  else if (value instanceof AmqpArray) writeArray(output, value, depth);
  else throw new Unencodable(`${nameOf(value)} has no AMQP type`);
}

function writeDate(output: Output, date: Date): void {
  const time = date.getTime();
  if (Number.isNaN(time)) throw new Unencodable('an invalid Date has no AMQP form');
  writeTimestamp(output, time);
}

function writeTyped(output: Output, typed: Typed): void {
  const { type } = typed;
  const form = scalarForm(type, typed.value);
  // Zero of these two types is the constructor alone.
  if (form === 0 && type === 'uint') {
    writeCode(output, 0x43);
  } else if (form === 0 && type === 'ulong') {
    writeCode(output, 0x44);
  } else {
    const code = scalarCode(type, [form]);
    writeCode(output, code);
    writeScalar(output, code, form);
  }
}

function checkDepth(depth: number): void {
  if (depth >= MAX_DEPTH) throw new Unencodable(`values nest deeper than ${MAX_DEPTH} levels, or refer to themselves`);
}

/** Writes a list in its smallest form. */
function writeList(output: Output, list: readonly AmqpValue[], depth: number): void {
  if (list.length === 0) {
    writeCode(output, 0x45);
    return;
  }
  checkDepth(depth);
  const header = headerFor(list.length);
  const offset = openCompound(output, header);
  writeElements(output, list, depth + 1);
  closeCompound(output, offset, header, 0xc0, list.length);
}

function writeElements(output: Output, list: readonly AmqpValue[], depth: number): void {
  let index = 0;
  try {
    for (; index < list.length; index++) writeValue(output, list[index], depth);
  } catch (thrown) {
    throw within(thrown, `[${index}]`);
  }
}

/** Writes a map in its smallest form. */
function writeMap(output: Output, map: Entries | ReadonlyMap<AmqpValue, AmqpValue>, depth: number): void {
  checkDepth(depth);
  const offset = openCompound(output, NARROW);
  const count = writePairs(output, map, depth + 1);
  closeCompound(output, offset, NARROW, 0xc1, count);
}

function writePairs(output: Output, map: Entries | ReadonlyMap<AmqpValue, AmqpValue>, depth: number): number {
  if (!(map instanceof Map)) return writeEntries(output, map as Entries, 'strings', depth);
  const pairs = map as ReadonlyMap<AmqpValue, AmqpValue>;
  const keys = new Set<string>();
  let step = '';
  try {
    for (const [key, value] of pairs) {
      step = `.get(${nameOf(key)})`;
      const from = output.position - output.start;
      writeValue(output, key, depth);
      // Two keys may differ as objects, or as number and bigint, and be the same on the wire (AMQP 1.0 §1.6.23).
      const encoded = output.buffer.toString('latin1', output.start + from, output.position);
      if (keys.has(encoded)) throw new Unencodable('a map has no key twice');
      keys.add(encoded);
      writeValue(output, value, depth);
    }
  } catch (thrown) {
    throw within(thrown, step);
  }
  return pairs.size * 2;
}

/** Writes the keys and values of a plain object, without those that are `undefined`. Returns how many it wrote. */
export function writeEntries(output: Output, object: Entries, kind: EntryKind, depth: number): number {
  let count = 0;
  let key = '';
  try {
    for (key in object) {
      // In this loop the call costs nothing, and `Object.hasOwn` as much as the rest.
      if (!Object.prototype.hasOwnProperty.call(object, key)) continue;
      const value = object[key];
      if (value === undefined) continue;
      if (kind === 'symbols') writeSymbol(output, key);
      else writeString(output, key);
      if (kind === 'simple' && typeof value === 'object') checkSimple(value);
      writeValue(output, value, depth);
      count += 2;
    }
  } catch (thrown) {
    throw within(thrown, propertyStep(key));
  }
  return count;
}

/** Application properties must be simple values, so that a broker can filter by them (AMQP 1.0 §3.2.5). */
function checkSimple(value: object | null): void {
  const simple = value === null || value instanceof Typed || value instanceof Date || value instanceof Uint8Array;
  if (!simple) throw new Unencodable(`an application property is a simple value, not ${nameOf(value)}`);
}

function writeDescribed(output: Output, described: Described, depth: number): void {
  checkDepth(depth);
  try {
    writeDescriptor(output, described.descriptor, depth + 1);
  } catch (thrown) {
    throw within(thrown, '.descriptor');
  }
  try {
    writeValue(output, described.value, depth + 1);
  } catch (thrown) {
    throw within(thrown, '.value');
  }
}

/** Descriptors are symbols and ulongs (§1.3.1), so text and numbers go out as those. */
function writeDescriptor(output: Output, descriptor: AmqpValue, depth: number): void {
  writeCode(output, 0x00);
  const number = typeof descriptor === 'number' || typeof descriptor === 'bigint';
  if (typeof descriptor === 'string') writeSymbol(output, descriptor);
  else if (number) writeUlong(output, scalarForm('ulong', descriptor) as number | bigint);
  else writeValue(output, descriptor, depth);
}

function writeArray(output: Output, array: AmqpArray, depth: number): void {
  checkDepth(depth);
  const header = headerFor(array.values.length);
  const offset = openCompound(output, header);
  let inner = depth + 1;
  if (array.descriptor !== undefined) {
    checkDepth(inner++);
    writeDescriptor(output, array.descriptor, inner);
  }
  if (array.type === 'list' || array.type === 'map') writeCompounds(output, array.type, array.values, inner);
  else writeScalars(output, array.type, array.values);
  closeCompound(output, offset, header, 0xe0, array.values.length);
}

/** Writes the constructor and the elements of an array of scalars, all in the smallest encoding that suits all. */
function writeScalars(output: Output, type: ScalarType, values: readonly AmqpValue[]): void {
  if (type === 'null' && values.length > MAX_ZERO_WIDTH_ELEMENTS) {
    throw new Unencodable(`an array of nulls has at most ${MAX_ZERO_WIDTH_ELEMENTS} elements`);
  }
  const forms = values.map((value, index) => {
    try {
      return scalarForm(type, value instanceof Typed && value.type === type ? value.value : value);
    } catch (thrown) {
      throw within(thrown, `.values[${index}]`);
    }
  });
  const code = scalarCode(type, forms);
  writeCode(output, code);
  for (const form of forms) writeScalar(output, code, form);
}

/** Writes the constructor and the elements of an array of lists or maps, all in the wide encoding. */
function writeCompounds(output: Output, type: 'list' | 'map', values: readonly AmqpValue[], depth: number): void {
  writeCode(output, type === 'list' ? 0xd0 : 0xd1);
  checkDepth(depth);
  values.forEach((value, index) => {
    const offset = openCompound(output, 8);
    let count: number;
    try {
      count = type === 'list' ? writeListElement(output, value, depth + 1) : writeMapElement(output, value, depth + 1);
    } catch (thrown) {
      throw within(thrown, `.values[${index}]`);
    }
    const at = output.start + offset;
    storeUint32(output.buffer, at, output.position - at - 4);
    storeUint32(output.buffer, at + 4, count);
  });
}

function writeListElement(output: Output, value: AmqpValue, depth: number): number {
  if (!Array.isArray(value)) throw new Unencodable(`${nameOf(value)} is no list`);
  const list = value as readonly AmqpValue[];
  writeElements(output, list, depth);
  return list.length;
}

function writeMapElement(output: Output, value: AmqpValue, depth: number): number {
  const isMap = typeof value === 'object' && value !== null && (value instanceof Map || isPlain(value));
  if (!isMap) throw new Unencodable(`${nameOf(value)} is no map`);
  return writePairs(output, value as Entries | ReadonlyMap<AmqpValue, AmqpValue>, depth);
}
