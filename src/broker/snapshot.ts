import type { QueueCounts } from './queue-counts.js';
import { noCounts } from './queue-counts.js';
import type { BrokerQueue } from './queue.js';
import type { QueueRates } from './rates.js';
import type { Subscription } from './subscription.js';
import type { Topic } from './topic.js';

/** A look at one queue. */
export interface QueueSnapshot extends Readonly<QueueCounts> {
  /** Its address. */
  readonly name: string;
  /** Messages that wait for a consumer. */
  readonly depth: number;
  /** Messages that are out with a consumer, which has not said yet what became of them. */
  readonly outstanding: number;
  /** The bytes of both. */
  readonly bytes: number;
  /** Links that take messages from the queue. */
  readonly consumers: number;
  /** Links that only look at them. */
  readonly browsers: number;
  /** Messages a second, lately. */
  readonly rates: QueueRates;
}

/** A look at one subscription of a topic. */
export interface SubscriptionSnapshot extends QueueSnapshot {
  /** The container-id of its client; `undefined` for one that clients share whoever they are. */
  readonly container: string | undefined;
  /** True when several links may share it. */
  readonly shared: boolean;
  /** True when it stays while no link receives from it. */
  readonly lasting: boolean;
}

/** A look at one topic. */
export interface TopicSnapshot {
  /** Its address. */
  readonly name: string;
  /** Messages that were published. */
  readonly received: number;
  /** Its subscriptions, by the names of their links. */
  readonly subscriptions: readonly SubscriptionSnapshot[];
}

const NO_RATES: QueueRates = Object.freeze({ received: 0, delivered: 0, accepted: 0 });

/** A queue as it is now; one that is not there is empty. */
export function queueSnapshot(name: string, queue: BrokerQueue | undefined, now: number): QueueSnapshot {
  const { depth = 0, outstanding = 0, bytes = 0, consumers = 0, counts = noCounts() } = queue ?? {};
  const rates = queue?.rates.rates(now) ?? NO_RATES;
  return { name, depth, outstanding, bytes, consumers, browsers: queue?.browsers.size ?? 0, rates, ...counts };
}

/** A topic as it is now; one that is not there has no subscriptions. */
export function topicSnapshot(name: string, topic: Topic | undefined, now: number): TopicSnapshot {
  const subscriptions = Array.from(topic?.subscriptions ?? [], (subscription) =>
    subscriptionSnapshot(subscription, now),
  );
  return { name, received: topic?.received ?? 0, subscriptions };
}

function subscriptionSnapshot({ key, queue, lifetime }: Subscription, now: number): SubscriptionSnapshot {
  const { name, container, isShared } = key;
  const lasting = lifetime.isEndless || lifetime.timeout > 0;
  return { ...queueSnapshot(name, queue, now), container, shared: isShared, lasting };
}
