import { inspectAs } from '../inspect.js';
import type { Outcome } from '../message/outcome.js';
import type { Status } from './status.js';
import { mayBecome } from './status.js';
import type { Tracker } from './tracker.js';
import { OutcomePromise } from './tracker.js';

/** The link that a delivery came over. */
export interface DeliverySource {
  /** The delivery has an outcome, and the peer is to be told. */
  settle(delivery: IncomingDelivery): void;
  /** The delivery has left the queue and is settled, in whichever order: it holds no credit any more. Called once. */
  released(delivery: IncomingDelivery): void;
}

/** A message that arrived: its bytes, and what has been said of it. */
export class IncomingDelivery implements Tracker {
  static {
    inspectAs(this, (shown) => `Tracker { incoming, ${shown.#status} }`);
  }

  /** Its number among those that were given out to the program; 0 before that. Written by the window only. */
  sequence = 0;
  /** What was said of it. `undefined` while nothing was. */
  result: Outcome | undefined = undefined;
  #status: Status;
  /** Whether it waits in a queue. */
  #isQueued = true;
  /** Who has settled it. What the peer has settled may still be marked locally; what we have settled is over. */
  #settledBy: 'nobody' | 'peer' | 'us';
  #error: Error | undefined = undefined;
  #outcome: OutcomePromise | undefined = undefined;

  constructor(
    readonly buffer: Buffer,
    readonly start: number,
    readonly end: number,
    /** The delivery-id on its session. */
    readonly id: number,
    /** The peer sent it settled and expects no answer. */
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

  /** Whether the peer has been told, or needs no telling. */
  get settled(): boolean {
    return this.#settledBy !== 'nobody';
  }

  /** Whether it waits in a queue: nobody has taken it, and it was not taken back. */
  get isQueued(): boolean {
    return this.#isQueued;
  }

  /** What `JSON.stringify` shows: not the bytes. */
  toJSON(): { direction: string; status: Status } {
    return { direction: this.direction, status: this.#status };
  }

  outcome(): Promise<Status> {
    if (this.#status !== 'pending') return Promise.resolve(this.#status);
    this.#outcome ??= new OutcomePromise();
    return this.#outcome.promise;
  }

  /** It leaves the queue it waits in. Leaving twice does nothing. */
  leaveQueue(): void {
    if (!this.#isQueued) return;
    this.#isQueued = false;
    if (this.settled) this.source.released(this);
  }

  /** Gives it an outcome and tells the peer. The first outcome counts; later ones do nothing. */
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

  /** The peer has settled it by itself: there is nobody left to tell. */
  settledByPeer(): void {
    this.#endedByPeer('settled');
  }

  /** The connection is gone: the peer will deliver it again, so nothing said locally counts any more. */
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
