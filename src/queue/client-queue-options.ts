import { SYSTEM_CLOCK } from '../clock.js';
import type { Clock } from '../clock.js';
import { OptionError } from '../errors.js';
import { atLeast, checkNames } from '../check-options.js';

/** The effect of a push beyond the capacity: throw, drop the oldest message, or drop the pushed one. */
export type Overflow = 'throw' | 'drop-oldest' | 'drop-newest';

/** Options of a `ClientQueue`. Times are in milliseconds. */
export interface ClientQueueOptions {
  /** The name of the channel it belongs to. Default empty. */
  channelName?: string | undefined;
  /**
   * The time without a push or a pull after which the empty queue `canBeFlushed`. 0 means at once. It does not limit
   * the life of messages, which have their own `ttl`. Default 86 400 000, a day.
   */
  timeToLive?: number | undefined;
  /**
   * The least time between two runs of the timer that removes expired messages, and so the time that they may stay in
   * memory. With 0 there is no timer, and only calls remove them: all but a `push` that finds room. In both cases no
   * expired message is returned. Default 1000.
   */
  flushInterval?: number | undefined;
  /** The most messages that the queue holds, from 1 up. Default no limit. */
  capacity?: number | undefined;
  /** The effect of a push beyond the capacity. Default `throw`. */
  overflow?: Overflow | undefined;
  /**
   * True to set the `expiry` of a pushed message that has only a `ttl` or an `expiryTime`, so that its sender and later
   * receivers know when it expires. Default false: messages are not changed.
   */
  appendExpiry?: boolean | undefined;
  /** The clock of the queue. Default the clocks of the machine. */
  clock?: Clock | undefined;
  /** Stops the queue, as `stop()` does, when the signal is aborted. */
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

const OPTIONS = Object.keys({
  channelName: 0,
  timeToLive: 0,
  flushInterval: 0,
  capacity: 0,
  overflow: 0,
  appendExpiry: 0,
  clock: 0,
  signal: 0,
} satisfies Record<keyof ClientQueueOptions, 0>);
const DAY = 86_400_000;
const OVERFLOWS: readonly string[] = ['throw', 'drop-oldest', 'drop-newest'] satisfies Overflow[];

/** Checks options and fills in the defaults. Throws `OptionError` for an unknown option or an invalid value. */
export function resolveOptions(options: ClientQueueOptions): ClientQueueSettings {
  checkNames('a ClientQueue', options, OPTIONS);
  const { channelName = '', overflow = 'throw', clock = SYSTEM_CLOCK, signal } = options;
  const { timeToLive = DAY, flushInterval = 1000, capacity = Infinity, appendExpiry = false } = options;
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
