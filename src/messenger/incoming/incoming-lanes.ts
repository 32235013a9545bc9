import { OptionError } from '../../errors.js';
import { ClientQueue } from '../../queue/client-queue.js';
import type { IncomingDelivery } from '../../queue/incoming-delivery.js';
import { MAX_CREDIT } from './credit-scheduler.js';
import type { Delivery } from './delivery.js';
import { DONE, DeliveryStream } from './delivery-stream.js';
import { checkSignal } from '../options/option-checks.js';
import type { Subscription } from './subscription.js';

/** What a loop over deliveries may ask for. */
export interface ReceiveOptions {
  /** Only what comes by this subscription; the rest goes on to `get`. Default everything. */
  subscription?: Subscription | undefined;
  /**
   * Messages to keep on their way: for each link, or, with `subscription`, on their way, queued, or got and without an
   * outcome. Default 1024, or the credit the subscription was made with.
   */
  credit?: number | undefined;
  /** Ends the loop: it throws the signal's reason. */
  signal?: AbortSignal | undefined;
}

/** Who takes what comes by a subscription, as it comes. */
export interface Diversion {
  take(delivery: IncomingDelivery): void;
  /** The link is lost, for now or for good. */
  lost(): void;
  /** The subscription has ended. */
  ended(error: Error): void;
}

/** What the lanes need from the incoming side. */
export interface IncomingLanesHost {
  give(delivery: IncomingDelivery): Delivery | undefined;
  /** Waits until one more can be given out; `undefined` when it can now. */
  room(signal: AbortSignal): Promise<void> | undefined;
  /** The subscription a delivery came by. */
  subscriptionOf(delivery: IncomingDelivery): Subscription | undefined;
  /** Why no message can come any more, if none can. */
  exhausted(): Error | undefined;
  /** A loop reads a subscription, with a share of this much credit if it says so. */
  reading(subscription: Subscription, credit: number | undefined): void;
  /** No loop reads it any more. */
  left(subscription: Subscription): void;
  /** Some loop takes everything, with this credit for each link if it says so; 0 when none does any more. */
  streaming(credit: number | undefined): void;
  /** Messages have come into the main queue. */
  queued(): void;
}

/** No timer: nothing in these queues expires. */
const QUEUE_OPTIONS = { flushInterval: 0 };

/** The queues of what has come: the main one, and one for each subscription that a loop of its own reads. */
export class IncomingLanes {
  /** What waits for `get`. */
  readonly main: ClientQueue<IncomingDelivery> = new ClientQueue(QUEUE_OPTIONS);
  readonly #host: IncomingLanesHost;
  readonly #lanes = new Map<Subscription, ClientQueue<IncomingDelivery>>();
  readonly #diversions = new Map<Subscription, Diversion>();
  readonly #streams = new Map<DeliveryStream, Subscription | undefined>();
  #bytes = 0;

  constructor(host: IncomingLanesHost) {
    this.#host = host;
  }

  /** How many deliveries wait, for `get` or for a loop. */
  get size(): number {
    let size = this.main.size;
    for (const queue of this.#lanes.values()) size += queue.size;
    return size;
  }

  /** Queues what has come. */
  push(delivery: IncomingDelivery, subscription: Subscription | undefined): void {
    const lane = this.#lanes.size > 0 && subscription !== undefined ? this.#lanes.get(subscription) : undefined;
    // Counted first: the queue may hand it on at once.
    this.#bytes += delivery.end - delivery.start;
    delivery.place = (lane ?? this.main).push(delivery);
  }

  /** The encoded bytes of what waits. */
  get bytes(): number {
    return this.#bytes;
  }

  /** A delivery has been taken from one of the queues. */
  taken({ start, end }: IncomingDelivery): void {
    this.#bytes -= end - start;
  }

  /** Who takes what comes by a subscription; `undefined` when it is queued. */
  diversionOf(subscription: Subscription | undefined): Diversion | undefined {
    return this.#diversions.size === 0 || subscription === undefined ? undefined : this.#diversions.get(subscription);
  }

  /** Hands what comes by a subscription to somebody at once. */
  divert(subscription: Subscription, diversion: Diversion): void {
    this.#diversions.set(subscription, diversion);
  }

  /** A link is lost: what came by it is taken out again, wherever it waits. */
  lost(subscription: Subscription | undefined, deliveries: readonly IncomingDelivery[]): void {
    const queue = (subscription && this.#lanes.get(subscription)) ?? this.main;
    for (const delivery of deliveries) if (delivery.place > 0 && queue.remove(delivery.place)) this.taken(delivery);
    this.diversionOf(subscription)?.lost();
  }

  /** Begins a loop. */
  stream({ subscription, credit, signal }: ReceiveOptions): DeliveryStream {
    if (credit !== undefined && !(Number.isInteger(credit) && credit > 0 && credit <= MAX_CREDIT)) {
      throw new OptionError(`Option credit of receive() must be a whole number from 1 to ${MAX_CREDIT}.`);
    }
    checkSignal(signal);
    const queue = subscription === undefined ? this.main : this.#open(subscription, credit);
    const stream = new DeliveryStream(queue, signal, {
      give: (delivery) => this.#host.give(delivery),
      room: (end) => this.#host.room(end),
      reasonToEnd: () => this.#reasonToEnd(subscription),
      ended: (ended) => this.#ended(ended),
    });
    this.#streams.set(stream, subscription);
    if (subscription === undefined) this.#host.streaming(credit);
    return stream;
  }

  /** A source is gone: loops that nothing can come for any more end, and what nobody will ask for again is forgotten. */
  sourcesChanged(): void {
    for (const [stream, subscription] of [...this.#streams]) {
      const reason = stream.isWaiting ? this.#reasonToEnd(subscription) : undefined;
      if (reason !== undefined) stream.end(reason);
    }
    for (const [subscription, diversion] of [...this.#diversions]) {
      if (subscription.error === undefined) continue;
      this.#diversions.delete(subscription);
      diversion.ended(subscription.error);
    }
  }

  /** The messenger stops: loops end, and what has come can be got. */
  stop(): void {
    for (const stream of [...this.#streams.keys()]) stream.end();
    this.#diversions.clear();
  }

  #move(delivery: IncomingDelivery, subscription: Subscription | undefined): void {
    this.taken(delivery);
    this.push(delivery, subscription);
  }

  #reasonToEnd(subscription: Subscription | undefined): Error | undefined {
    if (subscription === undefined) return this.#host.exhausted();
    return subscription.state === 'closed' ? DONE : subscription.error;
  }

  #open(subscription: Subscription, credit: number | undefined): ClientQueue<IncomingDelivery> {
    const known = this.#lanes.get(subscription);
    if (known === undefined || credit !== undefined) this.#host.reading(subscription, credit);
    if (known !== undefined) return known;
    const queue = new ClientQueue<IncomingDelivery>(QUEUE_OPTIONS);
    this.#lanes.set(subscription, queue);
    // Some of what it wants has come already. The rest keeps its order.
    for (let left = this.main.size; left > 0; left--) {
      const delivery = this.main.tryPull();
      if (delivery !== undefined) this.#move(delivery, this.#host.subscriptionOf(delivery));
    }
    return queue;
  }

  #ended(stream: DeliveryStream): void {
    const subscription = this.#streams.get(stream);
    this.#streams.delete(stream);
    for (const other of this.#streams.values()) if (other === subscription) return;
    if (subscription === undefined) {
      this.#host.streaming(0);
      return;
    }
    const queue = this.#lanes.get(subscription);
    this.#lanes.delete(subscription);
    for (let left = queue?.tryPull(); left !== undefined; left = queue?.tryPull()) this.#move(left, subscription);
    this.#host.left(subscription);
    this.#host.queued();
  }
}
