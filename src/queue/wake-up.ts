import type { Clock, Timer } from '../clock.js';
import { LONGEST_TIMER } from '../clock.js';

/**
 * One timer that wakes an object. It holds the object weakly: an object nobody else knows is collected, timer or not,
 * so `wake` must reach it by its parameter alone.
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

  /** When it will wake; `Infinity` when it will not. */
  get time(): number {
    return this.#time;
  }

  /** Wakes the object at a time of the clock, unless it does so earlier already. Far times come in stages. */
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
      // Node cuts fractions off, and would wake before the time.
      Math.min(Math.ceil(time - this.#clock.now()), LONGEST_TIMER),
    );
  }

  /** Wakes it no more, until the next `at`. */
  cancel(): void {
    if (this.#timer !== undefined) this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#time = Infinity;
  }
}
