import { OptionError } from '../errors.js';

/** What a queue does with a message that is too much: refuse it, or let go of the one that waits longest. */
export type OverflowPolicy = 'reject' | 'drop-head';

/** How a queue, or each subscription of a topic, behaves. */
export interface QueueOptions {
  /** How many messages it holds at most, those that are out with a consumer among them. Default 1 000 000. */
  maxMessages?: number | undefined;
  /** How many bytes they have together at most. Default 268 435 456, which is 256 MiB. */
  maxBytes?: number | undefined;
  /**
   * What happens to a message beyond that: its sender is told `rejected` with `amqp:resource-limit-exceeded`, or it is
   * taken and the oldest is dropped. Subscriptions of a topic always drop. Default `reject`.
   */
  overflow?: OverflowPolicy | undefined;
  /**
   * How often the delivery of a message may fail: `modified` with delivery-failed, or its consumer's connection lost.
   * Default 10. `Infinity` for no limit.
   */
  maxDeliveries?: number | undefined;
  /**
   * Where messages go that are rejected, expired, dropped, or have failed too often; `null` for nowhere. Default
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

/** How queues behave unless options say otherwise. */
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
  for (const name of Object.keys(options)) {
    if (!(name in DEFAULT_QUEUE) && !others.includes(name)) {
      throw new OptionError(`There is no queue option ${name}. There are: ${Object.keys(DEFAULT_QUEUE).join(', ')}.`);
    }
  }
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
