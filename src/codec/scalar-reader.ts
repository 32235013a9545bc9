import type { DecodeError } from '../errors.js';
import { Typed } from '../message/typed.js';
import type { AmqpValue } from '../message/typed.js';
import { readUint16, readUint32 } from './big-endian.js';
import { MAX_VALUES, MAX_ZERO_WIDTH_TOTAL, OBJECT_WEIGHT } from './limits.js';
import { malformed } from './malformed.js';
import { readText } from './text.js';
import { readUuid } from './uuid.js';

/** Options for reading values. */
export interface ReadOptions {
  /**
   * The JavaScript type for `long` and `ulong`. `number`, the default, uses `bigint` only outside the safe integers
   * (from -(2^53 - 1) to 2^53 - 1); `bigint` always uses it.
   */
  integers?: 'number' | 'bigint' | undefined;
}

/** The farthest time from 1970 that a `Date` can hold, in milliseconds. */
const LAST_DATE = 8.64e15;

const TOO_MANY = 'There are more values than may be read at once; so much content should come as a data section';

/** Reads the AMQP values without elements (AMQP 1.0 §1.6), and checks every bound. */
export class ScalarReader {
  /** The next byte to read. */
  position = 0;
  /** The end of the bytes that may be read. */
  end = 0;
  protected buffer: Buffer = Buffer.alloc(0);
  protected origin = 0;
  #bigints = false;
  protected zeroWidthLeft = 0;
  #valuesLeft = 0;

  /**
   * Starts at `position`.
   *
   * @param origin The position from which errors count bytes.
   * @param bigints True to read every `long` and `ulong` as a bigint.
   * @param maxValues The most values that may be read until the next `open`: see `limits.ts`.
   */
  open(
    buffer: Buffer,
    position: number,
    end: number,
    origin: number,
    bigints: boolean,
    maxValues: number = MAX_VALUES,
  ): void {
    this.buffer = buffer;
    this.position = position;
    this.end = end;
    this.origin = origin;
    this.#bigints = bigints;
    this.zeroWidthLeft = MAX_ZERO_WIDTH_TOTAL;
    this.#valuesLeft = maxValues;
  }

  /** The format code at `position`, without moving behind it. */
  peek(): number {
    if (this.position >= this.end) throw this.fail('The bytes end where a value should begin', this.position);
    return this.buffer[this.position]!;
  }

  /** The scalar whose constructor was `code`. */
  protected scalar(code: number): AmqpValue {
    switch (code) {
      case 0x40: // null
        return null;
      case 0x41: // true
        return true;
      case 0x42: // false
        return false;
      case 0x56: // boolean
        return this.#boolean();
      case 0xa0: // vbin8
      case 0xb0: // vbin32
        return this.#bytes(this.size(code === 0xb0));
      case 0xa1: // str8-utf8
      case 0xa3: // sym8
      case 0xb1: // str32-utf8
      case 0xb3: // sym32
        return this.#text(code >= 0xb0);
      default:
        return this.#number(code);
    }
  }

  #number(code: number): AmqpValue {
    const buffer = this.buffer;
    switch (code) {
      case 0x43: // uint0
        return 0;
      case 0x50: // ubyte
      case 0x52: // smalluint
        return buffer[this.take(1)]!;
      case 0x51: // byte
      case 0x54: // smallint
        return (buffer[this.take(1)]! << 24) >> 24;
      case 0x60: // ushort
        return readUint16(buffer, this.take(2));
      case 0x61: // short
        return (readUint16(buffer, this.take(2)) << 16) >> 16;
      case 0x70: // uint
        return readUint32(buffer, this.take(4));
      case 0x71: // int
        return readUint32(buffer, this.take(4)) | 0;
      case 0x72: // float
        return buffer.readFloatBE(this.take(4));
      case 0x82: // double
        return buffer.readDoubleBE(this.take(8));
      default:
        return this.#wide(code);
    }
  }

  #wide(code: number): AmqpValue {
    const buffer = this.buffer;
    switch (code) {
      case 0x44: // ulong0
        return this.#bigints ? 0n : 0;
      case 0x53: // smallulong
        return int64(0, buffer[this.take(1)]!, this.#bigints);
      case 0x55: {
        // smalllong
        const value = (buffer[this.take(1)]! << 24) >> 24;
        return this.#bigints ? BigInt(value) : value;
      }
      case 0x80: {
        // ulong
        const at = this.take(8);
        return int64(readUint32(buffer, at), readUint32(buffer, at + 4), this.#bigints);
      }
      case 0x81: {
        // long
        const at = this.take(8);
        return int64(readUint32(buffer, at) | 0, readUint32(buffer, at + 4), this.#bigints);
      }
      case 0x83: // timestamp
        return this.#timestamp();
      default:
        return this.#typed(code);
    }
  }

  /** Reads the types that JavaScript does not have. */
  #typed(code: number): AmqpValue {
    switch (code) {
      case 0x73: // char
        return this.#char();
      case 0x74: // decimal32
        return new Typed('decimal32', this.#bytes(4));
      case 0x84: // decimal64
        return new Typed('decimal64', this.#bytes(8));
      case 0x94: // decimal128
        return new Typed('decimal128', this.#bytes(16));
      case 0x98: // uuid
        this.charge(OBJECT_WEIGHT);
        return new Typed('uuid', readUuid(this.buffer, this.take(16)));
      default:
        throw this.fail(`0x${code.toString(16).padStart(2, '0')} is not a format code`, this.position - 1);
    }
  }

  #boolean(): boolean {
    const at = this.take(1);
    const byte = this.buffer[at]!;
    if (byte > 1) throw this.fail('A boolean is neither 0 nor 1', at);
    return byte === 1;
  }

  #char(): string {
    const at = this.take(4);
    const point = readUint32(this.buffer, at);
    if (point > 0x10_ffff || (point >= 0xd800 && point <= 0xdfff)) {
      throw this.fail('A char is not a Unicode character', at);
    }
    return String.fromCodePoint(point);
  }

  #timestamp(): Date | Typed {
    const at = this.take(8);
    const time = int64(readUint32(this.buffer, at) | 0, readUint32(this.buffer, at + 4), false);
    this.charge(OBJECT_WEIGHT);
    const inRange = typeof time === 'number' && time >= -LAST_DATE && time <= LAST_DATE;
    return inRange ? new Date(time) : new Typed('timestamp', time);
  }

  #text(wide: boolean): string {
    const start = this.take(this.size(wide));
    return readText(this.buffer, start, this.position, this.origin);
  }

  #bytes(size: number): Buffer {
    const start = this.take(size);
    this.charge(OBJECT_WEIGHT);
    return this.buffer.subarray(start, start + size);
  }

  /** Counts values before they are read, so that the limit takes effect before their memory is taken. */
  charge(values: number): void {
    this.#valuesLeft -= values;
    if (this.#valuesLeft < 0) throw this.fail(TOO_MANY, this.position);
  }

  protected size(wide: boolean): number {
    return wide ? readUint32(this.buffer, this.take(4)) : this.buffer[this.take(1)]!;
  }

  /** Skips `size` bytes after checking that they are there, and returns their position. */
  protected take(size: number): number {
    const start = this.position;
    if (size > this.end - start) throw this.fail('The bytes end inside a value', start);
    this.position = start + size;
    return start;
  }

  protected fail(reason: string, position: number): DecodeError {
    return malformed(reason, position - this.origin);
  }
}

/** Combines two halves, of which the low one is unsigned, into an integer. */
function int64(high: number, low: number, bigint: boolean): number | bigint {
  const value = high * 0x1_0000_0000 + low;
  return !bigint && Number.isSafeInteger(value) ? value : (BigInt(high) << 32n) | BigInt(low);
}
