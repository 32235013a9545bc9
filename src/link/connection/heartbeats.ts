import type { Clock, Timer } from '../../clock.js';

/** Keeps a peer from taking us for dead: sends it something twice in the time that it waits (AMQP 1.0 §2.4.5). */
export class Heartbeats {
  readonly #clock: Clock;
  readonly #beat: () => void;
  #timer: Timer | undefined;

  constructor(clock: Clock, beat: () => void) {
    this.#clock = clock;
    this.#beat = beat;
  }

  /** @param idleTimeout What the peer has told, in milliseconds; 0 for a peer that waits for ever. */
  start(idleTimeout: number): void {
    if (idleTimeout === 0) return;
    this.#timer = this.#clock.setTimeout(() => {
      this.#beat();
      this.start(idleTimeout);
    }, idleTimeout / 2);
  }

  stop(): void {
    if (this.#timer !== undefined) this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
