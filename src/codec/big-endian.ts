/**
 * Integers in network byte order, by shifting. The methods of `Buffer` are slower, because they repeat checks that the
 * caller has made.
 */

/** The two bytes at `position` as an unsigned integer. The caller has checked that they are there. */
export function readUint16(buffer: Buffer, position: number): number {
  return (buffer[position]! << 8) | buffer[position + 1]!;
}

/** The four bytes at `position` as an unsigned integer. The caller has checked that they are there. */
export function readUint32(buffer: Buffer, position: number): number {
  return (
    ((buffer[position]! << 24) |
      (buffer[position + 1]! << 16) |
      (buffer[position + 2]! << 8) |
      buffer[position + 3]!) >>>
    0
  );
}

/** Writes the low 16 bits of `value` at `position`. The caller has made room. */
export function storeUint16(buffer: Buffer, position: number, value: number): void {
  buffer[position] = value >>> 8;
  buffer[position + 1] = value;
}

/** Writes the low 32 bits of `value` at `position`. The caller has made room. */
export function storeUint32(buffer: Buffer, position: number, value: number): void {
  buffer[position] = value >>> 24;
  buffer[position + 1] = value >>> 16;
  buffer[position + 2] = value >>> 8;
  buffer[position + 3] = value;
}
