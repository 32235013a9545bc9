import type { Clock, Timer } from '../clock.js';
import { LONGEST_TIMER } from '../long-timeout.js';

/** A time limit over several waits in a row. */
export class TimeLimit {
  readonly #clock: Clock;
  readonly #over: Promise<void> | undefined;
  #timer: Timer | undefined;

  /** @param timeout Milliseconds from now. What Node's timers cannot keep, 25 days and more, is no limit. */
  constructor(clock: Clock, timeout: number) {
    this.#clock = clock;
    if (timeout > LONGEST_TIMER) return;
    this.#over = new Promise((resolve) => {
      this.#timer = clock.setTimeout(resolve, timeout);
      // Somebody awaits the end: the process must not end before it.
      this.#timer.ref();
    });
  }

  /** Waits for something, or for the limit if that comes first. */
  async wait(something: Promise<unknown>): Promise<void> {
    await (this.#over === undefined ? something : Promise.race([something, this.#over]));
  }

  /** Takes the limit off. */
  cancel(): void {
    if (this.#timer !== undefined) this.#clock.clearTimeout(this.#timer);
  }
}
