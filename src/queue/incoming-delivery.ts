import { inspectAs } from '../inspect.js';
import type { Outcome } from '../message/outcome.js';
import type { Status } from './status.js';
import { mayBecome } from './status.js';
import type { Tracker } from './tracker.js';
import { OutcomePromise } from './tracker.js';

/** Where an incoming delivery came from, and who tells the peer of its outcome. */
export interface DeliverySource {
  /** The delivery has an outcome, or is settled without one, and the peer is to be told. */
  settle(delivery: IncomingDelivery): void;
}

/** A message that arrived: its bytes, and what has been said of it. */
export class IncomingDelivery implements Tracker {
  static {
    inspectAs(this, (shown) => `Tracker { incoming, ${shown.#status} }`);
  }

  /** Its number in the queue it waits in, by which it can be taken out. Written by who queues it only. */
  place = 0;
  /** Its number among those that `get` has given out; 0 before that. */
  sequence = 0;
  /** What was said of it. `undefined` while nothing was, or when it was settled without an outcome. */
  result: Outcome | undefined = undefined;
  #status: Status;
  /** Who has settled it. What the peer has settled may still be marked here; what we have settled is over. */
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

  /** Whether the peer has been told, or needs no telling. */
  get settled(): boolean {
    return this.#settledBy !== 'nobody';
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

  /** Gives it an outcome and tells the peer. The first outcome counts; later ones do nothing. */
  finish(outcome: Outcome): void {
    if (this.#settledBy === 'us' || !mayBecome(this.#status, outcome.type)) return;
    this.result = outcome;
    this.#end(outcome.type);
    this.#tell();
  }

  /** Settles it without an outcome: the peer decides what that means. */
  settle(): void {
    if (this.#status === 'pending') this.#end('settled');
    this.#tell();
  }

  /** The peer has settled it by itself: there is nobody left to tell. */
  settledByPeer(): void {
    if (this.#settledBy === 'nobody') this.#settledBy = 'peer';
    if (this.#status === 'pending') this.#end('settled');
  }

  /** The connection is gone: the peer will deliver it again, so nothing said here counts any more. */
  abort(error: Error): void {
    if (this.#settledBy === 'nobody') this.#settledBy = 'peer';
    if (this.#status !== 'pending') return;
    this.#error = error;
    this.#end('aborted');
  }

  #tell(): void {
    const isNews = this.#settledBy === 'nobody';
    this.#settledBy = 'us';
    if (isNews) this.source.settle(this);
  }

  #end(status: Status): void {
    this.#status = status;
    this.#outcome?.resolve(status);
  }
}
