import { SYSTEM_CLOCK } from '../clock.js';
import type { Clock } from '../clock.js';
import { OptionError, asError } from '../errors.js';
import type { PubSubError } from '../errors.js';
import { Broker } from './broker.js';
import { DeadLetterBox, refusalLetter } from './dead-letter.js';
import type { DeadLetter } from './dead-letter.js';
import { DirectTable } from './direct-table.js';
import { enclose } from './envelope.js';
import { deliveryFailure } from './errors.js';
import { MemoryQueue } from './memory-queue.js';
import type { Message } from './message.js';
import { atLeast, checkNames } from '../check-options.js';
import type { PublishOptions } from './options.js';
import type { DirectSubscriber, QueueSubscriber } from './subscriber.js';
import type { Attachment } from './subscription.js';

/** The options of a `MemoryBroker`. */
export interface MemoryBrokerOptions {
  /** The most messages of one queue that wait or are with a handler; `publish` fails beyond it. Default no limit. */
  capacity?: number | undefined;
  /** The source of the time. Default the clocks of the machine. */
  clock?: Clock | undefined;
}

/**
 * A broker inside the process. Handlers of `subscribe` run inside `publish`, in the order they subscribed; those of
 * `subscribeAsync` run afterwards, from queues in memory, which end with the broker.
 */
export class MemoryBroker extends Broker {
  readonly #capacity: number;
  readonly #clock: Clock;
  readonly #direct = new DirectTable();
  /** The queues by the name of the type, then by the name of the queue. */
  readonly #queues = new Map<string, Map<string, MemoryQueue>>();
  readonly #deadLetters = new DeadLetterBox();

  /** @throws OptionError for an option that is unknown or cannot be. */
  constructor(options: MemoryBrokerOptions = {}) {
    checkNames('a MemoryBroker', options, ['capacity', 'clock']);
    const { capacity = Infinity, clock = SYSTEM_CLOCK } = options;
    super(clock);
    this.#capacity = atLeast(1, 'capacity', capacity);
    this.#clock = clock;
  }

  /**
   * Takes the dead letters that are kept under a name, the oldest first. The latest thousand of each name are kept.
   *
   * @param name What `subscribeAsync` was given as `deadLetter`. Default `dead-letter`.
   */
  takeDeadLetters(name = 'dead-letter'): DeadLetter[] {
    return this.#deadLetters.take(name);
  }

  protected override deliver(message: Message, name: string, options: PublishOptions): void | Promise<void> {
    const refused = this.#enqueue(message, name, options);
    const handlers = this.#direct.count(name);
    const failing = this.#direct.call(name, message);
    if (refused === undefined && failing === undefined) return undefined;
    return this.#report(refused ?? [], failing, handlers, { message, name, messageId: options.messageId });
  }

  protected override attach(subscriber: DirectSubscriber): Attachment {
    refuseSelector(subscriber.selector);
    return { detach: this.#direct.add(subscriber) };
  }

  protected override attachQueue(subscriber: QueueSubscriber): Attachment {
    refuseSelector(subscriber.selector);
    return this.#queue(subscriber.messageName, subscriber.work.queueName).attach(subscriber);
  }

  protected override removeQueue(messageName: string, queueName: string): void {
    const queues = this.#queues.get(messageName);
    const queue = queues?.get(queueName);
    queues?.delete(queueName);
    if (queues?.size === 0) this.#queues.delete(messageName);
    queue?.stop();
  }

  protected override async drained(): Promise<void> {
    await Promise.all(this.#allQueues().map((queue) => queue.drained()));
  }

  protected override end(): void {
    for (const queue of this.#allQueues()) queue.stop();
  }

  /** Puts a message into every queue of its type. Returns what kept it out of some. */
  #enqueue(message: Message, name: string, options: PublishOptions): Error[] | undefined {
    const queues = this.#queues.get(name);
    if (queues === undefined) return undefined;
    const envelope = enclose(message, name, options, this.#clock.wallNow());
    let refused: Error[] | undefined;
    for (const queue of queues.values()) {
      try {
        queue.push(envelope);
      } catch (error) {
        (refused ??= []).push(asError(error));
      }
    }
    return refused;
  }

  async #report(
    refused: readonly Error[],
    failing: Promise<readonly PubSubError[]> | undefined,
    handlers: number,
    published: Parameters<typeof refusalLetter>[1],
  ): Promise<void> {
    const failed = (await failing) ?? [];
    for (const error of failed) {
      this.failed(error);
      const letter = refusalLetter(error, published);
      if (letter !== undefined) this.died(letter);
    }
    if (refused.length > 0 || failed.length > 0) throw deliveryFailure(refused, failed, handlers);
  }

  #queue(messageName: string, queueName: string): MemoryQueue {
    let queues = this.#queues.get(messageName);
    if (queues === undefined) this.#queues.set(messageName, (queues = new Map<string, MemoryQueue>()));
    let queue = queues.get(queueName);
    if (queue === undefined) {
      queue = new MemoryQueue(queueName, this.#capacity, this.#clock, this.report, this.#deadLetters);
      queues.set(queueName, queue);
    }
    return queue;
  }

  #allQueues(): MemoryQueue[] {
    return [...this.#queues.values()].flatMap((queues) => [...queues.values()]);
  }
}

/** Throws OptionError for a selector: inside the process there is no peer that knows its language. */
export function refuseSelector(selector: string | undefined): void {
  if (selector !== undefined) throw new OptionError('Only an AmqpBroker takes a selector. Use a predicate.');
}
