import type { Properties } from '../message/message.js';
import type { AmqpValue } from '../message/typed.js';
import { NARROW, closeCompound, openCompound } from './compound.js';
import type { Output } from './output.js';
import { encodeError } from './unencodable.js';
import { writeEntries, writeValue } from './write-value.js';

/**
 * Writes one value at `output.position`, in the smallest encoding of its type (AMQP 1.0 §1.6).
 *
 * Safe integers are written as `long`, other numbers as `double`, a bigint as `long` or `ulong`, a `Date` as
 * `timestamp`, bytes as `binary`, `null` and `undefined` as `null`, an array as a list, a `Map` or plain object as a
 * map. Keys of an object are written as strings; those whose value is `undefined` are left out. `Typed`, `Described`
 * and `AmqpArray` choose other types.
 *
 * @throws `EncodeError`, naming the path, when AMQP cannot encode the value or one inside it, or when it nests deeper
 * than `MAX_DEPTH`. The caller must then abandon the record.
 */
export function encodeValue(output: Output, value: AmqpValue): void {
  try {
    writeValue(output, value, 0);
  } catch (thrown) {
    throw encodeError(thrown, 'value');
  }
}

/**
 * Writes a plain object as `encodeValue` does, but with symbols as keys, as in annotations (§3.2.10).
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
