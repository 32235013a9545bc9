import { SYSTEM_CLOCK } from '../clock.js';
import { pause } from '../wait.js';

/** Limits a rate per second, evenly. Without a rate there is no limit. */
export class Pace {
  readonly #interval: number;
  #next = performance.now();

  constructor(rate: number | undefined) {
    this.#interval = rate === undefined ? 0 : 1000 / rate;
  }

  /** Waits for the next turn. Rejects when the signal is aborted. */
  async turn(signal: AbortSignal): Promise<void> {
    if (this.#interval === 0) return;
    const wait = this.#next - performance.now();
    // A delay is made up for by a burst of at most a tenth of a second.
    this.#next = Math.max(this.#next, performance.now() - 100) + this.#interval;
    if (wait < 1) return;
    await pause(SYSTEM_CLOCK, { timeout: wait, signal });
    signal.throwIfAborted();
  }
}
