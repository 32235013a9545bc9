/** Time, as the link layer sees it: given from outside, so that tests can turn it. Milliseconds throughout. */
export interface Clock {
  /** A reading that never goes back. */
  now(): number;
  /** Calls back once, after `delay`. The timer does not keep the process alive. */
  setTimeout(callback: () => void, delay: number): NodeJS.Timeout;
  clearTimeout(timer: NodeJS.Timeout): void;
}

/** The longest delay that Node's timers can keep, in milliseconds: about 25 days. Beyond it they would fire at once. */
const LONGEST_DELAY = 0x7fff_ffff;

/** The clock of the machine. */
export const SYSTEM_CLOCK: Clock = {
  now: () => performance.now(),
  setTimeout: (callback, delay) => setTimeout(callback, Math.min(delay, LONGEST_DELAY)).unref(),
  clearTimeout: (timer) => clearTimeout(timer),
};
