import { storeUint32 } from '../codec/big-endian.js';
import type { Output } from '../codec/output.js';
import { HEADER } from '../codec/sections.js';
import { TRANSFER_HEADER_SIZE } from '../codec/transfer.js';
import { DecodeError, EncodeError } from '../errors.js';
import type { Properties } from '../message/message.js';
import { writeAnnotated } from './annotate.js';
import type { IncomingMessage } from './incoming-message.js';

/** The longest header a broker writes, in bytes: see `writeHeader`. */
const LONGEST_HEADER = 20;

/** Up to this many bytes a loop is quicker than a call into Node. Measured on Node 20. */
const SHORT = 256;

/** The fields of a message that the broker sets, whatever its sender has said. */
export interface MessageChange {
  /** True when no consumer has acquired it before, as far as the broker and the sender know (AMQP 1.0 §3.2.1). */
  readonly firstAcquirer: boolean;
  readonly deliveryCount: number;
  /** Annotations to be set (AMQP 1.0 §3.2.3). */
  readonly annotations?: Properties | undefined;
}

/**
 * Writes a message as a record of its own, with a new header and with room for that of a frame before it. One that has a
 * time to live gets one that is to be filled in.
 *
 * @returns Where its time to live stands in the record; -1 when it has none.
 */
export function writeMessage(output: Output, message: IncomingMessage, change: MessageChange): number {
  const ttlOffset = openHeader(output, message, change);
  const { annotations } = change;
  if (annotations === undefined) {
    copyBytes(output, message.buffer, message.rest, message.end);
  } else if (!isAnnotated(output, message, annotations)) {
    // To say less of it is better than to lose it.
    return writeMessage(output, message, { ...change, annotations: undefined });
  }
  return ttlOffset;
}

/** Begins the record of a message with its header, behind room for that of a frame. Returns as `writeMessage` does. */
export function openHeader(output: Output, message: IncomingMessage, change: MessageChange): number {
  output.open(TRANSFER_HEADER_SIZE);
  return writeHeader(output, message, change);
}

/** Writes what stands behind the header. Returns false, and forgets the record, when it cannot be annotated. */
function isAnnotated(output: Output, message: IncomingMessage, annotations: Properties): boolean {
  try {
    writeAnnotated(output, message, annotations);
    return true;
  } catch (error) {
    if (!(error instanceof EncodeError || error instanceof DecodeError)) throw error;
    output.abandon();
    return false;
  }
}

/** `Buffer.copy` makes an object each time, which for a short message costs more than to copy it by hand. */
function copyBytes(output: Output, source: Buffer, start: number, end: number): void {
  output.need(end - start);
  const { buffer, position } = output;
  if (end - start > SHORT) source.copy(buffer, position, start, end);
  else for (let from = start, to = position; from < end; from++, to++) buffer[to] = source[from]!;
  output.position = position + end - start;
}

/**
 * Writes a header section (AMQP 1.0 §3.2.1). Returns where its time to live stands in the record, -1 without one: it has
 * a fixed width, to be filled in when the message goes out.
 */
function writeHeader(output: Output, { durable, priority, ttl }: IncomingMessage, change: MessageChange): number {
  output.need(LONGEST_HEADER);
  const { buffer } = output;
  const from = output.position;
  let at = from + 6;
  buffer[at++] = durable ? 0x41 : 0x42;
  if (priority < 0) {
    buffer[at++] = 0x40;
  } else {
    buffer[at++] = 0x50;
    buffer[at++] = Math.min(priority, 255);
  }
  const ttlOffset = ttl < 0 ? -1 : at + 1 - output.start;
  if (ttl >= 0) {
    buffer[at] = 0x70;
    storeUint32(buffer, at + 1, 0);
    at += 5;
  } else {
    buffer[at++] = 0x40;
  }
  buffer[at++] = change.firstAcquirer ? 0x41 : 0x42;
  if (change.deliveryCount > 0) {
    buffer[at] = 0x70;
    storeUint32(buffer, at + 1, change.deliveryCount);
    at += 5;
  }
  buffer[from] = 0x00;
  buffer[from + 1] = 0x53;
  buffer[from + 2] = HEADER;
  buffer[from + 3] = 0xc0;
  buffer[from + 4] = at - from - 5;
  buffer[from + 5] = change.deliveryCount > 0 ? 5 : 4;
  output.position = at;
  return ttlOffset;
}
