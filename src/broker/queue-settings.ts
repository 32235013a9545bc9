import { OptionError } from '../errors.js';
import { checkNames } from '../check-options.js';

/** The way a queue deals with a message that is too much: it refuses it, or lets go of the one that waits longest. */
export type OverflowPolicy = 'reject' | 'drop-head';

/** The options of a queue, or of each subscription of a topic. */
export interface QueueOptions {
  /** The most messages that it holds, those that are out with a consumer among them. Default 1 000 000. */
  maxMessages?: number | undefined;
  /** The most bytes that they have together. Default 268 435 456, which is 256 MiB. */
  maxBytes?: number | undefined;
  /**
   * The way it deals with a message beyond that: it tells the sender `rejected` with `amqp:resource-limit-exceeded`, or takes
   * the message and drops the oldest. Subscriptions of a topic always drop. Default `reject`.
   */
  overflow?: OverflowPolicy | undefined;
  /**
   * The number of times that the delivery of a message may fail: its consumer says `modified` with delivery-failed, or loses its
   * connection. Default 10. `Infinity` for no limit.
   */
  maxDeliveries?: number | undefined;
  /**
   * The address for messages that are rejected, expired, dropped, or have failed too often; `null` for none. Default
   * `dead-letter`.
   */
  deadLetterAddress?: string | null | undefined;
}

/** `QueueOptions` with the defaults filled in. */
export interface QueueSettings {
  readonly maxMessages: number;
  readonly maxBytes: number;
  readonly overflow: OverflowPolicy;
  readonly maxDeliveries: number;
  readonly deadLetterAddress: string | null;
}

/** The settings of queues for which the options say nothing else. */
export const DEFAULT_QUEUE: QueueSettings = Object.freeze({
  maxMessages: 1_000_000,
  maxBytes: 256 * (1 << 20),
  overflow: 'reject',
  maxDeliveries: 10,
  deadLetterAddress: 'dead-letter',
});

const OVERFLOW_POLICIES: readonly string[] = ['reject', 'drop-head'] satisfies OverflowPolicy[];

/**
 * Checks the options of a queue and fills in what they leave out. Throws `OptionError` for what cannot be, and for what is
 * unknown, but for `others`.
 */
export function queueSettings(
  options: QueueOptions,
  defaults: QueueSettings,
  others: readonly string[] = [],
): QueueSettings {
  checkNames('a queue', options, [...Object.keys(DEFAULT_QUEUE), ...others]);
  const overflow = options.overflow ?? defaults.overflow;
  if (!OVERFLOW_POLICIES.includes(overflow)) {
    throw new OptionError(`Option overflow must be one of ${OVERFLOW_POLICIES.join(', ')}.`);
  }
  const { deadLetterAddress = defaults.deadLetterAddress } = options;
  if (deadLetterAddress !== null && (typeof deadLetterAddress !== 'string' || deadLetterAddress === '')) {
    throw new OptionError('Option deadLetterAddress must be an address, or null for none.');
  }
  return {
    maxMessages: positive('maxMessages', options.maxMessages ?? defaults.maxMessages),
    maxBytes: positive('maxBytes', options.maxBytes ?? defaults.maxBytes),
    overflow,
    maxDeliveries: positive('maxDeliveries', options.maxDeliveries ?? defaults.maxDeliveries),
    deadLetterAddress,
  };
}

function positive(name: string, value: number): number {
  if (value === Infinity || (Number.isInteger(value) && value >= 1)) return value;
  throw new OptionError(`Option ${name} must be a whole number from 1 up, or Infinity.`);
}
