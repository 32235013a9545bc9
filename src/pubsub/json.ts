import { InvalidMessageError } from './errors.js';
import { MAX_DEPTH } from './field-value.js';

/** A value that JSON can hold. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/**
 * Turns a value of a message into JSON. What JSON has no form for goes in as an object with one key: `$date`, `$bigint`,
 * `$bytes` (base64) or `$number` (NaN, the infinities, -0). A key of the message that begins with `$` gets a second one
 * in front. Keys come out sorted, so equal values have equal text.
 */
export function toJson(value: unknown): Json {
  switch (typeof value) {
    case 'bigint':
      return { $bigint: value.toString() };
    case 'number':
      if (Number.isFinite(value) && !Object.is(value, -0)) return value;
      return { $number: Object.is(value, -0) ? '-0' : String(value) };
    case 'object':
      if (value === null) return null;
      if (value instanceof Date) return { $date: value.toISOString() };
      if (value instanceof Uint8Array) return { $bytes: Buffer.from(value).toString('base64') };
      if (Array.isArray(value)) return value.map(toJson);
      return objectToJson(value);
    default:
      // Every value of a message has been checked when it was made: what is left is a boolean or a string.
      return value as boolean | string;
  }
}

/** As `toJson`, for the fields of an object. */
export function objectToJson(fields: object): { readonly [key: string]: Json } {
  const json: [string, Json][] = Object.entries(fields)
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([key, value]) => [key.startsWith('$') ? `$${key}` : key, toJson(value)]);
  // Not by assignment: a field called `__proto__` is a field like any other.
  return Object.fromEntries(json);
}

/**
 * Turns JSON back into the value it was made of.
 *
 * @throws InvalidMessageError for an object with a key that begins with one `$` and is none of the four, or whose
 * content does not fit, and for what is nested too deep.
 */
export function fromJson(json: unknown, depth: number = MAX_DEPTH): unknown {
  if (typeof json !== 'object' || json === null) return json;
  if (depth < 0) throw new InvalidMessageError(`The JSON is nested deeper than ${MAX_DEPTH} levels.`);
  if (Array.isArray(json)) return json.map((element) => fromJson(element, depth - 1));
  const entries = Object.entries(json);
  const [first] = entries;
  if (first !== undefined && entries.length === 1 && /^\$[^$]/.test(first[0])) return special(first[0], first[1]);
  return Object.fromEntries(
    entries.map(([key, value]) => {
      if (/^\$(?!\$)/.test(key)) throw new InvalidMessageError(`The JSON has a key ${key} that means nothing here.`);
      return [key.startsWith('$') ? key.slice(1) : key, fromJson(value, depth - 1)];
    }),
  );
}

const NUMBERS: Readonly<Record<string, number>> = { NaN: NaN, Infinity: Infinity, '-Infinity': -Infinity, '-0': -0 };

/** The longest bigint taken, in digits: reading one takes time that grows with the square of its length. */
const MAX_BIGINT_DIGITS = 10_000;

function special(key: string, content: unknown): unknown {
  if (typeof content === 'string') {
    if (key === '$date') return dateOf(content);
    if (key === '$bytes' && /^[A-Za-z0-9+/]*={0,2}$/.test(content))
      return new Uint8Array(Buffer.from(content, 'base64'));
    if (key === '$bigint' && /^-?\d+$/.test(content) && content.length <= MAX_BIGINT_DIGITS) return BigInt(content);
    if (key === '$number' && Object.hasOwn(NUMBERS, content)) return NUMBERS[content];
  }
  throw new InvalidMessageError(`The JSON has a ${key} that cannot be read.`);
}

function dateOf(text: string): Date {
  const date = new Date(text);
  if (Number.isNaN(date.getTime())) throw new InvalidMessageError('The JSON has a $date that is no time.');
  return date;
}
