import { DecodeError } from '../errors.js';

/**
 * The error for bytes that are not AMQP. It tells the reason, and the byte, counted from the beginning of the record.
 */
export function malformed(reason: string, byte: number): DecodeError {
  return new DecodeError(`${reason} (byte ${byte}).`);
}
