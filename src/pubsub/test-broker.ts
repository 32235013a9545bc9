import { OptionError, PubSubError } from '../errors.js';
import { Broker } from './broker.js';
import type { Decision } from './context.js';
import { nextStep, refusalLetter } from './dead-letter.js';
import type { DeadLetter } from './dead-letter.js';
import { enclose } from './envelope.js';
import { refuseSelector } from './memory-broker.js';
import { isOfQueue } from './queue-names.js';
import { getUniqueNameForMessage } from './message.js';
import type { Message, MessageType } from './message.js';
import { atLeast, checkNames } from '../check-options.js';
import type { PublishOptions } from './options.js';
import { callAsyncHandler, callHandler } from './subscriber.js';
import type { DirectSubscriber, QueueSubscriber } from './subscriber.js';
import type { Attachment } from './subscription.js';
import { TestQueue, mayWant } from './test-queue.js';
import type { Delivery, PendingDelivery } from './test-queue.js';

/** The options of `processMessages`. */
export interface ProcessOptions {
  /** The most deliveries to make. Default: all, and an error after 10 000. */
  limit?: number | undefined;
  /** Only those of messages of this type. */
  type?: MessageType | undefined;
  /** Only those to the handlers that were subscribed with this queue name. */
  queueName?: string | undefined;
}

/** More deliveries in one go than any test means to make: handlers that publish for each other without end. */
const RUNAWAY = 10_000;

/**
 * A broker for tests of services: it keeps what is published, and calls no handler before `processMessages`. Then
 * handlers run one after the other, in the order the messages were published, and so do those for the messages that
 * handlers publish. A message that failed is delivered again without waiting for its back-off.
 */
export class TestBroker extends Broker {
  #published: Message[] = [];
  #pending: Delivery[] = [];
  #deadLetters: DeadLetter[] = [];
  readonly #direct = new Set<DirectSubscriber>();
  #queues: TestQueue[] = [];

  /** The messages published since the broker was made or reset, in order. */
  get published(): readonly Message[] {
    return [...this.#published];
  }

  /** The deliveries that `processMessages` would make, in order. */
  get pending(): readonly PendingDelivery[] {
    return this.#pending.map(({ envelope: { message, name }, to, deliveryCount }) => {
      return { message, name, queueName: to instanceof TestQueue ? to.queueName : undefined, deliveryCount };
    });
  }

  /** The messages that are dead, in order. */
  get deadLetters(): readonly DeadLetter[] {
    return [...this.#deadLetters];
  }

  /** Returns the published messages of one type. */
  publishedOf<M extends Message>(type: MessageType<M>): M[] {
    const name = getUniqueNameForMessage(type);
    // Messages of one name are of one type.
    return this.#published.filter((message) => getUniqueNameForMessage(message) === name) as M[];
  }

  /**
   * Makes the deliveries that are pending, the oldest first, and those that come of them, until none is left. A message
   * that its handler releases is left for the next call.
   *
   * @returns How many it has made.
   * @throws AggregateError, once all are made, with a `HandlerError` for each handler of `subscribe` that has thrown, and
   * for each message that is dead because its deliveries failed; PubSubError when there seems to be no end; OptionError.
   */
  async processMessages(options: ProcessOptions = {}): Promise<number> {
    checkNames('processMessages', options, ['limit', 'type', 'queueName']);
    const limit = atLeast(0, 'limit', options.limit ?? RUNAWAY);
    const errors: Error[] = [];
    const released: Delivery[] = [];
    let count = 0;
    let next = this.#next(options);
    for (; next !== undefined && count < limit; next = this.#next(options)) {
      this.#pending.splice(this.#pending.indexOf(next), 1);
      await this.#make(next, errors, released);
      count++;
    }
    this.#pending.push(...released);
    if (next !== undefined && options.limit === undefined) {
      throw new PubSubError(
        `There are still deliveries after ${RUNAWAY}. Do handlers publish for each other without end?`,
      );
    }
    if (errors.length > 0) throw new AggregateError(errors, `${errors.length} of ${count} deliveries failed.`);
    return count;
  }

  /** Forgets what was published, what is pending, and what is dead. Subscriptions stay. */
  reset(): void {
    this.#published = [];
    this.#pending = [];
    this.#deadLetters = [];
  }

  protected override deliver(message: Message, name: string, options: PublishOptions): void {
    const envelope = enclose(message, name, options, Date.now());
    this.#published.push(message);
    for (const to of this.#direct) {
      if (to.messageName === name && mayWant(to, message)) this.#pending.push({ envelope, to, deliveryCount: 0 });
    }
    for (const to of this.#queues) {
      if (to.messageName === name && to.mayWant(message)) this.#pending.push({ envelope, to, deliveryCount: 0 });
    }
  }

  protected override attach(subscriber: DirectSubscriber): Attachment {
    refuseSelector(subscriber.selector);
    this.#direct.add(subscriber);
    return { detach: () => void this.#direct.delete(subscriber) };
  }

  protected override attachQueue(subscriber: QueueSubscriber): Attachment {
    refuseSelector(subscriber.selector);
    const { messageName, work } = subscriber;
    let queue = this.#queues.find((other) => other.is(messageName, work.queueName));
    if (queue === undefined) this.#queues.push((queue = new TestQueue(messageName, work.queueName)));
    queue.subscriber = subscriber;
    return { detach: () => void (queue.subscriber = undefined) };
  }

  protected override removeQueue(messageName: string, queueName: string): void {
    this.#queues = this.#queues.filter((queue) => !queue.is(messageName, queueName));
    const lost = this.#pending.filter(({ to }) => to instanceof TestQueue && to.is(messageName, queueName));
    this.#pending = this.#pending.filter((delivery) => !lost.includes(delivery));
    for (const { envelope, deliveryCount } of lost) {
      const { message, name, messageId } = envelope;
      const why = { deadLetter: undefined, reason: 'closed', deliveryCount, error: undefined } as const;
      this.#bury({ message, name, messageId, queueName, ...why });
    }
  }

  protected override drained(): Promise<void> {
    return Promise.resolve(); // nothing runs unless a test says so
  }

  protected override end(): void {
    this.#pending = [];
  }

  #next({ type, queueName }: ProcessOptions): Delivery | undefined {
    const name = type === undefined ? undefined : getUniqueNameForMessage(type);
    if (queueName !== undefined && typeof queueName !== 'string')
      throw new OptionError('Option queueName must be text.');
    return this.#pending.find(({ envelope, to }) => {
      if (name !== undefined && envelope.name !== name) return false;
      if (!(to instanceof TestQueue)) return queueName === undefined;
      return to.subscriber !== undefined && (queueName === undefined || isOfQueue(to.queueName, queueName));
    });
  }

  async #make(delivery: Delivery, errors: Error[], released: Delivery[]): Promise<void> {
    const { envelope, to, deliveryCount } = delivery;
    if (!(to instanceof TestQueue)) {
      const error = this.#direct.has(to) ? await callHandler(to, envelope.message) : undefined;
      if (error === undefined) return;
      errors.push(error);
      this.failed(error);
      const letter = refusalLetter(error, envelope);
      if (letter !== undefined) this.#bury(letter);
      return;
    }
    const { subscriber } = to;
    if (subscriber === undefined) return; // `#next` takes none that has nobody
    let failure: PubSubError | undefined;
    await callAsyncHandler(subscriber, envelope, deliveryCount, {
      failed: (error) => {
        failure = error;
        this.failed(error);
      },
      decide: (decision) => {
        if (decision.outcome === 'released') released.push(delivery);
        else if (this.#follow(delivery, subscriber, decision)) failure = undefined;
      },
    });
    if (failure !== undefined) errors.push(failure);
  }

  /** Returns whether the message is delivered again. */
  #follow({ envelope, to, deliveryCount }: Delivery, { work }: QueueSubscriber, decision: Decision): boolean {
    const next = nextStep(decision, deliveryCount, work);
    if (next.step === 'again') {
      this.#pending.push({ envelope, to, deliveryCount: next.deliveryCount });
    } else if (next.step === 'dead') {
      const { reason, error } = next;
      const { message, name, messageId } = envelope;
      const { queueName, deadLetter } = work;
      const failures = next.deliveryCount;
      this.#bury({ message, name, messageId, queueName, deadLetter, reason, error, deliveryCount: failures });
    }
    return next.step === 'again';
  }

  #bury(letter: DeadLetter): void {
    this.#deadLetters.push(letter);
    this.died(letter);
  }
}
