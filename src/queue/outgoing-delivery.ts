import { inspectAs } from '../inspect.js';
import type { Outcome } from '../message/outcome.js';
import type { Status } from './status.js';
import type { Tracker } from './tracker.js';
import { OutcomePromise } from './tracker.js';

/** Who put a delivery and wants to know how it ends. */
export interface DeliveryOwner {
  /** Where its deliveries go, without credentials: for error messages. */
  readonly destination: string;
  /** The delivery has left `pending`. Called once per delivery, with what the peer has said of it, if it has. */
  deliveryEnded(delivery: OutgoingDelivery, outcome?: Outcome): void;
}

/** When a message expires. One object serves all that expire at the same time. */
export interface Deadline {
  /** In milliseconds of a clock that never goes back. */
  readonly time: number;
}

/** Memory that is not written over as long as somebody holds it. */
export interface HeldMemory {
  readonly buffer: Buffer;
  hold(): void;
  /** Once for each `hold`. */
  release(): void;
}

const NO_BYTES = Buffer.alloc(0);

/**
 * A message on its way out: its bytes, and where it stands. A million of these may be queued, so it has few fields and
 * nothing is allocated for it before somebody asks.
 *
 * The bytes are `buffer[start, end)`, with room for a frame header in front of `start` that belongs to this delivery
 * alone: the sender link writes the header there and the whole goes to the socket without a copy.
 */
export class OutgoingDelivery implements Tracker {
  static {
    inspectAs(this, (shown) => `Tracker { outgoing, ${shown.status}, to ${shown.owner.destination} }`);
  }

  /** The delivery-id on the session it was last sent on. Written by the session only. */
  id = -1;
  /** How often it came back because a connection was lost. Written by the sender link only. */
  redeliveries = 0;
  /** When it expires, if ever. Written by `OutgoingExpiry` only. */
  expiry: Deadline | undefined = undefined;
  /** What the bytes are in. It is held until the delivery ends. */
  memory: HeldMemory | undefined;
  /** While its status is pending, it waits to be sent or for its outcome. */
  #state: 'queued' | 'sent' | Exclude<Status, 'pending'> = 'queued';
  /** What somebody waits for until it ends; then what went wrong. */
  #end: OutcomePromise | Error | undefined = undefined;

  constructor(
    memory: HeldMemory,
    public readonly start: number,
    public readonly end: number,
    /** Sent settled: done once it is written (AMQP 1.0 §2.6.12, `settled`). Also set by a link that is asked for it. */
    public presettled: boolean,
    /** Counts up per owner, so that `send()` knows which deliveries were put before it. */
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

  /** Whether it waits to be sent, for the first time or again: the peer has nothing of it. */
  get isQueued(): boolean {
    return this.#state === 'queued';
  }

  /** The peer may have it from now on, or part of it. To be called by the sender link only. */
  sent(): void {
    if (this.#state === 'queued') this.#state = 'sent';
  }

  /** It waits to be sent again. To be called by the sender link only. */
  cameBack(): void {
    if (this.#state === 'sent') this.#state = 'queued';
  }

  /** What its bytes are in; nothing once it has ended. */
  get buffer(): Buffer {
    return this.memory?.buffer ?? NO_BYTES;
  }

  /** How many bytes it holds in the queue. */
  get size(): number {
    return this.end - this.start;
  }

  /** What `JSON.stringify` shows: not the bytes. */
  toJSON(): { direction: string; status: Status } {
    return { direction: this.direction, status: this.status };
  }

  outcome(): Promise<Status> {
    if (this.status !== 'pending') return Promise.resolve(this.status);
    const end = this.#end instanceof OutcomePromise ? this.#end : new OutcomePromise();
    this.#end = end;
    return end.promise;
  }

  /** Ends it. Does nothing when it has ended already: the first outcome counts. */
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
