/** The length of the payload of each format code (AMQP 1.0 §1.2, §1.6): 0 to 16 bytes, or one of the kinds below. */

/** Not a format code of the standard. */
export const UNKNOWN = -1;
/** One byte of size, then the bytes. */
export const VARIABLE8 = 20;
/** Four bytes of size, then the bytes. */
export const VARIABLE32 = 21;
/** A list or map: a byte of size, a byte of count, then the elements. */
export const COMPOUND8 = 22;
/** A list or map: four bytes of size, four bytes of count, then the elements. */
export const COMPOUND32 = 23;
/** A byte of size, a byte of count, the constructor that all elements share, then their payloads. */
export const ARRAY8 = 24;
/** Four bytes of size, four bytes of count, the constructor that all elements share, then their payloads. */
export const ARRAY32 = 25;

const CODES: readonly (readonly [layout: number, ...codes: number[]])[] = [
  [0, 0x40, 0x41, 0x42, 0x43, 0x44, 0x45], // null, true, false, uint0, ulong0, list0
  [1, 0x50, 0x51, 0x52, 0x53, 0x54, 0x55, 0x56], // ubyte, byte, smalluint, smallulong, smallint, smalllong, boolean
  [2, 0x60, 0x61], // ushort, short
  [4, 0x70, 0x71, 0x72, 0x73, 0x74], // uint, int, float, char, decimal32
  [8, 0x80, 0x81, 0x82, 0x83, 0x84], // ulong, long, double, timestamp, decimal64
  [16, 0x94, 0x98], // decimal128, uuid
  [VARIABLE8, 0xa0, 0xa1, 0xa3], // vbin8, str8, sym8
  [VARIABLE32, 0xb0, 0xb1, 0xb3], // vbin32, str32, sym32
  [COMPOUND8, 0xc0, 0xc1], // list8, map8
  [COMPOUND32, 0xd0, 0xd1], // list32, map32
  [ARRAY8, 0xe0],
  [ARRAY32, 0xf0],
];

/** The layout of each of the 256 format codes. */
export const LAYOUT: Int8Array = new Int8Array(256).fill(UNKNOWN);
for (const [layout, ...codes] of CODES) {
  for (const code of codes) LAYOUT[code] = layout;
}

/** True if a compound code is that of a map, whose elements come in pairs. */
export function isMap(code: number): boolean {
  return code === 0xc1 || code === 0xd1;
}
