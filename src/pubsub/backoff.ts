import { OptionError } from '../errors.js';

/**
 * The delay before the broker delivers a failed message again, in milliseconds: the bounds of a delay that doubles, or
 * a function of the number of failures, from 1 up.
 */
export type BackoffOptions = BackoffBounds | ((failures: number) => number);

/** The bounds of a delay that doubles after each failure. */
export interface BackoffBounds {
  /** The delay after the first failure, in milliseconds. Default 100. */
  delay?: number;
  /** The longest delay, in milliseconds. Default 30 000. */
  maxDelay?: number;
}

const DEFAULT_DELAY = 100;
const DEFAULT_MAX_DELAY = 30_000;

/** Works out delays between deliveries. */
export class Backoff {
  readonly #delayAfter: (failures: number) => number;

  /** @throws OptionError for bounds that are not numbers from 0 up. */
  constructor(options: BackoffOptions = {}) {
    if (typeof options === 'function') {
      this.#delayAfter = options;
      return;
    }
    const { delay = DEFAULT_DELAY, maxDelay = DEFAULT_MAX_DELAY } = options;
    for (const bound of [delay, maxDelay]) checkDelay(bound);
    this.#delayAfter = (failures) => Math.min(delay * 2 ** (failures - 1), maxDelay);
  }

  /**
   * The delay after so many failures, in milliseconds.
   *
   * @throws OptionError when the function that was given returns no number from 0 up.
   */
  delayAfter(failures: number): number {
    return checkDelay(this.#delayAfter(failures));
  }
}

function checkDelay(delay: unknown): number {
  if (typeof delay === 'number' && delay >= 0) return delay;
  throw new OptionError('A back-off must be a number of milliseconds from 0 up, or a function that returns one.');
}
