import type { Clock } from '../clock.js';
import { WaiterLine } from '../queue/waiter-line.js';

/** The number of events that a stream may send before the client allows more. */
export class Credit {
  #left: number;
  readonly #takers: WaiterLine<void>;

  /** @param left - How many to begin with; `Infinity` for no limit. */
  constructor(left: number, clock: Clock) {
    this.#left = left;
    this.#takers = new WaiterLine(clock);
  }

  /** Allows more. */
  add(count: number): void {
    this.#left += count;
    this.#takers.serveAll();
  }

  /** Takes one, waiting for it if need be. Resolves with false when the signal is aborted first. */
  async take(signal: AbortSignal): Promise<boolean> {
    while (this.#left < 1 && !signal.aborted) await this.#takers.within({ signal });
    if (signal.aborted) return false;
    this.#left--;
    return true;
  }
}
