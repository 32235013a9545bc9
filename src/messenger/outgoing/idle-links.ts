import type { Clock, Timer } from '../../clock.js';
import type { SenderLink } from '../../link/session/sender-link.js';

/** Closes unused sender links, between one and two periods after their last message. */
export class IdleLinks {
  readonly #clock: Clock;
  readonly #period: number;
  readonly #links: ReadonlyMap<unknown, SenderLink>;
  readonly #close: (link: SenderLink) => void;
  #timer: Timer | undefined;

  /** @param period In milliseconds; 0 closes none. */
  constructor(
    clock: Clock,
    period: number,
    links: ReadonlyMap<unknown, SenderLink>,
    close: (link: SenderLink) => void,
  ) {
    this.#clock = clock;
    this.#period = period;
    this.#links = links;
    this.#close = close;
  }

  /** Starts to watch, because there is a link. */
  watch(): void {
    if (this.#period === 0 || this.#timer !== undefined) return;
    this.#timer = this.#clock.setTimeout(() => this.#look(), this.#period);
  }

  /** Stops until the next `watch`. */
  stop(): void {
    if (this.#timer !== undefined) this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #look(): void {
    for (const link of [...this.#links.values()]) {
      if (link.isBusy || link.queued > 0 || link.unsettled > 0) link.isBusy = false;
      else this.#close(link);
    }
    this.#timer = undefined;
    if (this.#links.size > 0) this.watch();
  }
}
