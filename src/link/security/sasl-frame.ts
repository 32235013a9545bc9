import { encodeValue } from '../../codec/encode-value.js';
import { Output } from '../../codec/output.js';
import { readValue } from '../../codec/read.js';
import { Described, Typed } from '../../message/typed.js';
import type { AmqpValue } from '../../message/typed.js';

/** The type of a frame that belongs to a SASL exchange (AMQP 1.0 §5.3.1): the sixth byte of the frame. */
export const SASL_FRAME = 1;

const FRAME_HEADER_SIZE = 8;

/** Encodes a frame of a SASL exchange: the performative that `code` names, with its fields. */
export function saslFrame(code: number, fields: readonly AmqpValue[]): Buffer {
  const output = new Output();
  output.open(FRAME_HEADER_SIZE);
  encodeValue(output, new Described(new Typed('ulong', code), fields));
  const frame = output.buffer.subarray(output.start, output.position);
  frame.writeUInt32BE(frame.length, 0);
  frame[4] = FRAME_HEADER_SIZE / 4; // where the performative begins
  frame[5] = SASL_FRAME;
  frame.writeUInt16BE(0, 6);
  return frame;
}

/** Reads the names in a sasl-mechanisms performative: one symbol, or an array of them (AMQP 1.0 §5.3.3.1). */
export function readMechanisms(buffer: Buffer, start: number, end: number): string[] {
  const performative = readValue(buffer, start, end);
  const fields = performative instanceof Described ? performative.value : undefined;
  const names: unknown = Array.isArray(fields) ? fields[0] : undefined;
  return [names].flat().filter((name) => typeof name === 'string');
}
