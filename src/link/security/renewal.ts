import type { Clock, Timer } from '../../clock.js';

/** How long before a token expires the connection is made anew, in milliseconds. */
const MARGIN = 30_000;

/** The shortest time between two tokens, in milliseconds, however short they live. */
const SHORTEST = 1000;

/**
 * When to ask for the next token: half a minute before the one there is expires, or at half of what is left of it.
 * `undefined` when it never expires, or has expired already: then it is for the peer to say what that means, and to ask
 * again and again would not help.
 */
export function renewalDelay(expires: number, now: number): number | undefined {
  const left = expires - now;
  if (!(left > 0) || left === Infinity) return undefined;
  return Math.max(left - MARGIN, left / 2, SHORTEST);
}

/** Calls back when a token is about to expire. */
export class Renewal {
  readonly #clock: Clock;
  #timer: Timer | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @param expires When the token expires, in milliseconds since 1970. */
  schedule(expires: number, renew: () => void): void {
    this.cancel();
    const delay = renewalDelay(expires, this.#clock.wallNow());
    if (delay !== undefined) this.#timer = this.#clock.setTimeout(renew, delay);
  }

  cancel(): void {
    if (this.#timer !== undefined) this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
