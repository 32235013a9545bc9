import type { Clock, Timer } from './clock.js';
import { TimeoutError, asError } from './errors.js';
import { tellOf } from './tell-listeners.js';

/** Calls off what was not arranged. */
const NOTHING = (): void => undefined;

/** The two ends of a wait. Whichever is called first counts; calls after that do nothing. */
export interface Settle<Value> {
  /** Whether the wait has ended. */
  readonly isOver: boolean;
  resolve(value: Value): void;
  reject(error: unknown): void;
}

/**
 * Arranges that a wait is settled, and returns how to call that off. The wait calls it off once, however it ends, before
 * whoever waits goes on.
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
  /** Called when the time is over, for the message of the TimeoutError: what was waited for, and what to do. */
  readonly onTimeout?: (() => string) | undefined;
}

/**
 * Waits for something that `start` arranges to be called back about. With a signal that is aborted already, `start` is
 * not called. The wait rejects with what `start` throws, TimeoutError, or the reason of the signal.
 */
export function wait<Value>(clock: Clock, limits: WaitLimits, start: Start<Value>): Promise<Value> {
  return begin(clock, limits, start, (settle, limit) => {
    if (limit === 'time')
      settle.reject(new TimeoutError(limits.onTimeout?.() ?? 'What was waited for has not come in time.'));
    else settle.reject(asError(limits.signal?.reason));
  });
}

/** Waits as `wait` does, but a limit is no failure: the wait gives `undefined` then. */
export function within<Value>(clock: Clock, limits: Limits, start: Start<Value>): Promise<Value | undefined> {
  return begin<Value | undefined>(clock, limits, start, (settle) => settle.resolve(undefined));
}

/** Waits until the time is over or the signal is aborted. */
export async function pause(clock: Clock, limits: Limits): Promise<void> {
  await within(clock, limits, () => NOTHING);
}

/** Waits for a promise. When the wait ends before, the promise goes on, and nobody is told if it rejects. */
export function following<Value>(promise: PromiseLike<Value>): Start<Value> {
  return (settle) => {
    promise.then(
      (value) => settle.resolve(value),
      (error: unknown) => settle.reject(error),
    );
    return NOTHING;
  };
}

/** The callbacks for each signal that somebody waits for, as a ring behind an entry without a callback. */
const registered = new WeakMap<AbortSignal, Entry>();

/**
 * Calls back once when a signal is aborted; at once when it is already. However many callbacks a signal has, it has one
 * listener, and none when all are called off: Node warns of a leak at the eleventh listener, and looks through all of them
 * to remove one. What a callback throws is an uncaught exception of the process and keeps nobody from the others.
 *
 * @returns What calls it off, in constant time. Until then the signal keeps the callback alive, and all that it refers to.
 * Calling it off twice, or after the callback was called, does nothing.
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

/** A callback in a ring. Not in a `Set`: that gets a new table again and again while callbacks come and go. */
class Entry {
  readonly callback: () => void;
  next: Entry = this;
  #previous: Entry = this;

  constructor(callback: () => void) {
    this.callback = callback;
  }

  /** Whether it is in no ring with others. */
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

/** What happens at a limit. */
type AtLimit<Value> = (settle: Settle<Value>, limit: 'time' | 'signal') => void;

function begin<Value>(clock: Clock, limits: Limits, start: Start<Value>, atLimit: AtLimit<Value>): Promise<Value> {
  return new Promise((resolve, reject) => new Wait(clock, resolve, reject).begin(limits, start, atLimit));
}

/** A wait that has begun, and all that has to be called off when it ends. */
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

  /** The limits come last: what is settled at once, or throws, needs neither timer nor listener. */
  begin({ timeout, signal }: Limits, start: Start<Value>, atLimit: AtLimit<Value>): void {
    if (signal?.aborted !== true) this.#start(start);
    // `start` may have had it aborted.
    if (signal !== undefined && !this.#isOver) this.#callOff = onAbort(signal, () => atLimit(this, 'signal'));
    if (timeout !== undefined && !this.#isOver) {
      this.#timer = this.#clock.setTimeout(() => atLimit(this, 'time'), timeout);
      // Somebody awaits the answer: the process must not end before it comes.
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
