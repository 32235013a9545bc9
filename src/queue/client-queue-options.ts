import { SYSTEM_CLOCK } from '../clock.js';
import type { Clock } from '../clock.js';
import { OptionError } from '../errors.js';

/** What a push beyond the capacity does: throw, drop the message that waits longest, or drop the pushed one. */
export type Overflow = 'throw' | 'drop-oldest' | 'drop-newest';

/** How a `ClientQueue` behaves. Times are in milliseconds. */
export interface ClientQueueOptions {
  /** The name of the channel it belongs to. Default empty. */
  channelName?: string | undefined;
  /**
   * How long the queue itself lives without a push or a pull before `canBeFlushed`. 0 lets it go at once. Not what its
   * messages live: those have their own `ttl`. Default 86 400 000, a day.
   */
  timeToLive?: number | undefined;
  /**
   * How long an expired message may stay in memory: the least time between two looks of the timer. 0 has no timer and
   * looks only in calls: all but a `push` that finds room. Either way no expired message is given out. Default 1000.
   */
  flushInterval?: number | undefined;
  /** How many messages it holds, from 1 up. Default no limit. */
  capacity?: number | undefined;
  /** What a push beyond the capacity does. Default `throw`. */
  overflow?: Overflow | undefined;
  /**
   * Whether `push` writes into a message when it expires, as its `expiry`, if only its `ttl` or `expiryTime` says so: then
   * the sender knows, and so does whatever the message passes through next. Default false: messages are not changed.
   */
  appendExpiry?: boolean | undefined;
  /** Where it gets the time from. Default the clocks of the machine. */
  clock?: Clock | undefined;
  /** Stops the queue, as `stop()` does, when it is aborted. */
  signal?: AbortSignal | undefined;
}

/** `ClientQueueOptions` checked, with the defaults filled in. */
export interface ClientQueueSettings {
  readonly channelName: string;
  readonly timeToLive: number;
  readonly flushInterval: number;
  readonly capacity: number;
  readonly overflow: Overflow;
  readonly appendExpiry: boolean;
  readonly clock: Clock;
  readonly signal: AbortSignal | undefined;
}

const DAY = 86_400_000;
const OVERFLOWS: readonly string[] = ['throw', 'drop-oldest', 'drop-newest'] satisfies Overflow[];

/** Checks options and fills in the defaults. Throws `OptionError` for what is unknown or cannot be. */
export function resolveOptions(options: ClientQueueOptions): ClientQueueSettings {
  const { channelName = '', overflow = 'throw', clock = SYSTEM_CLOCK, signal, ...numbers } = options;
  const { timeToLive = DAY, flushInterval = 1000, capacity = Infinity, appendExpiry = false, ...unknown } = numbers;
  for (const name of Object.keys(unknown)) throw new OptionError(`There is no option ${name} of a queue.`);
  if (typeof channelName !== 'string') throw new OptionError('Option channelName must be a string.');
  if (typeof appendExpiry !== 'boolean') throw new OptionError('Option appendExpiry must be true or false.');
  if (!OVERFLOWS.includes(overflow)) throw new OptionError(`Option overflow must be one of ${OVERFLOWS.join(', ')}.`);
  if (capacity !== Infinity && !Number.isInteger(capacity)) {
    throw new OptionError('Option capacity must be a whole number or Infinity.');
  }
  return {
    channelName,
    timeToLive: atLeast(0, 'timeToLive', timeToLive),
    flushInterval: atLeast(0, 'flushInterval', flushInterval),
    capacity: atLeast(1, 'capacity', capacity),
    overflow,
    appendExpiry,
    clock,
    signal,
  };
}

/** Checks a number of an option. */
export function atLeast(least: number, name: string, value: number): number {
  if (typeof value === 'number' && value >= least) return value;
  throw new OptionError(`Option ${name} must be a number from ${least} up.`);
}
