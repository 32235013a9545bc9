import type { Properties } from '../message/message.js';
import type { AmqpValue } from '../message/typed.js';
import { NARROW, closeCompound, openCompound } from './compound.js';
import type { Output } from './output.js';
import { encodeError } from './unencodable.js';
import { writeEntries, writeValue } from './write-value.js';

/**
 * Writes one value at `output.position`, in the smallest encoding of its type (AMQP 1.0 §1.6).
 *
 * Safe integers go out as `long`, other numbers as `double`, a bigint as `long` or `ulong`, a `Date` as `timestamp`, bytes as
 * `binary`, `null` and `undefined` as `null`, an array as a list, a `Map` or plain object as a map. Keys of an object go
 * out as strings; those whose value is `undefined` are left out. `Typed`, `Described` and `AmqpArray` say otherwise.
 *
 * @throws `EncodeError` when the value, or one inside, has no AMQP form, or nests deeper than `MAX_DEPTH`. The message
 * names the path to it. The record is then to be abandoned.
 */
export function encodeValue(output: Output, value: AmqpValue): void {
  try {
    writeValue(output, value, 0);
  } catch (thrown) {
    throw encodeError(thrown, 'value');
  }
}

/**
 * Writes a plain object as a map whose keys are symbols, as annotations are (§3.2.10). Otherwise as `encodeValue`.
 *
 * @throws `EncodeError` also when a key is not ASCII.
 */
export function encodeSymbolMap(output: Output, map: Properties): void {
  try {
    const offset = openCompound(output, NARROW);
    const count = writeEntries(output, map, 'symbols', 1);
    closeCompound(output, offset, NARROW, 0xc1, count);
  } catch (thrown) {
    throw encodeError(thrown, 'map');
  }
}
