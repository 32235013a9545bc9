import type { Delivery } from '../messenger/incoming/delivery.js';
import { asError } from '../errors.js';
import { pause } from '../wait.js';
import { fromAmqp, messageIdOf } from './amqp-broker-codec.js';
import type { AmqpBrokerContext } from './amqp-broker-context.js';
import { nextStep } from './dead-letter.js';
import type { DeadStep, NextStep } from './dead-letter.js';
import type { Envelope } from './envelope.js';
import { InvalidMessageError, PoisonMessageError } from './errors.js';
import { callAsyncHandler, callHandler } from './subscriber.js';
import type { DirectSubscriber, QueueSubscriber } from './subscriber.js';

/** Hands a message to a handler of `subscribe`. It is accepted before, since nobody else can have it. */
export async function deliverDirect(
  subscriber: DirectSubscriber,
  delivery: Delivery,
  context: AmqpBrokerContext,
): Promise<void> {
  const envelope = await read(subscriber, delivery, context);
  if (envelope === undefined) return;
  delivery.accept();
  const error = await callHandler(subscriber, envelope.message);
  if (error !== undefined) context.report.failed(error);
}

/** Hands a message to a handler of `subscribeAsync`, and tells the peer what has become of it. */
export async function deliverQueued(
  subscriber: QueueSubscriber,
  delivery: Delivery,
  context: AmqpBrokerContext,
): Promise<void> {
  const envelope = await read(subscriber, delivery, context);
  if (envelope === undefined) return;
  const { work, signal } = subscriber;
  const bury = ({ reason, error, deliveryCount }: DeadStep): void => {
    reject(subscriber, delivery, 'amqp:internal-error', error, context);
    const { message, name, messageId } = envelope;
    const { queueName, deadLetter } = work;
    context.report.died({ message, name, messageId, queueName, deadLetter, reason, deliveryCount, error });
  };
  let deliveryCount = delivery.message.deliveryCount;
  if (deliveryCount >= work.maxDeliveries) {
    // The processes of its handlers ended before they could decide.
    const error = new PoisonMessageError(
      `A ${envelope.name} was delivered ${deliveryCount} times and never dealt with.`,
    );
    context.report.failed(error);
    bury({ step: 'dead', reason: 'failed', error, deliveryCount });
    return;
  }
  for (;;) {
    const next = await call(subscriber, envelope, deliveryCount, delivery, context, bury);
    if (next.step !== 'again') return;
    await pause(context.clock, { timeout: next.delay, signal });
    if (context.peer.countsFailures || signal.aborted) {
      delivery.modify({ deliveryFailed: true });
      return;
    }
    deliveryCount = next.deliveryCount;
  }
}

/** Calls the handler once. What it decides is told to the peer at once, unless the message is to be delivered again. */
async function call(
  subscriber: QueueSubscriber,
  envelope: Envelope,
  deliveryCount: number,
  delivery: Delivery,
  context: AmqpBrokerContext,
  bury: (step: DeadStep) => void,
): Promise<NextStep> {
  let next: NextStep = { step: 'done' };
  await callAsyncHandler(subscriber, envelope, deliveryCount, {
    failed: (error) => context.report.failed(error),
    decide: (decision) => {
      next = nextStep(decision, deliveryCount, subscriber.work);
      if (next.step === 'done') delivery.accept();
      else if (next.step === 'back') delivery.release();
      else if (next.step === 'dead') bury(next);
    },
  });
  return next;
}

/** Reads a message. One that is not what its type allows is rejected, and the peer told why; or it was rejected before. */
async function read(
  subscriber: DirectSubscriber | QueueSubscriber,
  delivery: Delivery,
  context: AmqpBrokerContext,
): Promise<Envelope | undefined> {
  if (context.rejected.has(placeOf(subscriber), delivery.message)) {
    // The peer delivers again what was rejected. This was told; here it is not to come once more.
    delivery.modify({ deliveryFailed: true, undeliverableHere: true });
    return undefined;
  }
  try {
    return await fromAmqp(subscriber.type, delivery.message);
  } catch (thrown) {
    const error = thrown instanceof InvalidMessageError ? thrown : new InvalidMessageError(describe(asError(thrown)));
    reject(subscriber, delivery, 'amqp:decode-error', error, context);
    context.report.failed(error);
    const { queueName, deadLetter } = 'work' in subscriber ? subscriber.work : {};
    context.report.died({
      message: undefined,
      name: subscriber.messageName,
      messageId: messageIdOf(delivery.message),
      queueName,
      deadLetter,
      reason: 'rejected',
      deliveryCount: delivery.message.deliveryCount + 1,
      error,
    });
    return undefined;
  }
}

function reject(
  subscriber: DirectSubscriber | QueueSubscriber,
  delivery: Delivery,
  condition: string,
  error: Error,
  context: AmqpBrokerContext,
): void {
  context.rejected.add(placeOf(subscriber), delivery.message);
  delivery.reject({ condition, description: describe(error) });
}

/** Names the place that a message came from: its queue, or the subscription that nobody shares. */
function placeOf(subscriber: DirectSubscriber | QueueSubscriber): string {
  return `${subscriber.messageName} ${'work' in subscriber ? subscriber.work.queueName : subscriber.name}`;
}

/** The longest reason a peer is given, in characters: it has to fit a frame. */
const MAX_DESCRIPTION = 300;

function describe(error: Error): string {
  return error.message.slice(0, MAX_DESCRIPTION);
}
