import { storeUint32 } from '../codec/big-endian.js';
import type { Output } from '../codec/output.js';
import { HEADER } from '../codec/sections.js';
import { TRANSFER_HEADER_SIZE } from '../codec/transfer.js';
import { OutgoingDelivery } from '../queue/outgoing-delivery.js';
import type { DeliveryOwner } from '../queue/outgoing-delivery.js';
import type { Consumer } from './consumer.js';
import type { IncomingMessage } from './incoming-message.js';

/** The longest header a broker writes, in bytes: see `writeHeader`. */
const LONGEST_HEADER = 20;

/** Up to this many bytes a loop is quicker than a call into Node. Measured on Node 20. */
const SHORT = 256;

/** What is written into the header of a message besides what its sender said. */
export interface HeaderChange {
  /** Whether nobody has acquired it before. */
  readonly firstAcquirer: boolean;
  readonly deliveryCount: number;
  /** Whether it gets a time to live, to be filled in when it goes out. */
  readonly expires: boolean;
}

/**
 * A message in a queue, which is also its delivery: its bytes, copied out of the input once, with a header of the
 * broker's in front and room for that of a frame before it, so that they go to the socket as they are.
 */
export class StoredMessage extends OutgoingDelivery {
  /** Who has it. */
  consumer: Consumer | undefined = undefined;
  /** Who has said not to be given it again. */
  excluded: Set<Consumer> | undefined = undefined;
  /** A delivery lets go of its bytes when it ends, but what comes back has to be written again. */
  readonly bytes: Buffer;

  constructor(
    buffer: Buffer,
    start: number,
    end: number,
    /** Its place in its queue: what comes back goes where it was. */
    place: number,
    owner: DeliveryOwner,
    /** When it expires, by the queue's clock. */
    readonly deadline: number,
    /** How often its delivery has failed. */
    readonly deliveryCount: number,
    /** Where in the bytes its time to live stands; -1 when it has none. */
    readonly ttlAt: number,
  ) {
    super(buffer, start, end, false, place, owner);
    this.bytes = buffer;
  }

  /** Its place in its queue. */
  get place(): number {
    return this.sequence;
  }

  /** Whether it has gone out, or begun to, and not just waited at a link. */
  get wasSent(): boolean {
    return this.id >= 0;
  }

  /** Writes what is left of its time to live, which is what its receiver is to know (AMQP 1.0 §3.2.1). */
  stampTtl(now: number): void {
    if (this.ttlAt < 0) return;
    storeUint32(this.bytes, this.ttlAt, Math.min(0xffff_ffff, Math.max(0, Math.ceil(this.deadline - now))));
  }

  /** The same message, to be delivered again: one that was never written may keep its bytes. */
  unsent(): StoredMessage {
    const { bytes, start, end, place, owner, deadline, deliveryCount, ttlAt } = this;
    const again = new StoredMessage(bytes, start, end, place, owner, deadline, deliveryCount, ttlAt);
    again.excluded = this.excluded;
    return again;
  }
}

/**
 * Copies a message into memory of its own, with a new header. `writeRest` writes what stands behind the header when that
 * is not to be copied as it is.
 */
export function storeMessage(
  output: Output,
  message: IncomingMessage,
  place: number,
  owner: DeliveryOwner,
  deadline: number,
  change: HeaderChange,
  writeRest?: (output: Output) => void,
): StoredMessage {
  output.open(TRANSFER_HEADER_SIZE);
  const ttlOffset = writeHeader(output, message, change);
  if (writeRest === undefined) {
    copyBytes(output, message.buffer, message.rest, message.end);
  } else {
    writeRest(output);
  }
  const start = output.start + TRANSFER_HEADER_SIZE;
  const ttlAt = ttlOffset < 0 ? -1 : output.start + ttlOffset;
  const { buffer, position } = output;
  return new StoredMessage(buffer, start, position, place, owner, deadline, change.deliveryCount, ttlAt);
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
function writeHeader(output: Output, { durable, priority }: IncomingMessage, change: HeaderChange): number {
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
  const ttlOffset = change.expires ? at + 1 - output.start : -1;
  if (change.expires) {
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
