import { setMaxListeners } from 'node:events';
import { SYSTEM_CLOCK } from '../clock.js';
import type { Clock } from '../clock.js';
import { PubSubError, asError } from '../errors.js';
import type { ConnectionChange } from '../messenger/events.js';
import { onAbort } from '../wait.js';
import { BrokerReport } from './broker-report.js';
import type { BrokerEvents } from './broker-report.js';
import type { AsyncHandler } from './context.js';
import { checkMessage } from './check-message.js';
import type { DeadLetter } from './dead-letter.js';
import { BrokerClosedError, InvalidMessageError, TopologyError } from './errors.js';
import { TypedEmitter } from '../typed-emitter.js';
import { Message, getUniqueNameForMessage } from './message.js';
import type { MessageType } from './message.js';
import {
  NO_PUBLISH_OPTIONS,
  asOptions,
  checkPublishOptions,
  checkSubscribeOptions,
  resolveAsyncOptions,
  resolveCloseOptions,
} from './options.js';
import type {
  AsyncSubscribeOptions,
  CloseOptions,
  Handler,
  Predicate,
  PublishOptions,
  SubscribeOptions,
} from './options.js';
import { holdBack, outsideUnits } from './outbox.js';
import { QueueNames, checkQueue } from './queue-names.js';
import { Subscription } from './subscription.js';
import type { Attachment } from './subscription.js';
import type { DirectSubscriber, QueueSubscriber } from './subscriber.js';
import { TimeLimit } from './time-limit.js';

/**
 * Takes messages to whoever has subscribed to their type; who that is, publishers do not know.
 *
 * `MemoryBroker`, `NullBroker`, `TestBroker` and `AmqpBroker` are brokers. To write another one, extend this class by
 * `deliver`, `attach`, `attachQueue`, `drained` and `end`; arguments have been checked when those are called. The suite of
 * `amqp-messenger/testing` tells whether it does what a broker must.
 */
export abstract class Broker extends TypedEmitter<BrokerEvents> implements AsyncDisposable {
  /**
   * Tells the listeners of the broker what its parts have to tell.
   *
   * @internal
   */
  protected readonly report: BrokerReport = new BrokerReport(this);
  readonly #subscriptions = new Set<Subscription>();
  readonly #queueNames = new QueueNames();
  #subscribed = 0;
  #state: 'open' | 'closing' | 'closed' = 'open';
  readonly #closingLimit: TimeLimit;
  #stopDraining = (): void => undefined;
  #closing: Promise<void> | undefined;

  /** @param clock Where it gets the time from. Default the clocks of the machine. */
  constructor(clock: Clock = SYSTEM_CLOCK) {
    super();
    this.#closingLimit = new TimeLimit(clock);
  }

  /** True when the broker is closed. */
  get closed(): boolean {
    return this.#state === 'closed';
  }

  /** The subscriptions that have not ended. */
  get subscriptions(): readonly Subscription[] {
    return [...this.#subscriptions];
  }

  /**
   * Publishes a message: every subscription of exactly its type gets it. Without one nothing happens. Inside a unit of
   * work (`outbox`) it is checked now and leaves when the unit succeeds.
   *
   * A broker inside the process calls the handlers of `subscribe` before this returns, in the order they subscribed, and
   * resolves when all of them are done; so a message that a handler publishes before it awaits anything is delivered
   * before the next handler is called. An `AmqpBroker` resolves when the peer has the message. Handlers of `subscribeAsync` run later in any case.
   *
   * Rejects with an AggregateError of what has failed, such as a `HandlerError` per handler that has thrown, when
   * everybody else has got the message; InvalidMessageError when it is no message, or not what its schema lets pass;
   * BrokerClosedError; OptionError. In the last three cases nobody has got it.
   */
  publish(message: Message, options: PublishOptions = NO_PUBLISH_OPTIONS): Promise<void> {
    try {
      this.#requireNotClosed();
      if (!(message instanceof Message)) {
        throw new InvalidMessageError('publish() takes a message: an instance of a class made by defineMessage().');
      }
      const name = getUniqueNameForMessage(message);
      checkPublishOptions(options);
      const checked = checkMessage(message);
      if (!(checked instanceof Promise)) return this.#leave(checked, name, options);
      return checked.then((passed) => this.#leave(passed, name, options));
    } catch (error) {
      return Promise.reject(asError(error));
    }
  }

  /**
   * Calls a handler with every message of a type that is published from now on, as far as this broker reaches: in this
   * process, or in every process on the same peer. What is published while nobody is subscribed is not kept.
   *
   * Subscribing a handler twice makes two subscriptions, and it is called twice. A subscription that begins or ends while
   * a message is being delivered gets that message no more.
   *
   * @param type Its messages must be of exactly this type.
   * @param handler Called with each message. When it throws, the others are called all the same.
   * @param given Which messages it wants: options, or a predicate alone.
   * @throws InvalidMessageError for a type without a name, BrokerClosedError, OptionError, or the signal's reason.
   */
  subscribe<M extends Message>(
    type: MessageType<M>,
    handler: Handler<M>,
    given: SubscribeOptions<M> | Predicate<M> = {},
  ): Subscription {
    this.#requireOpen();
    const options = asOptions(given);
    const messageName = getUniqueNameForMessage(type);
    checkSubscribeOptions(handler, options);
    const { predicate, selector, signal } = options;
    const name = options.name ?? this.#nextName(messageName);
    // The handlers of a type get nothing else: the table is by type.
    const isNamed = options.name !== undefined;
    const parts = { type, messageName, name, isNamed, predicate, selector, handler };
    const subscriber = parts as unknown as DirectSubscriber;
    const attachment = outsideUnits(() => this.attach(subscriber));
    return this.#keep(name, messageName, undefined, signal, attachment);
  }

  /**
   * Has a handler work off a queue of messages of a type. Every subscription of a broker gets each message, whatever its
   * queue is called. What a queue name says is which processes share the work: of those on a peer that name the same
   * queue, one gets the message. The queue stays when nobody is subscribed to it, and collects what is published
   * meanwhile.
   *
   * The first subscription to a type with a queue name works off the queue of that name, the second `NAME~2`, and so on,
   * in each process: let them subscribe in the same order, or give handlers queue names of their own.
   *
   * A message whose handler throws is delivered again after a while, up to `maxDeliveries` times; then it is dead, and
   * goes to the dead-letter queue.
   *
   * @param queueName 1 to 200 letters, digits, `.`, `_` and `-`.
   * @param given How the queue is worked off: options, or a predicate alone.
   * @throws As `subscribe` does.
   */
  subscribeAsync<M extends Message>(
    type: MessageType<M>,
    handler: AsyncHandler<M>,
    queueName: string,
    given: AsyncSubscribeOptions<M> | Predicate<M> = {},
  ): Subscription {
    this.#requireOpen();
    const options = asOptions(given);
    const messageName = getUniqueNameForMessage(type);
    const settings = resolveAsyncOptions(handler, queueName, options);
    const { predicate, selector, signal } = options;
    const name = options.name ?? this.#nextName(`${messageName}@${queueName}`);
    const queue = this.#queueNames.take(messageName, queueName);
    const work = { ...settings, queueName: queue.name };
    const ending = new AbortController();
    setMaxListeners(0, ending.signal); // as many as there are workers
    // As above.
    const isNamed = options.name !== undefined;
    const parts = { type, messageName, name, isNamed, predicate, selector, handler, work, signal: ending.signal };
    const subscriber = parts as unknown as QueueSubscriber;
    const attachment = outsideUnits(() => this.#attachQueue(subscriber, queue.giveBack));
    const detach = (): void | Promise<void> => {
      ending.abort(new BrokerClosedError('The subscription has ended.'));
      queue.giveBack();
      return attachment.detach();
    };
    // A subscription that cannot begin takes no messages, so the next one gets its queue.
    attachment.ready?.catch(queue.giveBack);
    return this.#keep(name, messageName, queue.name, signal, { ready: attachment.ready, detach });
  }

  /**
   * Deletes a queue of `subscribeAsync` that nobody needs any more, with what it holds: nothing is collected for it from
   * now on. What a queue in this process holds is told by `dead`. Deleting one that is not there does nothing.
   *
   * @param queueName As `Subscription.queueName` has it: `mails~2` for that of a second subscription to `mails`.
   * @throws PubSubError while a subscription of this broker works it off; TopologyError when the peer cannot delete it;
   * InvalidMessageError for a type without a name, BrokerClosedError, OptionError.
   */
  async deleteQueue(type: MessageType, queueName: string): Promise<void> {
    this.#requireOpen();
    const messageName = getUniqueNameForMessage(type);
    checkQueue(queueName);
    for (const { name, messageName: other, queueName: used } of this.#subscriptions) {
      if (other !== messageName || used !== queueName) continue;
      throw new PubSubError(
        `Queue ${queueName} of ${messageName} is worked off by ${name}. Call its unsubscribe() first.`,
      );
    }
    await this.removeQueue(messageName, queueName);
  }

  /**
   * Closes the broker. It refuses new subscriptions at once, and waits for handlers that run and, unless `drain` is
   * false, for the messages that are queued in this process. The event `dead` tells the messages that are left, and
   * those that handlers release meanwhile. Afterwards `publish` rejects. Closing again waits for the same end, which
   * `drain: false` or a shorter `timeout` hastens.
   *
   * @throws OptionError for invalid options. Rejects with an AggregateError when something could not be ended.
   */
  close(options: CloseOptions = {}): Promise<void> {
    const { drain, timeout } = resolveCloseOptions(options);
    this.#closingLimit.shorten(timeout);
    if (!drain) this.#stopDraining();
    this.#closing ??= this.#close(drain);
    return this.#closing;
  }

  /** Closes it at the end of an `await using` block. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Takes a message to its subscribers. Returns nothing when that is done; rejects or throws as `publish` says. */
  protected abstract deliver(message: Message, name: string, options: PublishOptions): void | Promise<void>;

  /** Attaches a subscription of `subscribe`. */
  protected abstract attach(subscriber: DirectSubscriber): Attachment;

  /** Attaches a subscription of `subscribeAsync`. */
  protected abstract attachQueue(subscriber: QueueSubscriber): Attachment;

  /** Deletes a queue that no subscription of this broker works off. Override it where queues can be deleted. */
  protected removeQueue(messageName: string, queueName: string): void | Promise<void> {
    throw new TopologyError(`This broker cannot delete queue ${queueName} of ${messageName}.`);
  }

  /** Resolves when what is queued in this process has been handled. Called when the broker begins to close. */
  protected abstract drained(): Promise<void>;

  /** Ends what the broker holds besides its subscriptions. Called once, when all of those have ended. */
  protected abstract end(): void | Promise<void>;

  /** Tells that something has failed. */
  protected failed(error: PubSubError): void {
    this.report.failed(error);
  }

  /** Tells that a message is dead. */
  protected died(letter: DeadLetter): void {
    this.report.died(letter);
  }

  /** Tells that the connection to the peer has changed. */
  protected connectionChanged(change: ConnectionChange): void {
    this.report.connectionChanged(change);
  }

  #leave(message: Message, name: string, options: PublishOptions): Promise<void> {
    const publish = (): void | Promise<void> => {
      this.#requireNotClosed();
      return this.deliver(message, name, options);
    };
    const isHeld = holdBack(message, options, async () => {
      await publish();
    });
    return (isHeld ? undefined : publish()) ?? Promise.resolve();
  }

  #attachQueue(subscriber: QueueSubscriber, onError: () => void): Attachment {
    try {
      return this.attachQueue(subscriber);
    } catch (error) {
      onError();
      throw error;
    }
  }

  #keep(
    name: string,
    messageName: string,
    queueName: string | undefined,
    signal: AbortSignal | undefined,
    attachment: Attachment,
  ): Subscription {
    let callOff = (): void => undefined;
    const subscription = new Subscription(name, messageName, queueName, attachment, () => {
      callOff();
      this.#subscriptions.delete(subscription);
    });
    this.#subscriptions.add(subscription);
    // `attach` of a subclass may have aborted the signal.
    if (signal !== undefined) callOff = onAbort(signal, () => subscription[Symbol.dispose]());
    attachment.ready?.catch((thrown: unknown) => {
      if (subscription.closed) return; // nobody wants to know any more
      const cause = asError(thrown);
      this.failed(new PubSubError(`Subscription ${name} cannot begin. ${cause.message}`, { cause }));
    });
    return subscription;
  }

  #nextName(base: string): string {
    this.#subscribed++;
    return `${base}#${this.#subscribed}`;
  }

  async #close(drain: boolean): Promise<void> {
    this.#state = 'closing';
    const limit = this.#closingLimit;
    const errors: Error[] = [];
    const note = (error: unknown): void => void errors.push(asError(error));
    if (drain) {
      const stopped = new Promise<void>((resolve) => (this.#stopDraining = resolve));
      await limit.wait(Promise.race([this.drained().catch(note), stopped]));
    }
    const ended = this.subscriptions.map((subscription) => subscription.unsubscribe().catch(note));
    await limit.wait(Promise.all(ended));
    limit.cancel();
    this.#state = 'closed';
    await Promise.resolve(this.end()).catch(note);
    if (errors.length > 0) throw new AggregateError(errors, 'The broker is closed, but something did not end well.');
  }

  #requireOpen(): void {
    if (this.#state !== 'open') throw new BrokerClosedError('The broker is closed. Make a new one.');
  }

  #requireNotClosed(): void {
    if (this.#state === 'closed') throw new BrokerClosedError('The broker is closed. Make a new one.');
  }
}
