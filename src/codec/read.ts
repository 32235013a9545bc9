import type { AmqpValue } from '../message/typed.js';
import type { ReadOptions } from './scalar-reader.js';
import { Reader } from './reader.js';

export { scanPerformative, scanValue, skipValue } from './scan.js';
export type { ReadOptions } from './scalar-reader.js';

/** Shared by all callers: reading calls nothing that could begin another reading. */
const reader = new Reader();

/**
 * Reads the value that begins at `position`. Ignores the bytes behind it.
 *
 * Integers of 8 to 32 bits, `float` and `double` read as numbers, `long` and `ulong` as `options.integers` says;
 * `string`, `symbol` and `char` as strings; `timestamp` as `Date`, or `Typed` when no `Date` reaches so far; `uuid` and
 * the decimals as `Typed`; `binary` as a view of `buffer`, not a copy; lists and arrays as arrays; maps as objects
 * without a prototype, or as `Map` when a key is no text; described values as `Described`.
 *
 * @param end The end of the bytes that may be read. Default the end of `buffer`.
 * @throws `DecodeError` when the bytes are not a value, or when it exceeds the limits of `limits.ts`.
 */
export function readValue(
  buffer: Buffer,
  position: number,
  end: number = buffer.length,
  options?: ReadOptions,
): AmqpValue {
  reader.open(buffer, position, end, 0, options?.integers === 'bigint');
  return reader.value(0);
}
