/** A timer that a clock has set. */
export interface Timer {
  /** Makes the timer keep the process alive. */
  ref(): unknown;
}

/** A source of time, injected so that a test can control it. All times are milliseconds. */
export interface Clock {
  /** A monotonic reading, for measuring durations. */
  now(): number;
  /** The wall clock in milliseconds since 1970, for times from other machines. */
  wallNow(): number;
  /** Calls back once, after a delay of any length. The timer does not keep the process alive unless `ref` is called. */
  setTimeout(callback: () => void, delay: number): Timer;
  /** Cancels a timer. Does nothing when it has called back already. */
  clearTimeout(timer: Timer): void;
  /** Calls back once, after pending input has been read. Keeps the process alive until then. */
  setImmediate(callback: () => void): object;
  /** Cancels a callback of `setImmediate`. */
  clearImmediate(immediate: object): void;
  /** Calls back once, right after the running code, before anything else. */
  nextTick(callback: () => void): void;
}

/** The clock of the machine. */
export const SYSTEM_CLOCK: Clock = {
  now: () => performance.now(),
  wallNow: () => Date.now(),
  setTimeout: (callback, delay) => setLongTimeout(callback, delay).unref(),
  // The timer was made by this clock.
  clearTimeout: (timer) => clearTimeout(timer as NodeJS.Timeout),
  setImmediate: (callback) => setImmediate(callback),
  clearImmediate: (immediate) => clearImmediate(immediate as NodeJS.Immediate),
  nextTick: (callback) => process.nextTick(callback),
};

/** The longest delay that Node's timers can keep, in milliseconds: about 25 days. Beyond it they fire at once. */
export const LONGEST_TIMER: number = 0x7fff_ffff;

/**
 * Calls back once, after a delay of any length; `Infinity` never does. It is `setTimeout` for delays that a caller or a
 * peer has chosen. A delay that is too long for a timer is divided into equal parts, for which one timer is started
 * again. So `clearTimeout` and `unref` work as for any timer.
 *
 * @param delay - Milliseconds.
 */
export function setLongTimeout(callback: () => void, delay: number): NodeJS.Timeout {
  let parts = Math.max(1, Math.ceil(delay / LONGEST_TIMER));
  // Timers truncate fractions of milliseconds.
  const part = parts === Infinity ? LONGEST_TIMER : Math.ceil(delay / parts);
  const timer = setTimeout(() => {
    parts--;
    if (parts > 0) timer.refresh();
    else callback();
  }, part);
  return timer;
}
