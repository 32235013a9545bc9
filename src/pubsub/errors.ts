import { PubSubError, asError } from '../errors.js';
import type { MessagingErrorOptions } from '../errors.js';
import type { SchemaIssue } from './standard-schema.js';

/** A `Consumer` has a handler already. Make another consumer for a second one. */
export class ConsumerAlreadyRegisteredError extends PubSubError {
  constructor(message: string, options?: MessagingErrorOptions) {
    super(message, options, 'ERR_CONSUMER_REGISTERED');
  }
}

/** There is no broker yet: `setMessageBroker` has not been called. */
export class BrokerNotInitializedError extends PubSubError {
  constructor(message: string, options?: MessagingErrorOptions) {
    super(message, options, 'ERR_BROKER_NOT_INITIALIZED');
  }
}

/** The broker is closed and takes no message and no subscription any more. */
export class BrokerClosedError extends PubSubError {
  constructor(message: string, options?: MessagingErrorOptions) {
    super(message, options, 'ERR_BROKER_CLOSED');
  }
}

/** The peer has not got, and would not make, what a message or a subscription needs: an exchange, a queue, a binding. */
export class TopologyError extends PubSubError {
  constructor(message: string, options?: MessagingErrorOptions) {
    super(message, options, 'ERR_TOPOLOGY');
  }
}

/** A message was delivered as often as it may, and no handler has lived to tell what became of it. */
export class PoisonMessageError extends PubSubError {
  constructor(message: string, options?: MessagingErrorOptions) {
    super(message, options, 'ERR_HANDLER');
  }
}

/** The options of an `InvalidMessageError`. */
export interface InvalidMessageErrorOptions extends MessagingErrorOptions {
  /** The issues that the schema has found. Default none. */
  issues?: readonly SchemaIssue[] | undefined;
}

/** A message is not what its type allows: a field no message can hold, or something its schema does not let pass. */
export class InvalidMessageError extends PubSubError {
  /** The issues that the schema has found. Empty when it was not the schema that refused the message. */
  readonly issues: readonly SchemaIssue[];

  constructor(message: string, options: InvalidMessageErrorOptions = {}) {
    super(message, options, 'ERR_MESSAGE');
    this.issues = options.issues ?? [];
  }
}

/** The delivery that has failed. */
export interface FailedDelivery {
  /** The name of the subscription whose handler or predicate has thrown. */
  readonly subscription: string;
  /** The name of its queue; `undefined` for one of `subscribe`. */
  readonly queueName: string | undefined;
  /** The number of deliveries of this message that had failed before. */
  readonly deliveryCount: number;
  /** The message that was delivered; for one that could not be decoded, `undefined`. */
  readonly delivered: object | undefined;
}

/** A handler, or the predicate of its subscription, has thrown. What it has thrown is the `cause`. */
export class HandlerError extends PubSubError implements FailedDelivery {
  readonly subscription: string;
  readonly queueName: string | undefined;
  readonly deliveryCount: number;
  readonly delivered: object | undefined;

  constructor(cause: Error, { subscription, queueName, deliveryCount, delivered }: FailedDelivery) {
    super(`Subscription ${subscription} failed to handle a message: ${cause.message}`, { cause }, 'ERR_HANDLER');
    this.subscription = subscription;
    this.queueName = queueName;
    this.deliveryCount = deliveryCount;
    this.delivered = delivered;
  }
}

/**
 * All that has failed in the delivery of one message inside the process. Its message has the first of each kind.
 *
 * @param refused Why queues have not taken the message.
 * @param failed Why handlers of `subscribe` have thrown, or could not be called.
 * @param handlers How many handlers of `subscribe` there were.
 */
export function deliveryFailure(
  refused: readonly Error[],
  failed: readonly PubSubError[],
  handlers: number,
): AggregateError {
  const words: string[] = [];
  const [firstFailed] = failed;
  if (firstFailed !== undefined) {
    const why = firstFailed instanceof HandlerError ? asError(firstFailed.cause) : firstFailed;
    words.push(`${failed.length} of ${handlers} handlers failed: ${why.message}`);
  }
  const [firstRefused] = refused;
  if (firstRefused !== undefined) {
    const queues = refused.length === 1 ? 'A queue has' : `${refused.length} queues have`;
    words.push(`${queues} not taken the message: ${firstRefused.message}`);
  }
  return new AggregateError([...refused, ...failed], words.join('; '));
}
