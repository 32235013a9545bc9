import { InterruptError } from '../errors.js';
import { resolveTimeout } from './options.js';
import type { Settings, WaitOptions } from './options.js';
import { wait } from './wait.js';
import type { Settle, WaitLimits } from './wait.js';

/** The calls of one messenger that wait, bounded by its settings and ended by its `interrupt`. */
export class Waits {
  readonly #settings: Settings;
  readonly #waiting = new Set<(error: InterruptError) => void>();
  /** Nobody waited when the interruption came: it is for the next who does. */
  #isInterrupted = false;

  constructor(settings: Settings) {
    this.#settings = settings;
  }

  /**
   * Waits for something that `start` arranges to call back about. Without blocking it does not wait at all, and gives
   * `undefined`.
   */
  until<Value>(
    { timeout, signal }: WaitOptions,
    onTimeout: () => string,
    start: (settle: Settle<Value>) => () => void,
  ): Promise<Value | undefined> {
    const settings = this.#settings;
    if (settings.blocking && !settings.passive) {
      return this.bounded({ timeout: resolveTimeout(timeout, settings.timeout), signal, onTimeout }, start);
    }
    return this.#takeInterruption() ?? Promise.resolve(undefined);
  }

  /** As `until`, whatever the settings say. */
  bounded<Value>(limits: WaitLimits, start: (settle: Settle<Value>) => () => void): Promise<Value> {
    return (
      this.#takeInterruption() ??
      wait(limits, (settle) => {
        const cancel = start(settle);
        const reject = (error: InterruptError): void => settle.reject(error);
        this.#waiting.add(reject);
        return () => {
          this.#waiting.delete(reject);
          cancel();
        };
      })
    );
  }

  /** Waits for a promise. When it is given up, what the promise stands for goes on. */
  promised<Value>(limits: WaitLimits, promise: Promise<Value>): Promise<Value> {
    return this.bounded(limits, (settle) => {
      promise.then(
        (value) => settle.resolve(value),
        (error: unknown) => settle.reject(error),
      );
      return () => undefined;
    });
  }

  /** Ends every call that waits; when none does, the next that is about to (spec §1.9). */
  interrupt(): void {
    if (this.#waiting.size === 0) this.#isInterrupted = true;
    const error = new InterruptError('The call was interrupted. What it waited for may still happen.');
    for (const reject of [...this.#waiting]) reject(error);
  }

  #takeInterruption(): Promise<never> | undefined {
    if (!this.#isInterrupted) return undefined;
    this.#isInterrupted = false;
    return Promise.reject(new InterruptError('The call was interrupted before it could wait. Call it again.'));
  }
}
