import { LONGEST_TIMER } from '../clock.js';
import type { Clock, Timer } from '../clock.js';
import type { PeerError } from '../errors.js';
import type { BrokerQueue } from './queue.js';

/** A link to or from a node. */
export interface NodeLink {
  /** Closes it, telling its client why. */
  close(error: PeerError): void;
}

/** The time for which a subscription outlives its last link (AMQP 1.0 §3.5.3). */
export interface Lifetime {
  /** 0: nothing is durable. As it was asked for. */
  readonly durable: 0 | 1 | 2;
  /** True when it stays until a client closes it. */
  readonly isEndless: boolean;
  /** The time for which it stays otherwise, in milliseconds. */
  readonly timeout: number;
}

/** The key by which the link of a subscription finds it. */
export interface SubscriptionKey {
  /** The name of the link, without what makes it unique. */
  readonly name: string;
  /** The container-id of its client; `undefined` for one that clients share whoever they are. */
  readonly container: string | undefined;
  /** True when several links may share it. */
  readonly isShared: boolean;
}

/**
 * A subscription of a topic: a queue of its own, which gets a copy of each message that is published. It outlives its
 * links as its lifetime says.
 */
export class Subscription {
  readonly #clock: Clock;
  readonly #expired: (subscription: Subscription) => void;
  #timer: Timer | undefined;
  readonly #links = new Set<NodeLink>();
  lifetime: Lifetime;

  constructor(
    readonly key: SubscriptionKey,
    readonly queue: BrokerQueue,
    lifetime: Lifetime,
    clock: Clock,
    expired: (subscription: Subscription) => void,
  ) {
    this.lifetime = lifetime;
    this.#clock = clock;
    this.#expired = expired;
  }

  /** The links that receive from it now. */
  get links(): ReadonlySet<NodeLink> {
    return this.#links;
  }

  /** A link has come: it stays. */
  attached(link: NodeLink): void {
    this.#links.add(link);
    this.#cancelTimer();
  }

  /** Closes a link and stays: another takes its place. */
  handOver(link: NodeLink, error: PeerError): void {
    this.#links.delete(link);
    link.close(error);
  }

  /** A link has gone, and the subscription may go when it was the last. `closed` when it is to go with its last link. */
  detached(link: NodeLink, closed: boolean): void {
    if (!this.#links.delete(link) || this.#links.size > 0) return;
    const { isEndless, timeout } = this.lifetime;
    if (closed || (!isEndless && timeout === 0)) this.#expired(this);
    else if (!isEndless)
      this.#timer = this.#clock.setTimeout(() => this.#expired(this), Math.min(timeout, LONGEST_TIMER));
  }

  /** It is deleted. */
  close(): void {
    this.#cancelTimer();
    this.queue.close();
  }

  #cancelTimer(): void {
    if (this.#timer !== undefined) this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
