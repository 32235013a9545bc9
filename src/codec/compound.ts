import { storeUint32 } from './big-endian.js';
import type { Output } from './output.js';

/** Bytes before the elements of list8, map8 and array8: code, size and count. */
export const NARROW = 3;
/** Bytes before the elements of list32, map32 and array32. */
export const WIDE = 9;

/**
 * The size of header to leave room for before `count` elements of at least a byte: the wide one when they cannot fit
 * into the narrow one.
 */
export function headerFor(count: number): number {
  return count > 254 ? WIDE : NARROW;
}

/** Begins a list, map or array: leaves `header` bytes free. Returns its offset in the record, for `closeCompound`. */
export function openCompound(output: Output, header: number): number {
  output.need(header);
  const offset = output.position - output.start;
  output.position += header;
  return offset;
}

/**
 * Ends what `openCompound` began, in its smallest form: `code` is that of the narrow form. When the other header is
 * needed, the elements move by six bytes. Most values never need that, and a large one needs it once.
 */
export function closeCompound(output: Output, offset: number, header: number, code: number, count: number): void {
  output.need(WIDE - NARROW);
  const { buffer, position } = output;
  const at = output.start + offset;
  const size = position - at - header;
  if (size < 255 && count <= 255) {
    if (header !== NARROW) buffer.copyWithin(at + NARROW, at + header, position);
    buffer[at] = code;
    buffer[at + 1] = size + 1;
    buffer[at + 2] = count;
    output.position = at + NARROW + size;
  } else {
    if (header !== WIDE) buffer.copyWithin(at + WIDE, at + header, position);
    buffer[at] = code + 0x10;
    storeUint32(buffer, at + 1, size + 4);
    storeUint32(buffer, at + 5, count);
    output.position = at + WIDE + size;
  }
}
