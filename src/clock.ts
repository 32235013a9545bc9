/** A timer that a clock has set. */
export interface Timer {
  /** Has it keep the process alive. */
  ref(): unknown;
}

/** Time, given from outside, so that a test can stand it still and turn it. Milliseconds throughout. */
export interface Clock {
  /** A reading that never goes back: for how long something takes. */
  now(): number;
  /** Milliseconds since 1970: for times that others have set by their own clocks. */
  wallNow(): number;
  /** Calls back once, after a delay of any length. The timer does not keep the process alive until it is told to. */
  setTimeout(callback: () => void, delay: number): Timer;
  /** Calls a timer off. One that has called back already is ignored. */
  clearTimeout(timer: Timer): void;
  /** Calls back once, when what has come in by now has been read. Until then it keeps the process alive. */
  setImmediate(callback: () => void): object;
  /** Calls off what `setImmediate` was to call. */
  clearImmediate(immediate: object): void;
  /** Calls back once, when what runs now is over, before anything else is done. */
  nextTick(callback: () => void): void;
}

/** The clock of the machine. */
export const SYSTEM_CLOCK: Clock = {
  now: () => performance.now(),
  wallNow: () => Date.now(),
  setTimeout: (callback, delay) => setLongTimeout(callback, delay).unref(),
  // What is called off was made here.
  clearTimeout: (timer) => clearTimeout(timer as NodeJS.Timeout),
  setImmediate: (callback) => setImmediate(callback),
  clearImmediate: (immediate) => clearImmediate(immediate as NodeJS.Immediate),
  nextTick: (callback) => process.nextTick(callback),
};

/** The longest delay that Node's timers can keep, in milliseconds: about 25 days. Beyond it they fire at once. */
export const LONGEST_TIMER: number = 0x7fff_ffff;

/**
 * Calls back once, after a delay of any length; `Infinity` never does. It is `setTimeout` for delays that a caller or a
 * peer has chosen. A longer delay than a timer can keep is waited for in equal parts, by one timer that is started
 * again: so `clearTimeout` and `unref` do to the timer what they always do.
 *
 * @param delay - Milliseconds.
 */
export function setLongTimeout(callback: () => void, delay: number): NodeJS.Timeout {
  let parts = Math.max(1, Math.ceil(delay / LONGEST_TIMER));
  // Timers keep whole milliseconds, and cut off the rest.
  const part = parts === Infinity ? LONGEST_TIMER : Math.ceil(delay / parts);
  const timer = setTimeout(() => {
    parts--;
    if (parts > 0) timer.refresh();
    else callback();
  }, part);
  return timer;
}
