import { InvalidMessageError } from './errors.js';

/**
 * The type of a field once it is in a message: the same, read-only all the way down. A `Date` and bytes stay what they
 * are, and each read of them gives a copy.
 */
export type Immutable<Value> = Value extends Date | Uint8Array
  ? Value
  : Value extends readonly (infer Element)[]
    ? readonly Immutable<Element>[]
    : Value extends object
      ? { readonly [Key in keyof Value]: Immutable<Value[Key]> }
      : Value;

/** The most levels of nested values in a message: it stops data that hold themselves, and hostile data. */
export const MAX_DEPTH = 32;

/**
 * Copies the fields of `source` to `target` so that nobody can change them any more: lists and objects are copied and
 * frozen. What JavaScript cannot freeze, dates and bytes, is kept out of reach, and each read gives a copy of it.
 * Fields that are `undefined` are left out.
 *
 * @throws InvalidMessageError for what is no value of a message.
 */
export function copyFields(source: object, target: object, path: string, depth: number = MAX_DEPTH): void {
  if (depth === 0) {
    throw new InvalidMessageError(`${path} is nested deeper than ${MAX_DEPTH} levels. Messages are to be simple data.`);
  }
  for (const [key, value] of Object.entries(source)) {
    if (value !== undefined) copyField(target, key, value, path === '' ? key : `${path}.${key}`, depth);
  }
}

function copyField(target: object, key: string, value: unknown, path: string, depth: number): void {
  if (value instanceof Date) {
    const time = value.getTime();
    if (Number.isNaN(time)) throw new InvalidMessageError(`${path} is a Date without a time. Leave it out instead.`);
    Object.defineProperty(target, key, { enumerable: true, get: () => new Date(time) });
  } else if (value instanceof Uint8Array) {
    const bytes = new Uint8Array(value);
    Object.defineProperty(target, key, { enumerable: true, get: () => bytes.slice() });
  } else {
    // Not by assignment: a field called `__proto__` is a field like any other.
    Object.defineProperty(target, key, { enumerable: true, value: frozenCopy(value, path, depth) });
  }
}

function frozenCopy(value: unknown, path: string, depth: number): unknown {
  switch (typeof value) {
    case 'boolean':
    case 'number':
    case 'bigint':
    case 'string':
      return value;
    case 'object':
      if (value === null) return null;
      if (Array.isArray(value)) return frozenList(value, path, depth);
      if (isPlain(value)) {
        const copy = {};
        copyFields(value, copy, path, depth - 1);
        return Object.freeze(copy);
      }
  }
  throw new InvalidMessageError(
    `${path} is ${describe(value)}. A message holds booleans, numbers, bigints, strings, dates, bytes, and lists and ` +
      'plain objects of these.',
  );
}

function frozenList(list: readonly unknown[], path: string, depth: number): readonly unknown[] {
  // A hole or `undefined` would come back from JSON as something else.
  const gap = Array.from(list).indexOf(undefined);
  if (gap !== -1) throw new InvalidMessageError(`${path}.${gap} is undefined. Use null for what is not there.`);
  const copy: unknown[] = [];
  copyFields(list, copy, path, depth - 1);
  return Object.freeze(copy);
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function describe(value: unknown): string {
  return typeof value === 'object' && value !== null ? `an object of class ${value.constructor.name}` : typeof value;
}
