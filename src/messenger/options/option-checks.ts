import { OptionError } from '../../errors.js';
import { LONGEST_TIMER } from '../../clock.js';

/** The largest credit, in messages: half of the range of a uint (AMQP 1.0 §2.7.4). */
export const MAX_CREDIT = 0x7fff_ffff;

/** Checks a number. Returns `standard` when there is none. Throws `OptionError`. */
export function number(name: string, value: number | undefined, standard: number, lowest: number): number {
  if (value === undefined) return standard;
  if (typeof value !== 'number' || Number.isNaN(value) || value < lowest) {
    const range = lowest === -Infinity ? 'a number' : `a number of at least ${lowest}`;
    throw new OptionError(`Option ${name} must be ${range}.`);
  }
  return value;
}

/** Checks a value out of a list. Returns `standard` when there is none. Throws `OptionError`. */
export function oneOf<Value extends string, Standard>(
  name: string,
  value: Value | undefined,
  known: readonly Value[],
  standard: Standard,
): Value | Standard {
  if (value === undefined) return standard;
  if (known.includes(value)) return value;
  throw new OptionError(`Option ${name} must be one of ${known.join(', ')}.`);
}

/** Checks the size of a window. Throws `OptionError`. */
export function windowSize(name: string, size: number): number {
  if (Number.isInteger(size) || Math.abs(size) === Infinity) return size;
  throw new OptionError(`Option ${name} must be a whole number. A negative one means no limit.`);
}

/** Checks a time limit, in milliseconds; `undefined` for none. Throws `OptionError`. */
export function timeLimit(timeout: number | undefined): number | undefined {
  return timeout === undefined ? undefined : number('timeout', timeout, 0, -Infinity);
}

/** Checks a boolean. Throws `OptionError`. */
export function flag(name: string, value: boolean): boolean {
  if (typeof value === 'boolean') return value;
  throw new OptionError(`Option ${name} must be true or false.`);
}

/** Checks a time-out given to a call. A negative one means no limit, as in the original. */
export function resolveTimeout(given: number | undefined, standard: number | undefined): number | undefined {
  const timeout = given === undefined ? standard : timeLimit(given);
  return timeout === undefined || timeout < 0 || timeout > LONGEST_TIMER ? undefined : timeout;
}

/** Throws `OptionError` for an invalid signal. Does not use `instanceof`: other realms have their own `AbortSignal`. */
export function checkSignal(signal: unknown): void {
  if (signal === undefined) return;
  if (typeof signal === 'object' && signal !== null && 'aborted' in signal && 'addEventListener' in signal) return;
  throw new OptionError('Option signal must be an AbortSignal.');
}
