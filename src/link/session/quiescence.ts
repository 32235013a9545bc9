import type { Clock, Timer } from '../../clock.js';
import type { Link } from './link-table.js';
import type { PendingOutput } from './pending-output.js';

/** How often it is looked whether the links are at rest, in milliseconds. */
const LOOK_AGAIN = 20;

/** The links that come to rest, and what they write to. */
export interface QuiescenceParts {
  readonly clock: Clock;
  readonly output: PendingOutput;
  /** The links that are attached, at each moment. */
  readonly links: () => Iterable<Link>;
}

/**
 * Brings the links of a connection to rest before it is made anew, so that no message comes or goes twice. Credit is taken
 * back first, and the program gives outcomes to what it holds; for that it may have to send. Then sends wait, until what
 * was sent has its outcome and its answer.
 */
export class Quiescence {
  readonly #parts: QuiescenceParts;
  readonly #begun: number;
  readonly #limit: number;
  readonly #done: () => void;
  #timer: Timer | undefined;

  /**
   * @param limit The milliseconds to wait at most: half of it for what was received, and the rest for what was sent.
   * @param done Called once: all is at rest, or the time is over.
   */
  constructor(parts: QuiescenceParts, limit: number, done: () => void) {
    this.#parts = parts;
    this.#begun = parts.clock.now();
    this.#limit = limit;
    this.#done = done;
    for (const link of parts.links()) if (link.role === 'receiver') link.withhold();
    this.#look();
  }

  /** Looks no more. */
  cancel(): void {
    if (this.#timer !== undefined) this.#parts.clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #look(): void {
    const { clock, output, links } = this.#parts;
    const elapsed = clock.now() - this.#begun;
    const all = [...links()];
    output.isHeld ||= elapsed >= this.#limit / 2 || all.every((link) => link.role === 'sender' || !link.holdsMessages);
    const isAtRest = output.isHeld && all.every((link) => !link.isAwaited);
    if (isAtRest || elapsed >= this.#limit) this.#done();
    else this.#timer = clock.setTimeout(() => this.#look(), LOOK_AGAIN);
  }
}
