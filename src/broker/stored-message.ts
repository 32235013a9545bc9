import { encodeMessage } from '../codec/encode-message.js';
import type { Output } from '../codec/output.js';
import { ReceivedMessage } from '../codec/received-message.js';
import { TRANSFER_HEADER_SIZE } from '../codec/transfer.js';
import type { IncomingDelivery } from '../queue/incoming-delivery.js';

/**
 * A message in a queue: its bytes, copied out of the input so that they have room for a frame header in front and do not
 * hold the whole chunk they came in.
 */
export class StoredMessage {
  constructor(
    readonly buffer: Buffer,
    readonly start: number,
    readonly end: number,
    /** Its place in its queue: a message that comes back goes where it was. */
    readonly position: number,
  ) {}

  /** Takes a message in. */
  static from(delivery: IncomingDelivery, output: Output, position: number): StoredMessage {
    const size = delivery.end - delivery.start;
    output.open(TRANSFER_HEADER_SIZE);
    output.need(size);
    delivery.buffer.copy(output.buffer, output.position, delivery.start, delivery.end);
    output.position += size;
    return new StoredMessage(output.buffer, output.position - size, output.position, position);
  }

  /**
   * The same message, changed in its header (AMQP 1.0 §3.2.1): it has been out before. One whose header makes no sense
   * comes back as it is: to count it is less than to keep it.
   */
  returned(output: Output, failed: boolean): StoredMessage {
    output.open(TRANSFER_HEADER_SIZE);
    try {
      const message = new ReceivedMessage(this.buffer, this.start, this.end);
      message.firstAcquirer = false;
      if (failed) message.deliveryCount++;
      encodeMessage(output, message, message.address);
    } catch {
      output.abandon();
      return this;
    }
    return new StoredMessage(output.buffer, output.start + TRANSFER_HEADER_SIZE, output.position, this.position);
  }
}
