/**
 * Decides which trackers a messenger still knows: those of the last `size` deliveries that the caller has not settled.
 * It compares their numbers, which rise from 1, so it stores nothing for each delivery.
 */
export class TrackerWindow {
  #last = 0;
  /** Everything up to this number has been forgotten. */
  #through = 0;
  /** Later deliveries that were forgotten one by one. */
  readonly #forgotten = new WeakSet();
  /** True if that set is not empty: most programs never forget, and need no lookup. */
  #isAnyForgotten = false;

  /** The number of the newest delivery. */
  get last(): number {
    return this.#last;
  }

  /** Returns the number for the next delivery. */
  next(): number {
    return ++this.#last;
  }

  /** True if a delivery is in the window. A negative size means no limit. */
  has(delivery: { readonly sequence: number }, size: number): boolean {
    return (size < 0 || delivery.sequence > this.#last - size) && !this.isForgotten(delivery);
  }

  /** True if the caller has forgotten it. */
  isForgotten(delivery: { readonly sequence: number }): boolean {
    return delivery.sequence <= this.#through || (this.#isAnyForgotten && this.#forgotten.has(delivery));
  }

  /** Forgets one delivery. */
  forget(delivery: { readonly sequence: number }): void {
    this.#isAnyForgotten = true;
    this.#forgotten.add(delivery);
  }

  /** Forgets a delivery and all earlier ones. */
  forgetThrough({ sequence }: { readonly sequence: number }): void {
    this.#through = Math.max(this.#through, sequence);
  }
}
