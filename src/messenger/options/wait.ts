import type { Clock } from '../../clock.js';
import { TimeoutError, asError } from '../../errors.js';
import { checkSignal } from './option-checks.js';

/** The two ends of a wait: whichever is called first counts. */
export interface Settle<Value> {
  resolve(value: Value): void;
  reject(error: unknown): void;
}

/** What a wait is bounded by. */
export interface WaitLimits {
  /** Milliseconds, or `undefined` for no limit. */
  readonly timeout: number | undefined;
  readonly signal: AbortSignal | undefined;
  /** What to say when the time runs out. */
  readonly onTimeout: () => string;
}

/**
 * Waits for something that `start` arranges to call back about. `start` returns how to call it off, which happens once,
 * however the wait ends. Throws `OptionError` for a signal that is none.
 */
export function wait<Value>(
  clock: Clock,
  limits: WaitLimits,
  start: (settle: Settle<Value>) => () => void,
): Promise<Value> {
  const { timeout, signal, onTimeout } = limits;
  checkSignal(signal);
  if (signal?.aborted) return Promise.reject(asError(signal.reason));
  let end = (): void => undefined;
  const settled = new Promise<Value>((resolve, reject) => {
    const cancel = start({ resolve, reject });
    const onAbort = (): void => reject(asError(signal?.reason));
    const late = (): void => reject(new TimeoutError(onTimeout()));
    const timer = timeout === undefined ? undefined : clock.setTimeout(late, timeout);
    timer?.ref(); // somebody awaits the answer
    signal?.addEventListener('abort', onAbort, { once: true });
    end = () => {
      if (timer !== undefined) clock.clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      cancel();
    };
  });
  return settled.finally(() => end());
}
