import type { Clock, Timer } from '../clock.js';
import { following, within } from '../wait.js';

/** A time limit over several waits in a row. There is none until it is set. */
export class TimeLimit {
  readonly #clock: Clock;
  readonly #over = new AbortController();
  #time = Infinity;
  #timer: Timer | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Sets it, or has it come sooner: it never comes later. @param timeout Milliseconds from now. */
  shorten(timeout: number): void {
    const time = this.#clock.now() + timeout;
    if (time >= this.#time) return;
    this.cancel();
    this.#time = time;
    this.#timer = this.#clock.setTimeout(() => this.#over.abort(), timeout);
    // Somebody awaits the end: the process must not end before it.
    this.#timer.ref();
  }

  /** Waits for something, or for the limit if that comes first. */
  async wait(something: Promise<unknown>): Promise<void> {
    await within(this.#clock, { signal: this.#over.signal }, following(something));
  }

  /** Takes the limit off. */
  cancel(): void {
    if (this.#timer !== undefined) this.#clock.clearTimeout(this.#timer);
  }
}
