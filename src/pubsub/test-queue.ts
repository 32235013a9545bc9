import type { Envelope } from './envelope.js';
import type { Message } from './message.js';
import { isOfType, wants } from './subscriber.js';
import type { DirectSubscriber, QueueSubscriber } from './subscriber.js';

/** A delivery that has not been made yet, as a test sees it. */
export interface PendingDelivery {
  /** The message. */
  readonly message: Message;
  /** The name of its type. */
  readonly name: string;
  /** The queue it is in; `undefined` when it is for a handler of `subscribe`. */
  readonly queueName: string | undefined;
  /** The number of deliveries of the message that have failed before. */
  readonly deliveryCount: number;
}

/** A delivery that has not been made yet. */
export interface Delivery {
  readonly envelope: Envelope;
  readonly to: DirectSubscriber | TestQueue;
  readonly deliveryCount: number;
}

/** A queue of messages of one type, and who works it off. */
export class TestQueue {
  /** The subscriber; `undefined` while the queue only collects. */
  subscriber: QueueSubscriber | undefined;

  constructor(
    readonly messageName: string,
    readonly queueName: string,
  ) {}

  /** True when it is the queue of this name for messages of this type. */
  is(messageName: string, queueName: string): boolean {
    return this.messageName === messageName && this.queueName === queueName;
  }

  /**
   * True when a message belongs into the queue: its subscriber may want the message, or there is no subscriber to ask.
   */
  mayWant(message: Message): boolean {
    return this.subscriber === undefined || mayWant(this.subscriber, message);
  }
}

/**
 * True when a subscriber may want a message. A predicate that throws is asked again when the message is delivered, and
 * one that needs an instance of another class is asked only then.
 */
export function mayWant(subscriber: DirectSubscriber | QueueSubscriber, message: Message): boolean {
  try {
    return !isOfType(subscriber.type, message) || wants(subscriber, message);
  } catch {
    return true;
  }
}
