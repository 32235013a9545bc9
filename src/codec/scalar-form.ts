import type { AmqpTypeName } from '../message/typed.js';
import { Unencodable, nameOf } from './unencodable.js';
import { notAscii } from './write-text.js';
import { isUuid } from './uuid.js';

/** A checked scalar, ready to be written: a char as its code point, a date as its time. */
export type ScalarForm = boolean | number | bigint | string | Uint8Array;

/** The AMQP types without elements. */
export type ScalarType = AmqpTypeName | 'boolean' | 'null';

/** The least and the greatest value of each integer type (AMQP 1.0 §1.6.3–10, §1.6.17). */
const RANGES = {
  ubyte: [0n, 0xffn],
  ushort: [0n, 0xffffn],
  uint: [0n, 0xffff_ffffn],
  ulong: [0n, 2n ** 64n - 1n],
  byte: [-0x80n, 0x7fn],
  short: [-0x8000n, 0x7fffn],
  int: [-0x8000_0000n, 0x7fff_ffffn],
  long: [-(2n ** 63n), 2n ** 63n - 1n],
  timestamp: [-(2n ** 63n), 2n ** 63n - 1n],
} as const;

/** Checks that a value fits the type, and returns the form to write. Throws `Unencodable`. */
export function scalarForm(type: ScalarType, value: unknown): ScalarForm {
  switch (type) {
    case 'null':
      if (value === null || value === undefined) return false;
      break;
    case 'boolean':
      if (typeof value === 'boolean') return value;
      break;
    case 'float':
    case 'double':
      if (typeof value === 'number') return value;
      break;
    case 'string':
      if (typeof value === 'string') return value;
      break;
    case 'symbol':
      if (typeof value === 'string') return ascii(value);
      break;
    case 'binary':
      if (value instanceof Uint8Array) return value;
      break;
    case 'uuid':
      if (typeof value === 'string' && isUuid(value)) return value;
      break;
    case 'char':
      if (typeof value === 'string') return codePoint(value);
      break;
    case 'decimal32':
    case 'decimal64':
    case 'decimal128':
      if (value instanceof Uint8Array && value.length === Number(type.slice(7)) / 8) return value;
      break;
    case 'timestamp':
      return integerForm(type, value instanceof Date ? value.getTime() : value);
    default:
      return integerForm(type, value);
  }
  throw new Unencodable(`${nameOf(value)} is no ${type}`);
}

function integerForm(type: keyof typeof RANGES, value: unknown): number | bigint {
  // A caller without TypeScript may have made a wrapper by hand.
  if (!Object.hasOwn(RANGES, type)) throw new Unencodable(`${type as string} is not the name of an AMQP type`);
  const [least, greatest] = RANGES[type];
  const whole = typeof value === 'bigint' || (typeof value === 'number' && Number.isInteger(value));
  if (!whole || value < least || value > greatest) {
    throw new Unencodable(`${type} takes a whole number from ${least} to ${greatest}, not ${nameOf(value)}`);
  }
  return Number.isSafeInteger(Number(value)) ? Number(value) : BigInt(value);
}

function ascii(text: string): string {
  for (let index = 0; index < text.length; index++) {
    if (text.charCodeAt(index) > 0x7f) throw notAscii();
  }
  return text;
}

function codePoint(text: string): number {
  const point = text.codePointAt(0);
  const alone = point !== undefined && text.length === (point > 0xffff ? 2 : 1);
  if (!alone || (point >= 0xd800 && point <= 0xdfff)) throw new Unencodable('a char is exactly one Unicode character');
  return point;
}
