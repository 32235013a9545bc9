import type { Clock, Timer } from '../clock.js';
import { LONGEST_TIMER } from '../clock.js';

/**
 * One timer that wakes an object. It holds the object weakly, so that the timer does not keep it alive: `wake` must use
 * the object only through its parameter.
 */
export class WakeUp<Target extends object> {
  readonly #clock: Clock;
  readonly #target: WeakRef<Target>;
  readonly #wake: (target: Target) => void;
  #timer: Timer | undefined;
  #time = Infinity;

  constructor(clock: Clock, target: Target, wake: (target: Target) => void) {
    this.#clock = clock;
    this.#target = new WeakRef(target);
    this.#wake = wake;
  }

  /** The time it will wake the object, or `Infinity`. */
  get time(): number {
    return this.#time;
  }

  /**
   * Wakes the object at a time of the clock, unless an earlier time is set. A time beyond the longest timer is reached
   * in steps.
   */
  at(time: number): void {
    if (time >= this.#time) return;
    this.cancel();
    this.#time = time;
    this.#timer = this.#clock.setTimeout(
      () => {
        this.cancel();
        const target = this.#target.deref();
        if (target !== undefined) this.#wake(target);
      },
      // Node truncates fractions, and would wake too early.
      Math.min(Math.ceil(time - this.#clock.now()), LONGEST_TIMER),
    );
  }

  /** Cancels the timer, until the next `at`. */
  cancel(): void {
    if (this.#timer !== undefined) this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#time = Infinity;
  }
}
