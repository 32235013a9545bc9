import type { Outcome } from '../message/outcome.js';
import type { IncomingDelivery } from './incoming-delivery.js';
import { RingBuffer } from './ring-buffer.js';

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
    this.#forgetSettled();
  }

  /** Gives an outcome to everything from the oldest through `last`. First outcomes stay (spec §1.8). */
  finishThrough(last: IncomingDelivery, outcome: Outcome): void {
    for (const delivery of this.#through(last)) delivery.finish(outcome);
    this.#forgetSettled();
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

  /** What is settled at the old end needs no place: a loop that accepts one by one keeps the window short. */
  #forgetSettled(): void {
    while (this.#deliveries.peek()?.settled === true) this.#deliveries.shift();
  }
}
