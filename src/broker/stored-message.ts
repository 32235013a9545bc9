import { storeUint32 } from '../codec/big-endian.js';
import type { Output } from '../codec/output.js';
import { TRANSFER_HEADER_SIZE } from '../codec/transfer.js';
import { ReceivedMessage } from '../codec/received-message.js';
import { OutgoingDelivery } from '../queue/outgoing-delivery.js';
import type { DeliveryOwner, HeldMemory } from '../queue/outgoing-delivery.js';
import type { Consumer } from './consumer.js';
import { IncomingMessage } from './incoming-message.js';
import type { CountedMessage, SharedBytes } from './memory-budget.js';
import { openHeader, writeMessage } from './write-message.js';
import type { MessageChange } from './write-message.js';

/** The fields of a message that a queue knows besides its bytes. */
export interface Standing extends MessageChange {
  /** Its place in its queue: what comes back goes where it was. */
  readonly place: number;
  readonly owner: DeliveryOwner;
  /** When it expires, by the queue's clock. */
  readonly deadline: number;
}

/** Where the bytes of a message are, and what is needed to send them. */
interface StoredBytes {
  readonly memory: HeldMemory;
  readonly start: number;
  readonly end: number;
  /** The offset of its time to live in the bytes; -1 when it has none. */
  readonly ttlAt: number;
  /** The bytes behind its header, if others share them. */
  readonly shared: SharedBytes | undefined;
  readonly messageFormat: number;
}

/**
 * A message in a queue, which is also its delivery: its bytes, copied out of the input once, with a header of the
 * broker's in front and room for that of a frame before it, so that they go to the socket as they are. The bytes behind the
 * header may be shared with other deliveries: then they are its `tail`.
 */
export class StoredMessage extends OutgoingDelivery implements CountedMessage {
  /** The consumer that has it. */
  consumer: Consumer | undefined = undefined;
  /** The consumers that have said not to be given it again. It keeps none of them in memory that is gone. */
  excluded: WeakSet<Consumer> | undefined = undefined;
  /** A delivery lets go of its memory when it ends, but what comes back has to be written again. */
  readonly #kept: HeldMemory;
  readonly #shared: SharedBytes | undefined;
  readonly #messageFormat: number;
  /** When it expires, by the queue's clock. */
  readonly deadline: number;
  /** The number of times that its delivery has failed. */
  readonly deliveryCount: number;
  /** The offset of its time to live in the bytes; -1 when it has none. */
  readonly ttlAt: number;

  constructor(
    { memory, start, end, ttlAt, shared, messageFormat }: StoredBytes,
    { place, owner, deadline, deliveryCount }: Pick<Standing, 'place' | 'owner' | 'deadline' | 'deliveryCount'>,
  ) {
    super(memory, start, end, false, place, owner);
    this.#kept = memory;
    this.#shared = shared;
    this.#messageFormat = messageFormat;
    this.deadline = deadline;
    this.deliveryCount = deliveryCount;
    this.ttlAt = ttlAt;
  }

  override get messageFormat(): number {
    return this.#messageFormat;
  }

  override get tail(): SharedBytes | undefined {
    return this.#shared;
  }

  override get size(): number {
    return this.ownSize + (this.#shared?.size ?? 0);
  }

  get ownSize(): number {
    return this.end - this.start;
  }

  /** Its place in its queue. */
  get place(): number {
    return this.sequence;
  }

  /** True when it has gone out, or begun to, and has not just waited at a link. */
  get wasSent(): boolean {
    return this.id >= 0;
  }

  /** Reads it again, as if it came in. Also when it has ended. */
  reread(): IncomingMessage {
    const { buffer } = this.#kept;
    const message = new IncomingMessage();
    if (this.#shared === undefined) message.read(buffer, this.start, this.end);
    else message.readShared(buffer, this.start, this.end, this.#shared);
    message.messageFormat = this.#messageFormat;
    return message;
  }

  /** Makes the message as a receiver would see it: its fields are read when they are asked for. Also when it has ended. */
  received(): ReceivedMessage {
    const { buffer } = this.#kept;
    const shared = this.#shared;
    if (shared === undefined) return new ReceivedMessage(buffer, this.start, this.end);
    const own = buffer.subarray(this.start, this.end);
    return new ReceivedMessage(Buffer.concat([own, shared.buffer.subarray(shared.start, shared.end)]), 0, this.size);
  }

  /** Writes what is left of its time to live, which is what its receiver is to know (AMQP 1.0 §3.2.1). */
  stampTtl(now: number): void {
    if (this.ttlAt < 0) return;
    storeUint32(this.#kept.buffer, this.ttlAt, Math.min(0xffff_ffff, Math.max(0, Math.ceil(this.deadline - now))));
  }

  /** The same message, to be delivered again: one that was never written may keep its bytes. */
  unsent(): StoredMessage {
    const { start, end, ttlAt } = this;
    const memory = this.#kept;
    const messageFormat = this.#messageFormat;
    const again = new StoredMessage({ memory, start, end, ttlAt, shared: this.#shared, messageFormat }, this);
    again.excluded = this.excluded;
    return again;
  }
}

/** Writes a message into memory of its own, with a new header; of one whose bytes may be shared, the header alone. */
export function storeMessage(output: Output, message: IncomingMessage, standing: Standing): StoredMessage {
  // Annotations stand in the midst of what is shared, so that is copied with them.
  const shared = standing.annotations === undefined ? message.shared : undefined;
  const ttlOffset =
    shared === undefined ? writeMessage(output, message, standing) : openHeader(output, message, standing);
  const { slab: memory, position: end } = output;
  const start = output.start + TRANSFER_HEADER_SIZE;
  const ttlAt = ttlOffset < 0 ? -1 : output.start + ttlOffset;
  return new StoredMessage({ memory, start, end, ttlAt, shared, messageFormat: message.messageFormat }, standing);
}
