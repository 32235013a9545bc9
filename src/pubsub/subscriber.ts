import { asError } from '../errors.js';
import { AsyncMessageContext } from './context.js';
import type { AsyncHandler, Decision } from './context.js';
import type { Envelope } from './envelope.js';
import { HandlerError } from './errors.js';
import { messageOf } from './message.js';
import type { Message, MessageType } from './message.js';
import type { Handler, WorkSettings } from './options.js';

/** What a broker needs to know of any subscription. */
export interface Subscriber {
  /** Its messages. */
  readonly type: MessageType;
  /** The name of the type. */
  readonly messageName: string;
  /** The name of the subscription. */
  readonly name: string;
  /** Whether that was given, and not made up. */
  readonly isNamed: boolean;
  /** Which messages it wants. */
  readonly predicate: ((message: Message) => boolean) | undefined;
  /** Which messages the peer is to send. */
  readonly selector: string | undefined;
}

/** A subscription of `subscribe`. */
export interface DirectSubscriber extends Subscriber {
  /** What is called. */
  readonly handler: Handler<Message>;
}

/** A subscription of `subscribeAsync`. */
export interface QueueSubscriber extends Subscriber {
  /** What is called. */
  readonly handler: AsyncHandler<Message>;
  /** How its queue is worked off. */
  readonly work: WorkSettings;
  /** Aborted when the subscription or its broker ends. */
  readonly signal: AbortSignal;
}

/**
 * Calls the handler of `subscribe` if the predicate wants the message.
 *
 * @returns Nothing when it is done, or a promise that never rejects. Either gives the error if the handler failed.
 */
export function callHandler(
  subscriber: DirectSubscriber,
  message: Message,
): HandlerError | undefined | Promise<HandlerError | undefined> {
  try {
    if (!wants(subscriber, message)) return undefined;
    const result = subscriber.handler(asType(subscriber, message));
    if (!isThenable(result)) return undefined;
    return Promise.resolve(result).then(
      () => undefined,
      (thrown: unknown) => failure(subscriber, message, thrown),
    );
  } catch (thrown) {
    return failure(subscriber, message, thrown);
  }
}

function failure({ name }: DirectSubscriber, message: Message, thrown: unknown): HandlerError {
  const where = { subscription: name, queueName: undefined, deliveryCount: 0, delivered: message };
  return new HandlerError(asError(thrown), where);
}

/** What a call of a handler of `subscribeAsync` tells. */
export interface AsyncCall {
  /** Handler or predicate has failed, whether or not the message was decided before. Told before `decide`. */
  failed(error: HandlerError): void;
  /** What is to become of the message. Told once; before the handler has ended, if the handler says so. */
  decide(decision: Decision): void;
}

/**
 * Calls the handler of `subscribeAsync` if the predicate wants the message; one it does not want is accepted. Resolves
 * when the handler has ended, and never rejects.
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
    const message = asType(subscriber, envelope.message);
    const context = new AsyncMessageContext({ ...envelope, message }, work.queueName, deliveryCount, signal, decide);
    decide = (decision) => context.decide(decision);
    if (wants(subscriber, message)) await handler(message, context);
    context.accept();
  } catch (thrown) {
    const delivered = envelope.message;
    const where = { subscription: name, queueName: work.queueName, deliveryCount, delivered };
    const error = new HandlerError(asError(thrown), where);
    call.failed(error);
    decide({ outcome: 'failed', error });
  }
}

/** The message as an instance of the subscriber's class: itself, unless two classes share one name. */
function asType({ type }: Subscriber, message: Message): Message {
  return message.constructor === type || message instanceof type ? message : messageOf(type, message);
}

/** Whether the predicate of a subscriber wants a message. Throws what the predicate throws. */
export function wants({ predicate }: Subscriber, message: Message): boolean {
  return predicate === undefined || predicate(message);
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}
