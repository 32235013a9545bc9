import { storeUint32 } from './big-endian.js';
import type { Output } from './output.js';

/** What stands before the elements of list8, map8 and array8, in bytes: code, size and count. */
export const NARROW = 3;
/** The same of list32, map32 and array32. */
export const WIDE = 9;

/** The header to leave room for when `count` elements of a byte or more come: they must not fit into the narrow one. */
export function headerFor(count: number): number {
  return count > 254 ? WIDE : NARROW;
}

/** Begins a list, map or array: leaves `header` bytes free. Returns where it stands in the record, for `closeCompound`. */
export function openCompound(output: Output, header: number): number {
  output.need(header);
  const offset = output.position - output.start;
  output.position += header;
  return offset;
}

/**
 * Ends what `openCompound` began, in its smallest form: `code` is that of the narrow form. When the header turns out to
 * be the other one, the elements move by six bytes, which happens to most values never and to a large one once.
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
