/**
 * Which trackers a messenger still answers for: those of the last `size` deliveries that were not settled by the caller.
 * Deliveries are told by their numbers, which rise from 1, so nothing is kept for each.
 */
export class TrackerWindow {
  #last = 0;
  /** Everything up to this number has been forgotten. */
  #through = 0;
  /** What beyond it has been forgotten one by one. */
  readonly #forgotten = new WeakSet();
  /** Whether anything is in there: most programs never forget, and need not look. */
  #isAnyForgotten = false;

  /** The number of the newest delivery. */
  get last(): number {
    return this.#last;
  }

  /** Takes the next delivery in, and returns its number. */
  next(): number {
    return ++this.#last;
  }

  /** Whether a delivery is remembered. A negative size has no limit. */
  has(delivery: { readonly sequence: number }, size: number): boolean {
    return (size < 0 || delivery.sequence > this.#last - size) && !this.isForgotten(delivery);
  }

  /** Whether the caller has asked to forget it. */
  isForgotten(delivery: { readonly sequence: number }): boolean {
    return delivery.sequence <= this.#through || (this.#isAnyForgotten && this.#forgotten.has(delivery));
  }

  /** Forgets one delivery. */
  forget(delivery: { readonly sequence: number }): void {
    this.#isAnyForgotten = true;
    this.#forgotten.add(delivery);
  }

  /** Forgets a delivery and all before it. */
  forgetThrough({ sequence }: { readonly sequence: number }): void {
    this.#through = Math.max(this.#through, sequence);
  }
}
