import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { inspect, isDeepStrictEqual } from 'node:util';
import { expect } from 'vitest';
import { encodeMessage } from '../../../src/codec/encode-message.js';
import { encodeValue } from '../../../src/codec/encode-value.js';
import { Output } from '../../../src/codec/output.js';
import { readValue, scanValue, skipValue } from '../../../src/codec/read.js';
import { ReceivedMessage } from '../../../src/codec/received-message.js';
import type { ReadOptions } from '../../../src/codec/scalar-reader.js';
import type { Message } from '../../../src/message/message.js';
import type { AmqpValue } from '../../../src/message/typed.js';

/** Bytes from hexadecimal digits, which may be grouped. */
export function bytes(hex: string): Buffer {
  const digits = hex.replaceAll(' ', '');
  const buffer = Buffer.from(digits, 'hex');
  if (buffer.length * 2 !== digits.length) throw new Error(`Not hexadecimal: ${hex}`);
  return buffer;
}

/** One record, as it was written. */
export function written(write: (output: Output) => void): Buffer {
  const output = new Output();
  output.open(0);
  write(output);
  return output.buffer.subarray(output.start, output.position);
}

export function valueBytes(value: AmqpValue): Buffer {
  return written((output) => encodeValue(output, value));
}

export function messageBytes(message: Message, address: string | undefined = message.address): Buffer {
  return written((output) => encodeMessage(output, message, address));
}

/** Reads the one value that `buffer` is, and has it scanned and skipped too. */
export function read(buffer: Buffer, options?: ReadOptions): AmqpValue {
  if (scanValue(buffer, 0, buffer.length) !== buffer.length) throw new Error('The scan ended early.');
  if (skipValue(buffer, 0, buffer.length) !== buffer.length) throw new Error('The skip ended early.');
  return readValue(buffer, 0, buffer.length, options);
}

export function received(buffer: Buffer, options?: ReadOptions): ReceivedMessage {
  // Bytes on both sides make sure that nothing relies on the message being all of its buffer.
  const around = Buffer.concat([Buffer.from([0xff, 0x00, 0x53]), buffer, Buffer.from([0x45, 0xff])]);
  return new ReceivedMessage(around, 3, 3 + buffer.length, options);
}

/** Reads everything there is to read of a message. */
export function readAll(message: ReceivedMessage): Message & Pick<ReceivedMessage, 'bodyType'> {
  const { durable, priority, firstAcquirer, deliveryCount, bodyType } = message;
  return { durable, priority, firstAcquirer, deliveryCount, ...message.toObject(), bodyType };
}

/**
 * Compares two values part by part, whatever prototypes their maps have. `toEqual` looks twice into every list within a
 * list, which takes for ever with values that nest twenty deep.
 */
export function expectSame(actual: unknown, expected: unknown): void {
  const [left, right] = [comparable(actual), comparable(expected)];
  if (!isDeepStrictEqual(left, right)) expect.fail(`${inspect(left, SHOWN)}\nis not\n${inspect(right, SHOWN)}`);
}

const SHOWN = { depth: 5, maxArrayLength: 20 };

/** The same value, with plain objects for maps and their classes as text. What is not given counts as absent. */
function comparable(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(comparable);
  if (value instanceof Uint8Array) return Buffer.from(value);
  if (value instanceof Map) return ['Map', ...Array.from(value, (entry) => entry.map(comparable))];
  if (typeof value !== 'object' || value === null || value instanceof Date) return value;
  const parts = Object.entries(value).filter(([, part]) => part !== undefined);
  const prototype: unknown = Object.getPrototypeOf(value);
  const kind = prototype === null || prototype === Object.prototype ? 'map' : value.constructor.name;
  return [kind, Object.fromEntries(parts.map(([key, part]) => [key, comparable(part)]))];
}

/** Recordings of other implementations: read in place, when they are there. */
export const TEST_DATA =
  process.env['AMQP_TEST_DATA'] ?? fileURLToPath(new URL('../../../../shared/data', import.meta.url));

export const NO_TEST_DATA = existsSync(TEST_DATA) ? undefined : `there is no ${TEST_DATA}: set AMQP_TEST_DATA`;

/** Numbers that look random and are the same each time: 32 bits from a counter, mixed (the finaliser of MurmurHash3). */
export class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  /** A whole number from 0 up to, but without, `limit`. */
  below(limit: number): number {
    this.#state = (this.#state + 0x9e37_79b9) | 0;
    let mixed = this.#state ^ (this.#state >>> 16);
    mixed = Math.imul(mixed, 0x85eb_ca6b);
    mixed ^= mixed >>> 13;
    mixed = Math.imul(mixed, 0xc2b2_ae35);
    mixed ^= mixed >>> 16;
    return Math.floor(((mixed >>> 0) / 0x1_0000_0000) * limit);
  }

  /** True once in `times`. */
  once(times: number): boolean {
    return this.below(times) === 0;
  }

  pick<Item>(items: readonly Item[]): Item {
    return items[this.below(items.length)]!;
  }

  /** Text of up to `longest` characters, most of it ASCII. */
  text(longest: number): string {
    const length = this.below(longest + 1);
    const ascii = !this.once(8);
    let text = '';
    while (text.length < length)
      text += ascii ? String.fromCharCode(32 + this.below(95)) : this.pick(['é', '水', '😀', 'a']);
    return text;
  }

  bytes(longest: number): Buffer {
    return Buffer.from(Array.from({ length: this.below(longest + 1) }, () => this.below(256)));
  }
}
