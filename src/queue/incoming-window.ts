import type { Outcome } from '../message/outcome.js';
import type { IncomingDelivery } from './incoming-delivery.js';
import { RingBuffer } from './ring-buffer.js';

/** Deliveries that wait, before those that need no place any more are looked for. */
const SMALLEST = 1024;

/**
 * The deliveries that `get` has given out and that still wait for an outcome, oldest first. Of the last `size` that were
 * given out it holds those; what slides out of it is settled with whatever was said of it, normally nothing.
 */
export class IncomingWindow {
  #deliveries = new RingBuffer<IncomingDelivery>();
  /** How many it may hold before those in the middle are looked at. */
  #limit = SMALLEST;
  /** No more than so many of them wait for an outcome. */
  #waiting = 0;

  /** How many it holds. */
  get size(): number {
    return this.#deliveries.size;
  }

  /** Adds what `get` has just given out, and lets go what is not among the last `size`. */
  add(delivery: IncomingDelivery, size: number): void {
    const deliveries = this.#deliveries;
    const isDone = size === Infinity ? isSettled : isFinished;
    const through = delivery.sequence - size;
    deliveries.push(delivery);
    if (delivery.status === 'pending') this.#waiting++;
    for (let oldest = deliveries.peek(); oldest !== undefined; oldest = deliveries.peek()) {
      if (oldest.sequence <= through) oldest.settle();
      else if (!isDone(oldest)) break;
      deliveries.shift();
    }
    if (deliveries.size >= this.#limit) this.#closeUp(isDone);
  }

  /** Whether fewer than `size` of them wait for an outcome. Counts them only when they may be as many. */
  hasRoom(size: number): boolean {
    if (this.#waiting < size) return true;
    this.#waiting = 0;
    this.#deliveries.forEach(({ status }) => {
      if (status === 'pending') this.#waiting++;
    });
    return this.#waiting < size;
  }

  /** Gives an outcome to everything through `last`. First outcomes stay. */
  finishThrough(last: IncomingDelivery, outcome: Outcome): void {
    this.#endThrough(last, (delivery) => delivery.finish(outcome), isFinished);
  }

  /** Settles everything through `last`, without an outcome where none was given. */
  settleThrough(last: IncomingDelivery): void {
    this.#endThrough(last, (delivery) => delivery.settle(), isSettled);
  }

  /** What is done at the old end needs no place: a loop that accepts one by one keeps the window short. */
  #endThrough(
    { sequence }: IncomingDelivery,
    end: (delivery: IncomingDelivery) => void,
    isDone: (delivery: IncomingDelivery) => boolean,
  ): void {
    const deliveries = this.#deliveries;
    // Those that have ended, behind one that still needs its place.
    let kept = 0;
    for (let delivery = deliveries.peek(); delivery !== undefined; delivery = deliveries.at(kept)) {
      if (delivery.sequence > sequence) break;
      end(delivery);
      if (kept === 0 && isDone(delivery)) deliveries.shift();
      else kept++;
    }
  }

  /** One that waits for long must not keep the places of all that came after it. */
  #closeUp(isDone: (delivery: IncomingDelivery) => boolean): void {
    const waiting = new RingBuffer<IncomingDelivery>();
    for (const delivery of this.#deliveries) if (!isDone(delivery)) waiting.push(delivery);
    this.#deliveries = waiting;
    this.#limit = Math.max(SMALLEST, waiting.size * 2);
  }
}

/** What came settled may be given an outcome too, though the peer is not told. */
function isFinished({ status }: IncomingDelivery): boolean {
  return status !== 'pending' && status !== 'settled';
}

/** Without a limit, what came settled would stay for ever. */
function isSettled({ settled }: IncomingDelivery): boolean {
  return settled;
}
