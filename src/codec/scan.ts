import { readUint32 } from './big-endian.js';
import { ARRAY32, ARRAY8, COMPOUND32, COMPOUND8, LAYOUT, UNKNOWN, isMap } from './layout.js';
import { MAX_DEPTH, MAX_PERFORMATIVE_ELEMENTS, MAX_ZERO_WIDTH_ELEMENTS, MAX_ZERO_WIDTH_TOTAL } from './limits.js';
import { malformed } from './malformed.js';

const ANY_NUMBER = 0x3fff_ffff;

/** The first byte of the record that is scanned: errors count from here. */
let origin = 0;
/** The array elements without bytes that the scanned value may still have. */
let zeroWidthLeft = 0;
/** The elements that the scanned value may still have: by default more than fit into a buffer. */
let elementsLeft = ANY_NUMBER;

/**
 * Checks one value without building it: every format code known, every size and count right, nothing beyond the limits
 * of `limits.ts`. It takes time in proportion to the bytes, and no memory. The content of scalars (UTF-8, the byte of a
 * boolean) is left to the reader.
 *
 * @param begin The position from which errors count bytes. Default 0, the beginning of the buffer.
 * @returns The position after the value.
 * @throws `DecodeError` when the bytes from `position` to `end` do not begin with such a value.
 */
export function scanValue(buffer: Buffer, position: number, end: number, begin = 0): number {
  elementsLeft = ANY_NUMBER;
  return scanFrom(begin, buffer, position, end);
}

/**
 * Checks a performative (AMQP 1.0 §2.7, §5.3.3) as `scanValue` does, and that its lists, maps, arrays and descriptors
 * have no more than `MAX_PERFORMATIVE_ELEMENTS` elements together: rhea makes an object of each, and may keep it as
 * long as the link or the connection lasts.
 *
 * @returns The position after the performative.
 * @throws `DecodeError` when it is not one value, or has too many elements.
 */
export function scanPerformative(buffer: Buffer, position: number, end: number): number {
  elementsLeft = MAX_PERFORMATIVE_ELEMENTS;
  return scanFrom(0, buffer, position, end);
}

function scanFrom(begin: number, buffer: Buffer, position: number, end: number): number {
  origin = begin;
  zeroWidthLeft = MAX_ZERO_WIDTH_TOTAL;
  return scan(buffer, position, end, 0);
}

/**
 * Skips one value by its size, without looking inside. Takes time in proportion to the descriptors in front of it.
 *
 * @param begin Where errors count bytes from. Default 0, the beginning of the buffer.
 * @returns The position after the value.
 * @throws `DecodeError` when the value does not end by `end`, or begins with no format code.
 */
export function skipValue(buffer: Buffer, position: number, end: number, begin = 0): number {
  let values = 1; // a descriptor is a value and makes the value behind it one more, so no recursion is needed
  while (values > 0) {
    if (position >= end) throw malformed('The bytes end where a value should begin', position - begin);
    const code = buffer[position]!;
    if (code === 0) {
      values++;
      position++;
      continue;
    }
    const layout = LAYOUT[code]!;
    const after = skipPayload(buffer, layout, position + 1, end);
    if (after > end) throw malformed(brokenValue(layout, code), position - begin);
    position = after;
    values--;
  }
  return position;
}

function brokenValue(layout: number, code: number): string {
  if (layout === UNKNOWN) return `0x${code.toString(16).padStart(2, '0')} is not a format code`;
  return 'A value does not end where the bytes around it do';
}

/** Returns the position after a payload, or one beyond `end` when it does not fit or its layout is unknown. */
function skipPayload(buffer: Buffer, layout: number, position: number, end: number): number {
  if (layout <= 16) return layout === UNKNOWN ? end + 1 : position + layout;
  if ((layout & 1) === 0) return position < end ? position + 1 + buffer[position]! : end + 1;
  return position + 4 <= end ? position + 4 + readUint32(buffer, position) : end + 1;
}

function scan(buffer: Buffer, position: number, end: number, depth: number): number {
  if (position >= end) throw malformed('The bytes end where a value should begin', position - origin);
  const code = buffer[position]!;
  if (code !== 0) return scanPayload(buffer, code, position + 1, end, depth);
  checkDepth(depth, position);
  chargeElements(1, position);
  return scan(buffer, scan(buffer, position + 1, end, depth + 1), end, depth + 1);
}

function checkDepth(depth: number, position: number): void {
  if (depth >= MAX_DEPTH) throw malformed(`Values nest deeper than ${MAX_DEPTH} levels`, position - origin);
}

/** Checks the payload of a value: the bytes behind its constructor, or an element of an array. */
function scanPayload(buffer: Buffer, code: number, position: number, end: number, depth: number): number {
  const layout = LAYOUT[code]!;
  const after = skipPayload(buffer, layout, position, end);
  if (after > end) throw malformed(brokenValue(layout, code), position - origin);
  switch (layout) {
    case COMPOUND8:
    case COMPOUND32:
      checkDepth(depth, position);
      scanCompound(buffer, code, position, after, depth + 1);
      break;
    case ARRAY8:
    case ARRAY32:
      checkDepth(depth, position);
      scanArray(buffer, code, position, after, depth + 1);
      break;
    default:
  }
  return after;
}

/** Returns where the elements begin whose size is at `position`. */
function elementsAt(code: number, position: number, after: number): number {
  const elements = position + (code >= 0xd0 && code !== 0xe0 ? 8 : 2);
  if (elements > after)
    throw malformed('The size of a list, map or array leaves no room for its count', position - origin);
  return elements;
}

function countAt(buffer: Buffer, elements: number, position: number): number {
  return elements - position === 8 ? readUint32(buffer, position + 4) : buffer[position + 1]!;
}

function chargeElements(count: number, position: number): void {
  elementsLeft -= count;
  if (elementsLeft < 0) {
    throw malformed(`A performative has more than ${MAX_PERFORMATIVE_ELEMENTS} elements`, position - origin);
  }
}

function scanCompound(buffer: Buffer, code: number, position: number, after: number, depth: number): void {
  let at = elementsAt(code, position, after);
  const count = countAt(buffer, at, position);
  if (count > after - at) throw malformed('A list or map has fewer bytes than elements', position - origin);
  if (isMap(code) && count % 2 === 1) throw malformed('A map has a key without a value', position - origin);
  chargeElements(count, position);
  for (let index = 0; index < count; index++) at = scan(buffer, at, after, depth);
  if (at !== after) throw malformed('A list or map is longer than its elements', at - origin);
}

function scanArray(buffer: Buffer, code: number, position: number, after: number, depth: number): void {
  let at = elementsAt(code, position, after);
  const count = countAt(buffer, at, position);
  if (buffer[at] === 0 && at < after) {
    checkDepth(depth++, at);
    at = scan(buffer, at + 1, after, depth);
  }
  if (at >= after) throw malformed('An array has no constructor for its elements', at - origin);
  const element = buffer[at]!;
  const layout = LAYOUT[element]!;
  if (layout === UNKNOWN) throw malformed(brokenValue(layout, element), at - origin);
  at++;
  if (layout === 0) {
    zeroWidthLeft = chargeZeroWidth(count, zeroWidthLeft, position - origin);
  } else if (layout <= 16) {
    at += count * layout;
  } else {
    if (count > after - at) throw malformed('An array has fewer bytes than elements', position - origin);
    for (let index = 0; index < count; index++) at = scanPayload(buffer, element, at, after, depth);
  }
  if (at !== after) throw malformed('The size of an array is not that of its elements', position - origin);
  chargeElements(count, position);
}

/** Subtracts an array of `count` elements without bytes from the allowance, and returns the rest. */
export function chargeZeroWidth(count: number, left: number, byte: number): number {
  if (count > MAX_ZERO_WIDTH_ELEMENTS) {
    throw malformed(`An array has ${count} elements of no bytes, and ${MAX_ZERO_WIDTH_ELEMENTS} are allowed`, byte);
  }
  if (count > left) {
    throw malformed(`Arrays have more than ${MAX_ZERO_WIDTH_TOTAL} elements of no bytes together`, byte);
  }
  return left - count;
}
