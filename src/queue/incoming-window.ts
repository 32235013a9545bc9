import type { Outcome } from '../message/outcome.js';
import type { IncomingDelivery } from './incoming-delivery.js';
import { RingBuffer } from './ring-buffer.js';
import type { Status } from './status.js';

/**
 * The deliveries that `get` has given out and that still wait for an outcome, oldest first. It holds the last `size` of
 * them; what slides out of it is settled with whatever was said of it, normally nothing (spec §1.8).
 */
export class IncomingWindow {
  readonly #deliveries = new RingBuffer<IncomingDelivery>();

  /** Adds what `get` has just given out, and lets the oldest go until at most `size` are left. */
  add(delivery: IncomingDelivery, size: number): void {
    this.#deliveries.push(delivery);
    while (this.#deliveries.size > size) this.#deliveries.shift()?.settle();
    if (size === Infinity) this.#forgetSettled();
    else this.#forgetFinished();
  }

  /** Gives an outcome to everything from the oldest through `last`. First outcomes stay (spec §1.8). */
  finishThrough(last: IncomingDelivery, outcome: Outcome): void {
    for (const delivery of this.#through(last)) delivery.finish(outcome);
    this.#forgetFinished();
  }

  /** Settles everything from the oldest through `last`, without an outcome where none was given. */
  settleThrough(last: IncomingDelivery): void {
    for (const delivery of this.#through(last)) delivery.settle();
    this.#forgetSettled();
  }

  #through(last: IncomingDelivery): IncomingDelivery[] {
    const deliveries: IncomingDelivery[] = [];
    for (const delivery of this.#deliveries) {
      deliveries.push(delivery);
      if (delivery === last) return deliveries;
    }
    return []; // it has slid out, and all before it
  }

  /** What has its outcome at the old end needs no place: a loop that accepts one by one keeps the window short. */
  #forgetFinished(): void {
    while (!MAY_BE_FINISHED.has(this.#deliveries.peek()?.status)) this.#deliveries.shift();
  }

  /** Without a limit, what came settled would stay for ever. */
  #forgetSettled(): void {
    while (this.#deliveries.peek()?.settled === true) this.#deliveries.shift();
  }
}

/** What came settled may be given an outcome too, though the peer is not told. `undefined`: there is nothing left. */
const MAY_BE_FINISHED: ReadonlySet<Status | undefined> = new Set(['pending', 'settled', undefined]);
