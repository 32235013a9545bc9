import type { Clock, Timer } from '../../clock.js';

/** The time between two looks and the length of a silence, in idle time-outs: together no more than twice the idle time-out. */
const LOOK = 0.5;
const SILENCE = 1.5;

/**
 * Finds a peer that is gone without a word: no byte of it, not even a heartbeat, for about twice the idle time-out that
 * it was told (AMQP 1.0 §2.4.5), and never for longer.
 */
export class SilenceWatch {
  readonly #clock: Clock;
  readonly #idleTimeout: number;
  readonly #silent: () => void;
  #heardAt = 0;
  #timer: Timer | undefined;

  /**
   * @param idleTimeout - In milliseconds; 0 never calls back.
   * @param silent - Called when nothing has come for so long that the peer must be gone.
   */
  constructor(clock: Clock, idleTimeout: number, silent: () => void) {
    this.#clock = clock;
    this.#idleTimeout = idleTimeout;
    this.#silent = silent;
  }

  /** The connection is open: from now on the peer has to be heard of. */
  start(): void {
    this.heard();
    if (this.#idleTimeout > 0) this.#look();
  }

  /** Something has come from the peer. */
  heard(): void {
    if (this.#idleTimeout > 0) this.#heardAt = this.#clock.now();
  }

  stop(): void {
    if (this.#timer !== undefined) this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #look(): void {
    this.#timer = this.#clock.setTimeout(() => {
      this.#look();
      if (!this.#isSilent()) return;
      // Timers come before input: when this process was the one that slept, what has come meanwhile is read first.
      this.#clock.setImmediate(() => {
        if (this.#timer !== undefined && this.#isSilent()) this.#silent();
      });
    }, this.#idleTimeout * LOOK);
  }

  #isSilent(): boolean {
    return this.#clock.now() - this.#heardAt >= this.#idleTimeout * SILENCE;
  }
}

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
