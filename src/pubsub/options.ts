import { OptionError, asError } from '../errors.js';
import { atLeast, checkNames } from '../check-options.js';
import { Backoff } from './backoff.js';
import type { BackoffOptions } from './backoff.js';
import { NAME_IN_WORDS, isName } from './message.js';
import type { Message } from './message.js';

/**
 * A handler of `subscribe`, which the broker calls with each message. It fails by throwing, or by a promise that
 * rejects.
 */
export type Handler<M extends Message> = (message: M) => unknown;

/** The options of `publish`. Times are in milliseconds. */
export interface PublishOptions {
  /**
   * Tells this message from all others, so that a handler can tell that it has seen it. Brokers deliver a second message
   * with the same id like any other, unless they were set up to drop it, as Service Bus can be. Default: a UUID.
   */
  messageId?: string | undefined;
  /** The id of the message that it answers, or of the chain of messages it belongs to. */
  correlationId?: string | undefined;
  /** The time to live of the message in a queue. A message that expires there is dead. Default: no limit. */
  ttl?: number | undefined;
}

/** Says whether a subscription wants a message. */
export type Predicate<M extends Message> = (message: M) => boolean;

/** The options of `subscribe`. */
export interface SubscribeOptions<M extends Message> {
  /** Called with each message; those it does not return true for are passed over. It must have no other effect. */
  predicate?: Predicate<M> | undefined;
  /**
   * A condition that the peer checks, in the language of JMS selectors, such as `JMSType = 'order' AND region = 'eu'`.
   * Only an `AmqpBroker` has a peer to ask; the others refuse it. Default none.
   */
  selector?: string | undefined;
  /** Ends the subscription when it is aborted. */
  signal?: AbortSignal | undefined;
  /** The name of the subscription in errors. Default: made of type, queue and a number. */
  name?: string | undefined;
}

/** The options of `subscribeAsync`. Times are in milliseconds. */
export interface AsyncSubscribeOptions<M extends Message> extends SubscribeOptions<M> {
  /** The number of messages that the handler works on at once. Default 1. */
  concurrency?: number | undefined;
  /** The most deliveries of a message, before it is dead. Default 5. */
  maxDeliveries?: number | undefined;
  /** The delay before the broker delivers a failed message again. Default: from 100 ms, doubling up to 30 s. */
  backoff?: BackoffOptions | undefined;
  /** The name of the queue that keeps the dead messages of this queue. Default `dead-letter`. */
  deadLetter?: string | undefined;
}

/** The options of `close`. */
export interface CloseOptions {
  /**
   * True: handlers first get the messages that are queued inside this process. Queues of a peer stay there anyway.
   * Default true.
   */
  drain?: boolean | undefined;
  /** `close` waits at most so long for that, and for handlers that run, in milliseconds. Default no limit. */
  timeout?: number | undefined;
}

/** The options of one queue, checked, with the defaults filled in. */
export interface WorkSettings {
  /** The name of the queue, which no other subscription of the broker works off: with `~2` and so on if need be. */
  readonly queueName: string;
  /** The number of messages that the handler works on at once. */
  readonly concurrency: number;
  /** The most deliveries of a message. */
  readonly maxDeliveries: number;
  /** The delay before the broker delivers a failed message again. */
  readonly backoff: Backoff;
  /** The name of the queue that keeps dead messages. */
  readonly deadLetter: string;
}

const SUBSCRIBE_OPTIONS = ['predicate', 'selector', 'signal', 'name'];
const ASYNC_OPTIONS = [...SUBSCRIBE_OPTIONS, 'concurrency', 'maxDeliveries', 'backoff', 'deadLetter'];
const PUBLISH_OPTIONS = ['messageId', 'correlationId', 'ttl'];
/** The longest `ttl` that a header can hold, in milliseconds: about 49 days (AMQP 1.0 §3.2.1). */
const MAX_TTL = 0xffff_ffff;
const DEFAULT_MAX_DELIVERIES = 5;
/** The default name of the queue that keeps dead messages. */
export const DEFAULT_DEAD_LETTER = 'dead-letter';

/** The options of a call of `publish` without options. */
export const NO_PUBLISH_OPTIONS: PublishOptions = Object.freeze({});

/** Throws OptionError for what is no option of `publish`. */
export function checkPublishOptions(options: PublishOptions): void {
  if (options === NO_PUBLISH_OPTIONS) return;
  checkNames('publish', options, PUBLISH_OPTIONS);
  for (const name of ['messageId', 'correlationId'] as const) {
    const text = options[name];
    if (text !== undefined && (typeof text !== 'string' || text === '')) {
      throw new OptionError(`Option ${name} must be text that is not empty.`);
    }
  }
  if (wholeNumber('ttl', options.ttl ?? 1) > MAX_TTL) throw new OptionError(`Option ttl must be at most ${MAX_TTL}.`);
}

/** Throws OptionError for what is no option of `subscribe`, and the reason of a signal that is aborted already. */
export function checkSubscribeOptions<M extends Message>(handler: unknown, options: SubscribeOptions<M>): void {
  checkCommon('subscribe', handler, options, SUBSCRIBE_OPTIONS);
}

/** Checks the options of `subscribeAsync` and fills in the defaults. Throws as `checkSubscribeOptions` does. */
export function resolveAsyncOptions<M extends Message>(
  handler: unknown,
  queueName: string,
  options: AsyncSubscribeOptions<M>,
): WorkSettings {
  checkCommon('subscribeAsync', handler, options, ASYNC_OPTIONS);
  const {
    concurrency = 1,
    maxDeliveries = DEFAULT_MAX_DELIVERIES,
    backoff,
    deadLetter = DEFAULT_DEAD_LETTER,
  } = options;
  return {
    queueName: checkName('The queue name', queueName),
    concurrency: wholeNumber('concurrency', concurrency),
    maxDeliveries: wholeNumber('maxDeliveries', maxDeliveries),
    backoff: new Backoff(backoff),
    deadLetter: checkName('Option deadLetter', deadLetter),
  };
}

/** Checks the options of `close`. Throws OptionError for invalid ones. */
export function resolveCloseOptions(options: CloseOptions): { readonly drain: boolean; readonly timeout: number } {
  checkNames('close', options, ['drain', 'timeout']);
  return { drain: options.drain ?? true, timeout: atLeast(0, 'timeout', options.timeout ?? Infinity) };
}

/** The options of a subscription; a predicate stands for those that have only it. */
export function asOptions<M extends Message, Options extends SubscribeOptions<M>>(
  given: Options | Predicate<M>,
): Options | SubscribeOptions<M> {
  return typeof given === 'function' ? { predicate: given } : given;
}

function checkCommon<M extends Message>(
  call: string,
  handler: unknown,
  options: SubscribeOptions<M>,
  known: readonly string[],
): void {
  checkNames(call, options, known);
  const { predicate, selector, signal, name } = options;
  if (typeof handler !== 'function') throw new OptionError(`${call}() takes a handler, a function.`);
  if (predicate !== undefined && typeof predicate !== 'function') {
    throw new OptionError('Option predicate must be a function.');
  }
  for (const [key, text] of Object.entries({ selector, name })) {
    if (text !== undefined && typeof text !== 'string') throw new OptionError(`Option ${key} must be text.`);
  }
  if (signal?.aborted) throw asError(signal.reason);
}

function checkName(what: string, name: string): string {
  if (isName(name)) return name;
  throw new OptionError(`${what} must be ${NAME_IN_WORDS}.`);
}

function wholeNumber(name: string, value: number): number {
  if (Number.isInteger(value) && value >= 1) return value;
  throw new OptionError(`Option ${name} must be a whole number from 1 up.`);
}
