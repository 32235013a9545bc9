import type { Clock, Timer } from './clock.js';
import { TimeoutError, asError } from './errors.js';
import { tellOf } from './tell-listeners.js';

/** Cancels nothing. */
const NOTHING = (): void => undefined;

/** The two ends of a wait. Whichever is called first counts; calls after that do nothing. */
export interface Settle<Value> {
  /** True when the wait has ended. */
  readonly isOver: boolean;
  resolve(value: Value): void;
  reject(error: unknown): void;
}

/**
 * Begins an operation that settles the wait, and returns a function that cancels it. The wait calls that function once,
 * however it ends, before its caller goes on.
 */
export type Start<Value> = (settle: Settle<Value>) => () => void;

/** The limits of a wait. */
export interface Limits {
  /** Milliseconds, from 0 up. Default no limit. While the timer runs, it keeps the process alive. */
  readonly timeout?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The limits of a wait that fails at them. */
export interface WaitLimits extends Limits {
  /** Returns the message of the TimeoutError: what the call waited for, and what to do. */
  readonly onTimeout?: (() => string) | undefined;
}

/**
 * Waits until the operation that `start` begins settles the wait. Does not call `start` when the signal is aborted
 * already. Rejects with the error that `start` throws, TimeoutError, or the reason of the signal.
 */
export function wait<Value>(clock: Clock, limits: WaitLimits, start: Start<Value>): Promise<Value> {
  return begin(clock, limits, start, (settle, limit) => {
    if (limit === 'time')
      settle.reject(new TimeoutError(limits.onTimeout?.() ?? 'What was waited for has not come in time.'));
    else settle.reject(asError(limits.signal?.reason));
  });
}

/** Waits as `wait` does, but resolves to `undefined` at a limit. */
export function within<Value>(clock: Clock, limits: Limits, start: Start<Value>): Promise<Value | undefined> {
  return begin<Value | undefined>(clock, limits, start, (settle) => settle.resolve(undefined));
}

/** Waits until the time limit, or until the signal is aborted. */
export async function pause(clock: Clock, limits: Limits): Promise<void> {
  await within(clock, limits, () => NOTHING);
}

/** Waits for a promise. When the wait ends earlier, the promise goes on, and its rejection is ignored. */
export function following<Value>(promise: PromiseLike<Value>): Start<Value> {
  return (settle) => {
    promise.then(
      (value) => settle.resolve(value),
      (error: unknown) => settle.reject(error),
    );
    return NOTHING;
  };
}

/** The callbacks of each signal, as a ring behind an entry without a callback. */
const registered = new WeakMap<AbortSignal, Entry>();

/**
 * Calls back once when a signal is aborted, or at once when it is aborted already. All callbacks of a signal share one
 * listener, which is removed with the last callback: Node warns of a leak at the eleventh listener, and searches all of
 * them to remove one. An error that a callback throws is an uncaught exception of the process; the other callbacks are
 * still called.
 *
 * @returns A function that cancels the callback in constant time. Until then the signal keeps the callback alive, with
 * everything that it refers to. Cancelling twice, or after the callback was called, does nothing.
 */
export function onAbort(signal: AbortSignal, callback: () => void): () => void {
  if (signal.aborted) {
    tellOf(callback);
    return NOTHING;
  }
  let ring = registered.get(signal);
  if (ring === undefined) registered.set(signal, (ring = new Entry(NOTHING)));
  const head = ring;
  if (head.isAlone) signal.addEventListener('abort', tell, { once: true });
  const entry = new Entry(callback);
  entry.join(head);
  return () => {
    entry.leave();
    if (head.isAlone) signal.removeEventListener('abort', tell);
  };
}

function tell({ target }: Event): void {
  const head = registered.get(target as AbortSignal); // it listens to nothing else
  while (head?.isAlone === false) {
    const { next } = head;
    tellOf(next.callback);
    next.leave();
  }
}

/** A callback in a ring. A `Set` would get a new table again and again while callbacks come and go. */
class Entry {
  readonly callback: () => void;
  next: Entry = this;
  #previous: Entry = this;

  constructor(callback: () => void) {
    this.callback = callback;
  }

  /** True if it is the only entry of its ring. */
  get isAlone(): boolean {
    return this.next === this;
  }

  /** Joins a ring, as the last before its head. */
  join(head: Entry): void {
    this.next = head;
    this.#previous = head.#previous;
    head.#previous.next = this;
    head.#previous = this;
  }

  leave(): void {
    this.#previous.next = this.next;
    this.next.#previous = this.#previous;
    this.next = this.#previous = this;
  }
}

/** Settles a wait at its limit. */
type AtLimit<Value> = (settle: Settle<Value>, limit: 'time' | 'signal') => void;

function begin<Value>(clock: Clock, limits: Limits, start: Start<Value>, atLimit: AtLimit<Value>): Promise<Value> {
  return new Promise((resolve, reject) => new Wait(clock, resolve, reject).begin(limits, start, atLimit));
}

/** A wait that has begun, with everything to cancel at its end. */
class Wait<Value> implements Settle<Value> {
  readonly #clock: Clock;
  readonly #resolve: (value: Value) => void;
  readonly #reject: (error: unknown) => void;
  #isOver = false;
  #cancel: (() => void) | undefined;
  #callOff: (() => void) | undefined;
  #timer: Timer | undefined;

  constructor(clock: Clock, resolve: (value: Value) => void, reject: (error: unknown) => void) {
    this.#clock = clock;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /**
   * The limits come last: a wait that is settled at once, or whose `start` throws, needs neither timer nor listener.
   */
  begin({ timeout, signal }: Limits, start: Start<Value>, atLimit: AtLimit<Value>): void {
    if (signal?.aborted !== true) this.#start(start);
    // `start` may have aborted the signal.
    if (signal !== undefined && !this.#isOver) this.#callOff = onAbort(signal, () => atLimit(this, 'signal'));
    if (timeout !== undefined && !this.#isOver) {
      this.#timer = this.#clock.setTimeout(() => atLimit(this, 'time'), timeout);
      // The caller awaits the result, so the process must not end before.
      this.#timer.ref();
    }
  }

  resolve(value: Value): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#resolve(value);
    this.#callOffAll();
  }

  reject(error: unknown): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#reject(error);
    this.#callOffAll();
  }

  #start(start: Start<Value>): void {
    const cancel = start(this);
    if (this.#isOver) cancel();
    else this.#cancel = cancel;
  }

  #callOffAll(): void {
    if (this.#timer !== undefined) this.#clock.clearTimeout(this.#timer);
    this.#callOff?.();
    this.#cancel?.();
  }
}
