import { readUint32, storeUint16, storeUint32 } from './big-endian.js';
import type { FieldCursor } from './field-cursor.js';

/** The bytes before the payload in a transfer frame that `writeTransferHeader` writes. */
export const TRANSFER_HEADER_SIZE = 33;

/**
 * Writes a frame header and a transfer performative (AMQP 1.0 §2.3.1, §2.7.5) into the `TRANSFER_HEADER_SIZE` bytes
 * from `at`. Every field has a fixed width, so the payload can be encoded before its delivery-id is known.
 *
 * The delivery-tag is the delivery-id: unique among the unsettled deliveries of the session, as the standard requires
 * (§2.6.12). Frames of one delivery repeat id, tag and settled flag, as §2.7.5 allows.
 */
export function writeTransferHeader(
  buffer: Buffer,
  at: number,
  payloadSize: number,
  channel: number,
  handle: number,
  deliveryId: number,
  settled: boolean,
  more: boolean,
): void {
  storeUint32(buffer, at, TRANSFER_HEADER_SIZE + payloadSize);
  buffer[at + 4] = 2; // data offset, in words
  buffer[at + 5] = 0; // an AMQP frame
  storeUint16(buffer, at + 6, channel);
  buffer[at + 8] = 0x00;
  buffer[at + 9] = 0x53;
  buffer[at + 10] = 0x14;
  buffer[at + 11] = 0xc0; // list8 of 6 fields in 20 bytes
  buffer[at + 12] = 20;
  buffer[at + 13] = 6;
  buffer[at + 14] = 0x70;
  storeUint32(buffer, at + 15, handle);
  buffer[at + 19] = 0x70;
  storeUint32(buffer, at + 20, deliveryId);
  buffer[at + 24] = 0xa0;
  buffer[at + 25] = 4;
  storeUint32(buffer, at + 26, deliveryId);
  buffer[at + 30] = 0x43; // message-format 0
  buffer[at + 31] = settled ? 0x41 : 0x42;
  buffer[at + 32] = more ? 0x41 : 0x42;
}

/** The bytes by which a message-format other than 0 makes a transfer header longer. */
export const MESSAGE_FORMAT_SIZE = 4;

/**
 * Gives a transfer header that was written at `at` a message-format other than 0 (AMQP 1.0 §2.7.5). There must be
 * `MESSAGE_FORMAT_SIZE` bytes of room behind it.
 */
export function insertMessageFormat(buffer: Buffer, at: number, messageFormat: number): void {
  storeUint32(buffer, at, readUint32(buffer, at) + MESSAGE_FORMAT_SIZE);
  buffer[at + 12]! += MESSAGE_FORMAT_SIZE;
  buffer.copyWithin(at + 35, at + 31, at + 33);
  buffer[at + 30] = 0x70;
  storeUint32(buffer, at + 31, messageFormat);
}

/**
 * The fields of the transfer performative that was read last. The next `read` overwrites them: a new object for each of
 * a million transfers a second would cost more than the reading.
 */
export class Transfer {
  handle = 0;
  /** -1 when the frame has none. The frames that continue a delivery need none. */
  deliveryId = -1;
  /** 0 for the message format of AMQP 1.0 §3.2. */
  messageFormat = 0;
  settled = false;
  more = false;
  resume = false;
  aborted = false;
  /** The position of the payload. */
  payload = 0;

  /** Reads the performative whose descriptor ends at `position`. Throws `DecodeError`. */
  read(fields: FieldCursor, buffer: Buffer, position: number, end: number): void {
    this.payload = fields.open(buffer, position, end);
    this.handle = fields.uint('handle');
    if (this.handle < 0) fields.missing('handle');
    this.deliveryId = fields.uint('delivery-id');
    fields.skip(); // delivery-tag: the delivery-id names the delivery as long as the session lasts
    this.messageFormat = Math.max(0, fields.uint('message-format'));
    this.settled = fields.boolean('settled');
    this.more = fields.boolean('more');
    fields.skip(); // rcv-settle-mode: negotiated by the attach
    fields.skip(); // state: means something only when a delivery is resumed
    this.resume = fields.boolean('resume');
    this.aborted = fields.boolean('aborted');
  }
}
