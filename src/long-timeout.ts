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
