import { inspectAs } from '../inspect.js';
import type { Outcome } from '../message/outcome.js';
import type { Status } from './status.js';
import { mayBecome } from './status.js';
import type { Tracker } from './tracker.js';
import { OutcomePromise } from './tracker.js';

/** The link that a delivery came over. */
export interface DeliverySource {
  /** The delivery has an outcome, which the link must send to the peer. */
  settle(delivery: IncomingDelivery): void;
  /** The delivery has left the queue and is settled, in either order, so it holds no credit any more. Called once. */
  released(delivery: IncomingDelivery): void;
}

/** A received message: its bytes and its outcome. */
export class IncomingDelivery implements Tracker {
  static {
    inspectAs(this, (shown) => `Tracker { incoming, ${shown.#status} }`);
  }

  /** Its number among the deliveries that the program has got; 0 before that. Written by the window only. */
  sequence = 0;
  /** The format of the message (AMQP 1.0 §2.7.5): 0 for that of §3.2. Written by the receiver link only. */
  messageFormat = 0;
  /** The outcome; `undefined` as long as there is none. */
  result: Outcome | undefined = undefined;
  #status: Status;
  /** True if it waits in a queue. */
  #isQueued = true;
  /**
   * The end that has settled it. A delivery that the peer has settled can still get a local outcome; one that we have
   * settled is over.
   */
  #settledBy: 'nobody' | 'peer' | 'us';
  #error: Error | undefined = undefined;
  #outcome: OutcomePromise | undefined = undefined;

  constructor(
    readonly buffer: Buffer,
    readonly start: number,
    readonly end: number,
    /** The delivery-id on its session. */
    readonly id: number,
    /** True if the peer sent it settled and expects no disposition. */
    presettled: boolean,
    readonly source: DeliverySource,
  ) {
    this.#settledBy = presettled ? 'peer' : 'nobody';
    this.#status = presettled ? 'settled' : 'pending';
  }

  get direction(): 'incoming' {
    return 'incoming';
  }

  get status(): Status {
    return this.#status;
  }

  get error(): Error | undefined {
    return this.#error;
  }

  /** Its encoded size in bytes. */
  get size(): number {
    return this.end - this.start;
  }

  /** True if the peer knows the outcome, or does not need it. */
  get settled(): boolean {
    return this.#settledBy !== 'nobody';
  }

  /** True if it waits in a queue: no caller has taken it, and the peer has not withdrawn it. */
  get isQueued(): boolean {
    return this.#isQueued;
  }

  /** The form for `JSON.stringify`, without the bytes. */
  toJSON(): { direction: string; status: Status } {
    return { direction: this.direction, status: this.#status };
  }

  outcome(): Promise<Status> {
    if (this.#status !== 'pending') return Promise.resolve(this.#status);
    this.#outcome ??= new OutcomePromise();
    return this.#outcome.promise;
  }

  /** Marks it as taken from its queue. Does nothing the second time. */
  leaveQueue(): void {
    if (!this.#isQueued) return;
    this.#isQueued = false;
    if (this.settled) this.source.released(this);
  }

  /** Sets the outcome and sends it to the peer. The first outcome counts; later calls do nothing. */
  finish(outcome: Outcome): void {
    if (this.#settledBy === 'us' || !mayBecome(this.#status, outcome.type)) return;
    const isNews = this.#settledBy === 'nobody';
    this.#settledBy = 'us';
    this.result = outcome;
    this.#end(outcome.type);
    if (!isNews) return;
    this.source.settle(this);
    if (!this.#isQueued) this.source.released(this);
  }

  /** Marks it as settled by the peer, which needs no outcome any more. */
  settledByPeer(): void {
    this.#endedByPeer('settled');
  }

  /**
   * Aborts it because its connection is lost. The peer will deliver the message again, so a local outcome no longer
   * counts.
   */
  abort(error: Error): void {
    if (this.#status === 'pending') this.#error = error;
    this.#endedByPeer('aborted');
  }

  #endedByPeer(status: 'settled' | 'aborted'): void {
    const isNews = this.#settledBy === 'nobody';
    if (isNews) this.#settledBy = 'peer';
    if (this.#status === 'pending') this.#end(status);
    if (isNews && !this.#isQueued) this.source.released(this);
  }

  #end(status: Status): void {
    this.#status = status;
    this.#outcome?.resolve(status);
  }
}
