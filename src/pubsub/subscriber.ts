import { asError } from '../errors.js';
import type { PubSubError } from '../errors.js';
import { receiveMessage } from './check-message.js';
import { AsyncMessageContext } from './context.js';
import type { AsyncHandler, Decision } from './context.js';
import type { Envelope } from './envelope.js';
import { HandlerError, InvalidMessageError } from './errors.js';
import type { Message, MessageType } from './message.js';
import type { Handler, WorkSettings } from './options.js';

/** A subscription as its broker sees it. */
export interface Subscriber {
  /** Its messages. */
  readonly type: MessageType;
  /** The name of the type. */
  readonly messageName: string;
  /** The name of the subscription. */
  readonly name: string;
  /** True when the caller has given the name. */
  readonly isNamed: boolean;
  /** The predicate: which messages the subscriber wants. */
  readonly predicate: ((message: Message) => boolean) | undefined;
  /** The selector: which messages the peer is to send. */
  readonly selector: string | undefined;
}

/** A subscription of `subscribe`. */
export interface DirectSubscriber extends Subscriber {
  /** The handler. */
  readonly handler: Handler<Message>;
}

/** A subscription of `subscribeAsync`. */
export interface QueueSubscriber extends Subscriber {
  /** The handler. */
  readonly handler: AsyncHandler<Message>;
  /** The options of its queue. */
  readonly work: WorkSettings;
  /** Aborted when the subscription or its broker ends. */
  readonly signal: AbortSignal;
}

/**
 * Calls the handler of `subscribe` if the predicate wants the message.
 *
 * @returns Nothing when it is done, or a promise that never rejects. Either gives the error if the handler failed, or if
 * the message is not what the type of the subscriber allows.
 */
export function callHandler(
  subscriber: DirectSubscriber,
  message: Message,
): PubSubError | undefined | Promise<PubSubError | undefined> {
  try {
    const typed = asType(subscriber, message);
    const result = typed instanceof Promise ? typed.then((own) => call(subscriber, own)) : call(subscriber, typed);
    if (!isThenable(result)) return undefined;
    return Promise.resolve(result).then(
      () => undefined,
      (thrown: unknown) => failure(subscriber, message, thrown),
    );
  } catch (thrown) {
    return failure(subscriber, message, thrown);
  }
}

function call(subscriber: DirectSubscriber, message: Message): unknown {
  return wants(subscriber, message) ? subscriber.handler(message) : undefined;
}

function failure({ name }: DirectSubscriber, message: Message, thrown: unknown): PubSubError {
  if (thrown instanceof NotOfType) return thrown.cause;
  const where = { subscription: name, queueName: undefined, deliveryCount: 0, delivered: message };
  return new HandlerError(asError(thrown), where);
}

/** The callbacks for a call of a handler of `subscribeAsync`. */
export interface AsyncCall {
  /** The handler or the predicate has failed, whether or not it had decided before. Called before `decide`. */
  failed(error: PubSubError): void;
  /** The decision on the message. Called once; before the handler has ended, if the handler decides by itself. */
  decide(decision: Decision): void;
}

/**
 * Calls the handler of `subscribeAsync` if the predicate wants the message; one it does not want is accepted, and one
 * that is not what the type of the subscriber allows is rejected. Resolves when the handler has ended, and never rejects.
 */
export async function callAsyncHandler(
  subscriber: QueueSubscriber,
  envelope: Envelope,
  deliveryCount: number,
  call: AsyncCall,
): Promise<void> {
  const { name, handler, work, signal } = subscriber;
  let decide = (decision: Decision): void => call.decide(decision);
  try {
    const typed = asType(subscriber, envelope.message);
    const message = typed instanceof Promise ? await typed : typed;
    const context = new AsyncMessageContext({ ...envelope, message }, work.queueName, deliveryCount, signal, decide);
    decide = (decision) => context.decide(decision);
    if (wants(subscriber, message)) await handler(message, context);
    context.accept();
  } catch (thrown) {
    if (thrown instanceof NotOfType) {
      call.failed(thrown.cause);
      decide({ outcome: 'rejected', error: thrown.cause });
      return;
    }
    const delivered = envelope.message;
    const where = { subscription: name, queueName: work.queueName, deliveryCount, delivered };
    const error = new HandlerError(asError(thrown), where);
    call.failed(error);
    decide({ outcome: 'failed', error });
  }
}

/** A message was published as an instance of another class of its name, and is not what the subscriber's class allows. */
class NotOfType extends Error {
  constructor(override readonly cause: InvalidMessageError) {
    super(cause.message, { cause });
  }
}

/**
 * The message as an instance of the subscriber's class: itself, unless two classes share one name. Then it is taken as
 * if another process had sent it, so the schema of the subscriber's class is asked.
 */
function asType({ type }: Subscriber, message: Message): Message | Promise<Message> {
  if (isOfType(type, message)) return message;
  try {
    const received = receiveMessage(type, message);
    return received instanceof Promise ? received.catch(refuse) : received;
  } catch (thrown) {
    return refuse(thrown);
  }
}

function refuse(thrown: unknown): never {
  const cause = asError(thrown);
  throw new NotOfType(cause instanceof InvalidMessageError ? cause : new InvalidMessageError(cause.message, { cause }));
}

/** True when a message needs no conversion for the subscribers of a type. */
export function isOfType(type: MessageType, message: Message): boolean {
  return message.constructor === type || message instanceof type;
}

/** Asks the predicate of a subscriber whether it wants a message. Throws what the predicate throws. */
export function wants({ predicate }: Subscriber, message: Message): boolean {
  return predicate === undefined || predicate(message);
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}
