import { OptionError } from '../errors.js';

/** The AMQP types that JavaScript does not have, by their names in AMQP 1.0 part 1. */
export type AmqpTypeName =
  | 'ubyte'
  | 'ushort'
  | 'uint'
  | 'ulong'
  | 'byte'
  | 'short'
  | 'int'
  | 'long'
  | 'float'
  | 'double'
  | 'decimal32'
  | 'decimal64'
  | 'decimal128'
  | 'char'
  | 'timestamp'
  | 'uuid'
  | 'binary'
  | 'string'
  | 'symbol';

/** Any value that a message can hold, as `put` accepts it and `get` returns it. */
export type AmqpValue =
  | null
  | undefined
  | boolean
  | number
  | bigint
  | string
  | Date
  | Uint8Array
  | Typed
  | AmqpArray
  | Described
  | readonly AmqpValue[]
  | ReadonlyMap<AmqpValue, AmqpValue>
  | { readonly [key: string]: AmqpValue };

/**
 * A value that is sent as exactly this AMQP type. Without it, an integer is sent as `long`, any other number as
 * `double` and text as `string`.
 *
 * Received values that JavaScript has no type for are `Typed` too: `uuid`, the decimals, and timestamps outside the
 * range of `Date`.
 */
export class Typed<Type extends AmqpTypeName = AmqpTypeName, Value = unknown> {
  constructor(
    /** The AMQP type. */
    readonly type: Type,
    /** The value: a number, a bigint, text or bytes, depending on the type. */
    readonly value: Value,
  ) {}

  /** The value as text, so that `${uuid}` reads as expected. */
  toString(): string {
    return String(this.value);
  }

  /** The value without its type. */
  toJSON(): unknown {
    return typeof this.value === 'bigint' ? this.value.toString() : this.value;
  }
}

/** A described value (AMQP 1.0 §1.3.1): a value whose meaning its descriptor names. */
export class Described {
  constructor(
    /** The meaning of the value: a symbol such as `symbol('example:point:list')`, or a number. */
    readonly descriptor: AmqpValue,
    /** The value itself. */
    readonly value: AmqpValue,
  ) {}
}

/** An AMQP array: values of one type. A JavaScript array is sent as an AMQP list instead. */
export class AmqpArray {
  constructor(
    /** The type that all elements are sent as. */
    readonly type: AmqpTypeName | 'boolean' | 'null' | 'list' | 'map',
    /** The elements. */
    readonly values: readonly AmqpValue[],
    /** The descriptor all elements share, when they are described. */
    readonly descriptor?: AmqpValue,
  ) {}
}

function integer<Type extends AmqpTypeName>(type: Type, low: bigint, high: bigint) {
  return (value: number | bigint): Typed<Type, number | bigint> => {
    const whole = typeof value === 'bigint' || Number.isInteger(value);
    if (!whole || BigInt(value) < low || BigInt(value) > high) {
      throw new OptionError(
        `${type}() takes a whole number from ${low.toString()} to ${high.toString()}, not ${value}.`,
      );
    }
    return new Typed(type, value);
  };
}

/** Wraps a whole number. Throws OptionError for one outside the range of the type. */
export type IntegerWrapper<Type extends AmqpTypeName> = (value: number | bigint) => Typed<Type, number | bigint>;

/** An unsigned 8-bit integer. */
export const ubyte: IntegerWrapper<'ubyte'> = integer('ubyte', 0n, 0xffn);
/** An unsigned 16-bit integer. */
export const ushort: IntegerWrapper<'ushort'> = integer('ushort', 0n, 0xffffn);
/** An unsigned 32-bit integer. */
export const uint: IntegerWrapper<'uint'> = integer('uint', 0n, 0xffff_ffffn);
/** An unsigned 64-bit integer. */
export const ulong: IntegerWrapper<'ulong'> = integer('ulong', 0n, 0xffff_ffff_ffff_ffffn);
/** A signed 8-bit integer. */
export const byte: IntegerWrapper<'byte'> = integer('byte', -0x80n, 0x7fn);
/** A signed 16-bit integer. */
export const short: IntegerWrapper<'short'> = integer('short', -0x8000n, 0x7fffn);
/** A signed 32-bit integer. */
export const int: IntegerWrapper<'int'> = integer('int', -0x8000_0000n, 0x7fff_ffffn);
/** A signed 64-bit integer, which every JavaScript integer is sent as by default. */
export const long: IntegerWrapper<'long'> = integer('long', -0x8000_0000_0000_0000n, 0x7fff_ffff_ffff_ffffn);

/** A 32-bit floating point number. */
export function float(value: number): Typed<'float', number> {
  return new Typed('float', value);
}

/** A 64-bit floating point number, also for a whole number such as `double(3)`. */
export function double(value: number): Typed<'double', number> {
  return new Typed('double', value);
}

/** One Unicode character. */
export function char(value: string): Typed<'char', string> {
  const codePoint = value.codePointAt(0);
  if (codePoint === undefined || value !== String.fromCodePoint(codePoint)) {
    throw new OptionError('char() takes a string of exactly one character.');
  }
  return new Typed('char', value);
}

/** Milliseconds since 1970 as an AMQP timestamp: for values a `Date` cannot hold. */
export function timestamp(value: number | bigint): Typed<'timestamp', number | bigint> {
  if (typeof value === 'number' && !Number.isInteger(value)) {
    throw new OptionError('timestamp() takes whole milliseconds.');
  }
  return new Typed('timestamp', value);
}

const UUID_TEXT = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** A UUID, from its text form. */
export function uuid(value: string): Typed<'uuid', string> {
  if (!UUID_TEXT.test(value)) {
    throw new OptionError('uuid() takes text such as 0f8fad5b-d9cb-469f-a165-70867728950e.');
  }
  return new Typed('uuid', value.toLowerCase());
}

/** An AMQP symbol: ASCII text from some list of names, such as a capability. */
export function symbol(value: string): Typed<'symbol', string> {
  for (let index = 0; index < value.length; index++) {
    if (value.charCodeAt(index) > 0x7f) throw new OptionError('symbol() takes ASCII text only.');
  }
  return new Typed('symbol', value);
}

/** A decimal number of 4 bytes, as its IEEE 754 bytes: this package does not compute with decimals. */
export function decimal32(bytes: Uint8Array): Typed<'decimal32', Uint8Array> {
  return new Typed('decimal32', sized(bytes, 4, 'decimal32'));
}

/** A decimal number of 8 bytes, as its IEEE 754 bytes. */
export function decimal64(bytes: Uint8Array): Typed<'decimal64', Uint8Array> {
  return new Typed('decimal64', sized(bytes, 8, 'decimal64'));
}

/** A decimal number of 16 bytes, as its IEEE 754 bytes. */
export function decimal128(bytes: Uint8Array): Typed<'decimal128', Uint8Array> {
  return new Typed('decimal128', sized(bytes, 16, 'decimal128'));
}

/** A value with a descriptor in front of it. */
export function described(descriptor: AmqpValue, value: AmqpValue): Described {
  return new Described(descriptor, value);
}

/** An AMQP array of `type`. */
export function array(type: AmqpArray['type'], values: readonly AmqpValue[]): AmqpArray {
  return new AmqpArray(type, values);
}

function sized(bytes: Uint8Array, length: number, type: string): Uint8Array {
  if (bytes.length !== length) throw new OptionError(`${type}() takes ${length} bytes, not ${bytes.length}.`);
  return bytes;
}
