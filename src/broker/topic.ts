import type { PeerError } from '../errors.js';
import type { IncomingMessage } from './incoming-message.js';
import { BrokerQueue } from './queue.js';
import type { QueueContext } from './queue-context.js';
import type { QueueSettings } from './queue-settings.js';
import { Subscription } from './subscription.js';
import type { Lifetime, SubscriptionKey } from './subscription.js';

/** From so many bytes on those of a message are shared by all subscriptions, instead of being copied for each. */
const SHARED_FROM = 512;

/** A topic: it gives each message to all its subscriptions. A message that comes while there are none is gone. */
export class Topic {
  readonly kind = 'topic';
  /** Messages that were published. */
  received = 0;
  readonly #context: QueueContext;
  readonly #settings: QueueSettings;
  readonly #subscriptions = new Map<string, Subscription>();

  constructor(
    readonly address: string,
    settings: QueueSettings,
    context: QueueContext,
    /** The most subscriptions that it may have: those that last outlive the client that made them. */
    readonly maxSubscriptions: number,
  ) {
    this.#context = context;
    // One that does not read must not stop those who publish, or the others who read.
    this.#settings = { ...settings, overflow: 'drop-head' };
  }

  /** Its subscriptions. */
  get subscriptions(): Iterable<Subscription> {
    return this.#subscriptions.values();
  }

  /**
   * Gives every subscription the message. Returns why not, when the broker has no room for it, or it is too large for any
   * subscription.
   */
  take(message: IncomingMessage, mayRefuse = true): PeerError | undefined {
    const { output, memory } = this.#context;
    const { size } = this.#subscriptions;
    this.received++;
    if (size > 1 && message.size >= SHARED_FROM) message.share(output);
    let refusal = mayRefuse ? memory.refusal(message.shared ? message.size : size * message.size, size) : undefined;
    if (refusal !== undefined) return refusal;
    for (const { queue } of this.#subscriptions.values()) refusal = queue.publish(message, mayRefuse) ?? refusal;
    return refusal;
  }

  /** The subscription with a key, if there is one. */
  find(key: SubscriptionKey): Subscription | undefined {
    return this.#subscriptions.get(textOf(key));
  }

  /** Makes a subscription. Returns why not, when there are too many. */
  subscribe(key: SubscriptionKey, lifetime: Lifetime): Subscription | PeerError {
    if (this.#subscriptions.size >= this.maxSubscriptions) {
      const description = `${this.address} has ${this.maxSubscriptions} subscriptions, and no more are made.`;
      return { condition: 'amqp:resource-limit-exceeded', description };
    }
    const queue = new BrokerQueue(this.address, this.#settings, this.#context);
    const subscription = new Subscription(key, queue, lifetime, this.#context.clock, (over) => this.unsubscribe(over));
    this.#subscriptions.set(textOf(key), subscription);
    return subscription;
  }

  /** Deletes a subscription and what it holds. */
  unsubscribe(subscription: Subscription): void {
    const text = textOf(subscription.key);
    if (this.#subscriptions.get(text) === subscription) this.#subscriptions.delete(text);
    subscription.close();
  }

  /** It is deleted, with every subscription. */
  close(): void {
    for (const subscription of this.#subscriptions.values()) subscription.close();
    this.#subscriptions.clear();
  }
}

function textOf({ name, container, isShared }: SubscriptionKey): string {
  return JSON.stringify([name, container ?? null, isShared]);
}
