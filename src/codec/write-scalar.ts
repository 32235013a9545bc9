import { storeUint16 } from './big-endian.js';
import type { Output } from './output.js';
import type { ScalarForm, ScalarType } from './scalar-form.js';
import { writeUuid } from './uuid.js';

/** The format codes of each type, the smaller one first. Codes without a payload are left out. */
const CODES: Record<ScalarType, readonly [narrow: number, wide: number]> = {
  null: [0x40, 0x40],
  boolean: [0x56, 0x56],
  ubyte: [0x50, 0x50],
  ushort: [0x60, 0x60],
  uint: [0x52, 0x70],
  ulong: [0x53, 0x80],
  byte: [0x51, 0x51],
  short: [0x61, 0x61],
  int: [0x54, 0x71],
  long: [0x55, 0x81],
  float: [0x72, 0x72],
  double: [0x82, 0x82],
  decimal32: [0x74, 0x74],
  decimal64: [0x84, 0x84],
  decimal128: [0x94, 0x94],
  char: [0x73, 0x73],
  timestamp: [0x83, 0x83],
  uuid: [0x98, 0x98],
  binary: [0xa0, 0xb0],
  string: [0xa1, 0xb1],
  symbol: [0xa3, 0xb3],
};

/** The smallest format code that suits all of `forms`, which are of one type. */
export function scalarCode(type: ScalarType, forms: readonly ScalarForm[]): number {
  const [narrow, wide] = CODES[type];
  return narrow === wide || forms.every((form) => isNarrow(type, form)) ? narrow : wide;
}

function isNarrow(type: ScalarType, form: ScalarForm): boolean {
  if (typeof form === 'string') return Buffer.byteLength(form) <= 255;
  if (form instanceof Uint8Array) return form.length <= 255;
  if (typeof form === 'boolean') return true;
  const signed = type === 'int' || type === 'long';
  return signed ? form >= -128 && form <= 127 : form <= 255;
}

/** Writes a scalar without its constructor, in the encoding that `code` names. */
export function writeScalar(output: Output, code: number, form: ScalarForm): void {
  output.need(16);
  if (form instanceof Uint8Array || typeof form === 'string') {
    writeBytes(output, code, form);
    return;
  }
  const { buffer, position } = output;
  switch (code >>> 4) {
    case 0x4:
      break;
    case 0x5:
      output.u8(Number(form));
      break;
    case 0x6:
      storeUint16(buffer, position, Number(form));
      output.position += 2;
      break;
    case 0x7:
      if (code === 0x72) output.position = buffer.writeFloatBE(Number(form), position);
      else output.u32(Number(form));
      break;
    default:
      if (code === 0x82) output.position = buffer.writeDoubleBE(Number(form), position);
      else output.position = buffer.writeBigUInt64BE(BigInt.asUintN(64, BigInt(form)), position);
  }
}

/** Writes the types that are bytes: text, binary, decimals and UUIDs, with a size where the encoding has one. */
function writeBytes(output: Output, code: number, form: Uint8Array | string): void {
  if (code === 0x98) {
    if (typeof form === 'string') writeUuid(output.buffer, output.position, form);
    output.position += 16;
    return;
  }
  const bytes = typeof form === 'string' ? Buffer.from(form) : form;
  output.need(bytes.length + 4);
  if (code >>> 4 === 0xa) output.u8(bytes.length);
  else if (code >>> 4 === 0xb) output.u32(bytes.length);
  output.bytes(bytes, 0, bytes.length);
}
