import { InterruptError } from '../../errors.js';
import { following, wait } from '../../wait.js';
import type { Start, WaitLimits } from '../../wait.js';
import { checkSignal, resolveTimeout } from './option-checks.js';
import type { WaitOptions } from './options.js';
import type { Settings } from './settings.js';

/** A call that waits. It knows its place among those that do, so that it can leave without being looked for. */
interface WaitingCall {
  place: number;
  readonly reject: (error: InterruptError) => void;
}

/** The calls of one messenger that wait, bounded by its settings and ended by its `interrupt`. */
export class Waits {
  readonly #settings: Settings;
  /**
   * In no order. Not a `Set`: while calls come and go V8 replaces its table again and again, and each old table points
   * to the next. Once one is in the old generation, all later ones, and the calls in them, stay until that is collected.
   */
  readonly #waiting: WaitingCall[] = [];
  /** Nobody waited when the interruption came: it is for the next who does. */
  #isInterrupted = false;

  constructor(settings: Settings) {
    this.#settings = settings;
  }

  /** Whether calls wait at all. */
  get areBlocking(): boolean {
    return this.#settings.blocking && !this.#settings.passive;
  }

  /**
   * Waits for something that `start` arranges to call back about. Without blocking it gives `undefined` after one turn of
   * the event loop: a program that asks again and again must let happen what it asks for.
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

  /** As `until`, whatever the settings say. Throws `OptionError` for a signal that is none. */
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

  /** Waits for a promise. When it is given up, what the promise stands for goes on. */
  promised<Value>(limits: WaitLimits, promise: Promise<Value>): Promise<Value> {
    // Nobody may be listening by the time it fails.
    promise.catch(() => undefined);
    return this.bounded(limits, following(promise));
  }

  /** Ends every call that waits; when none does, the next that is about to (docs/semantics.md, Calls). */
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

/** The limits of a call that by itself has none. */
export function unlimited({ timeout, signal }: WaitOptions, onTimeout: string): WaitLimits {
  return { timeout: resolveTimeout(timeout, undefined), signal, onTimeout: () => onTimeout };
}
