import { inspectAs } from '../inspect.js';
import type { Outcome } from '../message/outcome.js';
import type { Status } from './status.js';
import type { Tracker } from './tracker.js';
import { OutcomePromise } from './tracker.js';

/** The owner of outgoing deliveries, which is told when they end. */
export interface DeliveryOwner {
  /** The destination of its deliveries, without credentials, for error messages. */
  readonly destination: string;
  /** The delivery has left `pending`. Called once per delivery, with the peer's outcome, if there is one. */
  deliveryEnded(delivery: OutgoingDelivery, outcome?: Outcome): void;
}

/** The time a message expires. Messages that expire at the same time share one object. */
export interface Deadline {
  /** In milliseconds of the monotonic clock. */
  readonly time: number;
}

/** Bytes of a buffer. */
export interface ByteRange {
  readonly buffer: Buffer;
  readonly start: number;
  readonly end: number;
}

/** Memory that is not overwritten as long as it is held. */
export interface HeldMemory {
  readonly buffer: Buffer;
  hold(): void;
  /** Called once for each `hold`. */
  release(): void;
}

const NO_BYTES = Buffer.alloc(0);

/**
 * An outgoing message: its bytes and its status. A million of these may be queued, so it has few fields, and allocates
 * more only when a caller waits for its outcome.
 *
 * The bytes are `buffer[start, end)`, with room for a frame header in front of `start` that belongs to this delivery
 * alone: the sender link writes the header there, and hands both to the socket without a copy. The bytes of `tail` follow,
 * which other deliveries may share.
 */
export class OutgoingDelivery implements Tracker {
  static {
    inspectAs(this, (shown) => `Tracker { outgoing, ${shown.status}, to ${shown.owner.destination} }`);
  }

  /** The delivery-id on the session it was last sent on. Written by the session only. */
  id = -1;
  /** The number of times it was queued again because a connection was lost. Written by the sender link only. */
  redeliveries = 0;
  /** The time it expires, if it does. Written by `OutgoingExpiry` only. */
  expiry: Deadline | undefined = undefined;
  /** The memory that contains its bytes. It is held until the delivery ends. */
  memory: HeldMemory | undefined;
  /** The status, where `pending` is divided into `queued` (waits to be sent) and `sent` (waits for its outcome). */
  #state: 'queued' | 'sent' | Exclude<Status, 'pending'> = 'queued';
  /** The promise of a caller that waits for the end; after the end, the error. */
  #end: OutcomePromise | Error | undefined = undefined;

  constructor(
    memory: HeldMemory,
    public readonly start: number,
    public readonly end: number,
    /**
     * True if it is sent settled, and so ends when it is written (AMQP 1.0 §2.6.12, `settled`). Also set by a link that
     * sends everything settled.
     */
    public presettled: boolean,
    /** Rises with each delivery of an owner, so that `send()` knows which deliveries were put before it. */
    readonly sequence: number,
    readonly owner: DeliveryOwner,
  ) {
    this.memory = memory;
    memory.hold();
  }

  get direction(): 'outgoing' {
    return 'outgoing';
  }

  get status(): Status {
    return this.#state === 'queued' || this.#state === 'sent' ? 'pending' : this.#state;
  }

  get error(): Error | undefined {
    return this.#end instanceof OutcomePromise ? undefined : this.#end;
  }

  /** True if it waits to be sent, for the first time or again: the peer has no part of it. */
  get isQueued(): boolean {
    return this.#state === 'queued';
  }

  /** Marks it as sent: from now on the peer may have it or part of it. Called by the sender link only. */
  sent(): void {
    if (this.#state === 'queued') this.#state = 'sent';
  }

  /** Marks it as queued again. Called by the sender link only. */
  cameBack(): void {
    if (this.#state === 'sent') this.#state = 'queued';
  }

  /** The buffer that contains its bytes; an empty one after it has ended. */
  get buffer(): Buffer {
    return this.memory?.buffer ?? NO_BYTES;
  }

  /** The format of the message (AMQP 1.0 §2.7.5). Default 0, that of §3.2. */
  get messageFormat(): number {
    return 0;
  }

  /** The bytes behind its own. Default none. */
  get tail(): ByteRange | undefined {
    return undefined;
  }

  /** The size of the encoded message, in bytes. */
  get size(): number {
    return this.end - this.start;
  }

  /** The form for `JSON.stringify`, without the bytes. */
  toJSON(): { direction: string; status: Status } {
    return { direction: this.direction, status: this.status };
  }

  outcome(): Promise<Status> {
    if (this.status !== 'pending') return Promise.resolve(this.status);
    const end = this.#end instanceof OutcomePromise ? this.#end : new OutcomePromise();
    this.#end = end;
    return end.promise;
  }

  /** Ends it. Does nothing when it has ended already. */
  finish(status: Status, error?: Error, outcome?: Outcome): void {
    if (this.status !== 'pending' || status === 'pending') return;
    const waiting = this.#end;
    this.#state = status;
    this.#end = error;
    this.memory?.release();
    this.memory = undefined;
    this.owner.deliveryEnded(this, outcome);
    if (waiting instanceof OutcomePromise) waiting.resolve(status);
  }
}
