import type { Dice } from '../unit/codec/support.js';

/** Bytes that mean something in AMQP: format codes, descriptors, sizes at their limits. */
const BYTES = [
  0x00, 0x01, 0x02, 0x7f, 0x80, 0xff, 0x40, 0x41, 0x43, 0x44, 0x45, 0x50, 0x52, 0x53, 0x54, 0x55, 0x56, 0x60, 0x70,
  0x71, 0x72, 0x73, 0x80, 0x81, 0x82, 0x83, 0x98, 0xa0, 0xa1, 0xa3, 0xb0, 0xb1, 0xb3, 0xc0, 0xc1, 0xd0, 0xd1, 0xe0,
  0xf0, 0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18, 0x74, 0x75, 0x76, 0x77, 0x78,
];
const LONGEST = 4096;

/** Changes bytes in one to five places. `others` are inputs to take pieces of, `tokens` pieces that mean something. */
export function mutate(dice: Dice, input: Buffer, others: readonly Buffer[], tokens: readonly Buffer[]): Buffer {
  let bytes: Buffer = Buffer.from(input);
  for (let changes = 1 + dice.below(5); changes > 0; changes--) bytes = change(dice, bytes, others, tokens);
  return bytes.subarray(0, LONGEST);
}

function change(dice: Dice, bytes: Buffer, others: readonly Buffer[], tokens: readonly Buffer[]): Buffer {
  const at = dice.below(bytes.length + 1);
  const put = (piece: Buffer, replaced: number): Buffer =>
    Buffer.concat([bytes.subarray(0, at), piece, bytes.subarray(at + replaced)]);
  switch (dice.below(8)) {
    case 0:
      return flip(dice, bytes);
    case 1:
      return put(Buffer.from([dice.pick(BYTES)]), 1);
    case 2:
      return put(Buffer.from([dice.pick(BYTES)]), 0);
    case 3:
      return put(dice.bytes(8), dice.below(4));
    case 4:
      return put(Buffer.alloc(0), 1 + dice.below(16));
    case 5: // the same once more
      return put(bytes.subarray(at, at + 1 + dice.below(64)), 0);
    case 6: {
      const other = dice.pick(others);
      const from = dice.below(other.length + 1);
      return put(other.subarray(from, from + 1 + dice.below(64)), dice.below(8));
    }
    default:
      return tokens.length === 0 ? flip(dice, bytes) : put(dice.pick(tokens), dice.below(3));
  }
}

function flip(dice: Dice, bytes: Buffer): Buffer {
  if (bytes.length === 0) return bytes;
  const at = dice.below(bytes.length);
  bytes[at] = bytes[at]! ^ (1 << dice.below(8));
  return bytes;
}
