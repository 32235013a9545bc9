import type { SenderLink } from '../../link/session/sender-link.js';
import { LONGEST_TIMER } from '../../queue/expiry.js';

/** Closes sender links that nothing is put on, some time between one period and two after the last message. */
export class IdleLinks {
  readonly #period: number;
  readonly #links: ReadonlyMap<unknown, SenderLink>;
  readonly #close: (link: SenderLink) => void;
  #timer: NodeJS.Timeout | undefined;

  /** @param period In milliseconds; 0 closes none. */
  constructor(period: number, links: ReadonlyMap<unknown, SenderLink>, close: (link: SenderLink) => void) {
    this.#period = period;
    this.#links = links;
    this.#close = close;
  }

  /** There is a link to watch. */
  watch(): void {
    if (this.#period === 0 || this.#timer !== undefined) return;
    this.#timer = setInterval(() => this.#look(), Math.min(this.#period, LONGEST_TIMER)).unref();
  }

  /** Looks no more, until the next `watch`. */
  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #look(): void {
    for (const link of [...this.#links.values()]) {
      if (link.isBusy || link.queued > 0 || link.unsettled > 0) link.isBusy = false;
      else this.#close(link);
    }
    if (this.#links.size === 0) this.stop();
  }
}
