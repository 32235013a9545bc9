import type { PeerError } from '../errors.js';
import type { OutgoingDelivery } from '../queue/outgoing-delivery.js';
import { RingBuffer } from '../queue/ring-buffer.js';

/** The link to a consumer, as its queue sees it. */
export interface ConsumerLink {
  /** The number of messages that the consumer takes now. */
  readonly available: number;
  /** Sends a message, now or when the socket allows. */
  send(delivery: OutgoingDelivery): void;
  /** Takes out everything that has no outcome, in order. */
  takeAll(): OutgoingDelivery[];
  /** Closes it, telling its client why. */
  close(error: PeerError): void;
}

/** A consumer: it takes messages away from a queue. */
export class Consumer {
  /** True while it stands among those with credit. The round alone writes it. */
  isReady = false;
  /** True when its link has ended. */
  isGone = false;

  constructor(readonly link: ConsumerLink) {}
}

/**
 * The consumers of a queue, each in its turn. Those without credit stand aside, so that finding the next takes constant
 * time however many there are.
 */
export class ConsumerRound {
  readonly #all = new Set<Consumer>();
  readonly #ready = new RingBuffer<Consumer>();
  /** The number of consumers in `#ready` that are gone. */
  #gone = 0;

  /** The number of consumers. */
  get size(): number {
    return this.#all.size;
  }

  /** All of them. */
  [Symbol.iterator](): Iterator<Consumer> {
    return this.#all.values();
  }

  /** Adds one at the end of the round. */
  add(consumer: Consumer): void {
    this.#all.add(consumer);
    this.ready(consumer);
  }

  /** Takes one out. Returns false when it is not here. */
  remove(consumer: Consumer): boolean {
    if (!this.#all.delete(consumer)) return false;
    consumer.isGone = true;
    if (consumer.isReady) this.#leaveRound();
    return true;
  }

  /** A consumer has credit. */
  ready(consumer: Consumer): void {
    if (consumer.isReady || consumer.isGone || consumer.link.available <= 0) return;
    consumer.isReady = true;
    this.#ready.push(consumer);
  }

  /** The next one that has credit and is not among the excluded. */
  next(excluded: WeakSet<Consumer> | undefined): Consumer | undefined {
    for (let left = this.#ready.size; left > 0; left--) {
      const consumer = this.#ready.shift()!;
      if (consumer.isGone || consumer.link.available <= 0) {
        if (consumer.isGone) this.#gone--;
        consumer.isReady = false;
        continue;
      }
      this.#ready.push(consumer);
      if (excluded?.has(consumer) !== true) return consumer;
    }
    return undefined;
  }

  /** Tells whether any consumer has credit. */
  someReady(): boolean {
    return this.next(undefined) !== undefined;
  }

  /** One of the round is gone. The round closes up once most of it is: it would hold their links until the next message. */
  #leaveRound(): void {
    this.#gone++;
    if (this.#gone * 2 <= this.#ready.size) return;
    this.#gone = 0;
    for (const consumer of this.#ready.drain()) if (!consumer.isGone) this.#ready.push(consumer);
  }
}
