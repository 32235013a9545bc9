import { InterruptError } from '../../errors.js';
import { following, wait } from '../../wait.js';
import type { Start, WaitLimits } from '../../wait.js';
import { checkSignal, resolveTimeout } from './option-checks.js';
import type { WaitOptions } from './options.js';
import type { Settings } from './settings.js';

/** A waiting call. It knows its index among the others, so that it can leave without a search. */
interface WaitingCall {
  place: number;
  readonly reject: (error: InterruptError) => void;
}

/** The waiting calls of one messenger, limited by its settings and ended by its `interrupt`. */
export class Waits {
  readonly #settings: Settings;
  /**
   * In no particular order. Not a `Set`: while calls come and go, V8 replaces its table again and again, and each old
   * table points to the next. Once a table is in the old generation, all later ones, and the calls in them, stay until
   * that is collected.
   */
  readonly #waiting: WaitingCall[] = [];
  /** True if no call waited when `interrupt` was called, so that it ends the next one. */
  #isInterrupted = false;

  constructor(settings: Settings) {
    this.#settings = settings;
  }

  /** True if calls wait, as `blocking` says. */
  get areBlocking(): boolean {
    return this.#settings.blocking && !this.#settings.passive;
  }

  /**
   * Waits until `start` settles it. Without blocking it resolves to `undefined` after one turn of the event loop,
   * because a program that polls must let the event loop run.
   */
  until<Value>(
    { timeout, signal }: WaitOptions,
    onTimeout: () => string,
    start: Start<Value>,
  ): Promise<Value | undefined> {
    const limits = { timeout: resolveTimeout(timeout, this.#settings.timeout), signal, onTimeout };
    if (this.areBlocking) return this.bounded(limits, start);
    const { clock } = this.#settings.environment;
    return this.bounded<Value | undefined>({ ...limits, timeout: undefined }, (settle) => {
      const cancel = start(settle);
      const turn = clock.setImmediate(() => settle.resolve(undefined));
      return () => {
        clock.clearImmediate(turn);
        cancel();
      };
    });
  }

  /** As `until`, but independent of the settings. Throws `OptionError` for an invalid signal. */
  bounded<Value>(limits: WaitLimits, start: Start<Value>): Promise<Value> {
    checkSignal(limits.signal);
    return (
      this.#takeInterruption() ??
      wait(this.#settings.environment.clock, limits, (settle) => {
        const cancel = start(settle);
        const call: WaitingCall = { place: this.#waiting.length, reject: (error) => settle.reject(error) };
        this.#waiting.push(call);
        return () => {
          this.#leave(call);
          cancel();
        };
      })
    );
  }

  /** Waits for a promise. The work behind the promise goes on after the wait has ended. */
  promised<Value>(limits: WaitLimits, promise: Promise<Value>): Promise<Value> {
    // The promise may reject after the wait has ended.
    promise.catch(() => undefined);
    return this.bounded(limits, following(promise));
  }

  /** Ends every waiting call, or the next one when none waits (docs/semantics.md, Calls). */
  interrupt(): void {
    if (this.#waiting.length === 0) this.#isInterrupted = true;
    const error = new InterruptError('The call was interrupted. What it waited for may still happen.');
    for (const { reject } of [...this.#waiting]) reject(error);
  }

  #leave({ place }: WaitingCall): void {
    const last = this.#waiting.pop();
    if (last === undefined || last.place === place) return;
    last.place = place;
    this.#waiting[place] = last;
  }

  #takeInterruption(): Promise<never> | undefined {
    if (!this.#isInterrupted) return undefined;
    this.#isInterrupted = false;
    return Promise.reject(new InterruptError('The call was interrupted before it could wait. Call it again.'));
  }
}

/** The limits of a call without a default time limit. */
export function unlimited({ timeout, signal }: WaitOptions, onTimeout: string): WaitLimits {
  return { timeout: resolveTimeout(timeout, undefined), signal, onTimeout: () => onTimeout };
}
