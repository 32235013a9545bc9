import type { Envelope } from './envelope.js';
import type { Message } from './message.js';
import { wants } from './subscriber.js';
import type { DirectSubscriber, QueueSubscriber } from './subscriber.js';

/** A delivery that has not been made yet, as a test sees it. */
export interface PendingDelivery {
  /** The message. */
  readonly message: Message;
  /** The name of its type. */
  readonly name: string;
  /** The queue it is in; `undefined` when it is for a handler of `subscribe`. */
  readonly queueName: string | undefined;
  /** How often it has failed before. */
  readonly deliveryCount: number;
}

/** A delivery that has not been made yet. */
export interface Delivery {
  readonly envelope: Envelope;
  readonly to: DirectSubscriber | TestQueue;
  readonly deliveryCount: number;
}

/** The subscribers of one type and one queue name. They take turns. */
export class TestQueue {
  #subscribers: readonly QueueSubscriber[] = [];
  #turn = 0;

  constructor(
    readonly messageName: string,
    readonly queueName: string,
  ) {}

  /** Whether anybody works it off. */
  get isManned(): boolean {
    return this.#subscribers.length > 0;
  }

  /** Adds a subscriber. Returns what takes it out again. */
  add(subscriber: QueueSubscriber): () => void {
    this.#subscribers = [...this.#subscribers, subscriber];
    return () => (this.#subscribers = this.#subscribers.filter((other) => other !== subscriber));
  }

  /** Whose turn it is. Only while it is manned. */
  next(): QueueSubscriber {
    const next = this.#subscribers[this.#turn++ % this.#subscribers.length];
    if (next === undefined) throw new TypeError('Nobody works off this queue.');
    return next;
  }

  /** Whether a message belongs into the queue: somebody may want it, or nobody is there to ask. */
  mayWant(message: Message): boolean {
    return !this.isManned || this.#subscribers.some((subscriber) => mayWant(subscriber, message));
  }
}

/** Whether a subscriber wants a message. A predicate that throws is asked again when the message is delivered. */
export function mayWant(subscriber: DirectSubscriber | QueueSubscriber, message: Message): boolean {
  try {
    return wants(subscriber, message);
  } catch {
    return true;
  }
}
