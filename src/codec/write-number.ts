import { storeUint32 } from './big-endian.js';
import type { Output } from './output.js';
import { Unencodable } from './unencodable.js';

const LEAST_LONG = -(2n ** 63n);
const GREATEST_LONG = 2n ** 63n - 1n;
const GREATEST_ULONG = 2n ** 64n - 1n;

/** Writes a number: a safe integer as `long` in its smallest form, anything else (and -0) as `double`. */
export function writeNumber(output: Output, value: number): void {
  if (!Number.isSafeInteger(value) || Object.is(value, -0)) writeDouble(output, value);
  else if (value >= -128 && value <= 127) writeSmall(output, 0x55, value);
  else writeInt64(output, 0x81, value);
}

/** Writes a bigint as `long` in its smallest form, or as `ulong` when it is too great for that. */
export function writeBigint(output: Output, value: bigint): void {
  if (value >= -128n && value <= 127n) {
    writeSmall(output, 0x55, Number(value));
  } else if (value >= LEAST_LONG && value <= GREATEST_ULONG) {
    output.need(9);
    output.u8(value > GREATEST_LONG ? 0x80 : 0x81);
    output.position = output.buffer.writeBigUInt64BE(BigInt.asUintN(64, value), output.position);
  } else {
    throw new Unencodable('a bigint goes out as long or ulong, and is too great for both');
  }
}

/** Writes a `double` (AMQP 1.0 §1.6.13). */
export function writeDouble(output: Output, value: number): void {
  output.need(9);
  output.u8(0x82);
  output.position = output.buffer.writeDoubleBE(value, output.position);
}

/** Writes a `uint` (§1.6.5) in its smallest form. The caller has checked the range. */
export function writeUint(output: Output, value: number): void {
  output.need(5);
  if (value === 0) {
    output.u8(0x43);
  } else if (value <= 255) {
    output.u8(0x52);
    output.u8(value);
  } else {
    output.u8(0x70);
    output.u32(value);
  }
}

/** Writes a `ulong` (§1.6.6) in its smallest form. The caller has checked the range. */
export function writeUlong(output: Output, value: number | bigint): void {
  if (typeof value === 'bigint' && value > 255n) {
    output.need(9);
    output.u8(0x80);
    output.position = output.buffer.writeBigUInt64BE(value, output.position);
    return;
  }
  const number = Number(value);
  if (number === 0) {
    output.need(1);
    output.u8(0x44);
  } else if (number <= 255) {
    writeSmall(output, 0x53, number);
  } else {
    writeInt64(output, 0x80, number);
  }
}

/** Writes a `timestamp` (§1.6.17): whole milliseconds since 1970. The caller has checked the range. */
export function writeTimestamp(output: Output, time: number): void {
  writeInt64(output, 0x83, time);
}

function writeSmall(output: Output, code: number, value: number): void {
  output.need(2);
  output.u8(code);
  output.u8(value);
}

/** Writes a format code and a safe integer in 8 bytes. */
function writeInt64(output: Output, code: number, value: number): void {
  output.need(9);
  const { buffer, position } = output;
  buffer[position] = code;
  storeUint32(buffer, position + 1, Math.floor(value / 0x1_0000_0000));
  storeUint32(buffer, position + 5, value);
  output.position = position + 9;
}
