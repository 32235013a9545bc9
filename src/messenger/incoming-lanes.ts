import { OptionError } from '../errors.js';
import { ClientQueue } from '../queue/client-queue.js';
import type { IncomingDelivery } from '../queue/incoming-delivery.js';
import type { Delivery } from './delivery.js';
import { DeliveryStream } from './delivery-stream.js';
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

/** What the lanes need from the incoming side. */
export interface IncomingLanesHost {
  give(delivery: IncomingDelivery): Delivery | undefined;
  /** Why no message can come any more, if none can. */
  exhausted(): Error | undefined;
  /** The share of a subscription is this from now on, or what it was made with. */
  shareChanged(subscription: Subscription, credit: number | undefined): void;
  /** Some loop takes everything, with this credit for each link if it says so; 0 when none does any more. */
  streaming(credit: number | undefined): void;
}

/** Takes what comes by one subscription. */
interface Lane {
  readonly take: (delivery: IncomingDelivery) => void;
  /** Where loops take it from. `undefined` when it is handed to somebody at once. */
  readonly queue: ClientQueue<IncomingDelivery> | undefined;
}

/** No timer: nothing in these queues expires. */
const QUEUE_OPTIONS = { flushInterval: 0 };

/** The queues of what has come: the main one, and one for each subscription that a loop of its own reads. */
export class IncomingLanes {
  /** What waits for `get`. */
  readonly main: ClientQueue<IncomingDelivery> = new ClientQueue(QUEUE_OPTIONS);
  readonly #host: IncomingLanesHost;
  readonly #lanes = new Map<Subscription, Lane>();
  readonly #streams = new Map<DeliveryStream, Subscription | undefined>();

  constructor(host: IncomingLanesHost) {
    this.#host = host;
  }

  /** How many deliveries wait. */
  get size(): number {
    let size = this.main.size;
    for (const { queue } of this.#lanes.values()) size += queue?.size ?? 0;
    return size;
  }

  /** Queues what has come. */
  push(delivery: IncomingDelivery, subscription: Subscription | undefined): void {
    const lane = this.#lanes.size > 0 && subscription !== undefined ? this.#lanes.get(subscription) : undefined;
    if (lane === undefined) delivery.place = this.main.push(delivery);
    else lane.take(delivery);
  }

  /** Hands what comes by a subscription to somebody at once. */
  divert(subscription: Subscription, take: (delivery: IncomingDelivery) => void): void {
    this.#lanes.set(subscription, { take, queue: undefined });
  }

  /** Takes deliveries out again, wherever they wait. */
  remove(subscription: Subscription | undefined, deliveries: readonly IncomingDelivery[]): void {
    const queue = (subscription && this.#lanes.get(subscription)?.queue) ?? this.main;
    for (const { place } of deliveries) queue.remove(place);
  }

  /** Begins a loop. */
  stream({ subscription, credit, signal }: ReceiveOptions): DeliveryStream {
    if (credit !== undefined && !(Number.isInteger(credit) && credit > 0)) {
      throw new OptionError('Option credit of receive() must be a whole number from 1 up.');
    }
    const queue = subscription === undefined ? this.main : this.#open(subscription);
    const stream = new DeliveryStream(queue, signal, {
      give: (delivery) => this.#host.give(delivery),
      ended: (ended) => this.#ended(ended),
    });
    this.#streams.set(stream, subscription);
    if (subscription === undefined) this.#host.streaming(credit);
    else if (credit !== undefined) this.#host.shareChanged(subscription, credit);
    this.sourcesChanged(subscription === undefined ? this.#host.exhausted() : undefined);
    return stream;
  }

  /** Whether a loop takes everything. */
  get isStreaming(): boolean {
    for (const subscription of this.#streams.values()) if (subscription === undefined) return true;
    return false;
  }

  /** Ends the loops that nothing can come for any more; `exhausted` is why nothing can come at all. */
  sourcesChanged(exhausted: Error | undefined): void {
    for (const [stream, subscription] of [...this.#streams]) {
      if (subscription === undefined) {
        if (exhausted !== undefined && this.main.isEmpty) stream.end(exhausted);
      } else if (subscription.state === 'failed') stream.end(subscription.error);
      else if (subscription.state === 'closed') stream.end();
    }
  }

  /** The messenger stops: loops end, and what has come can be got. */
  stop(): void {
    for (const stream of [...this.#streams.keys()]) stream.end();
    this.#lanes.clear();
  }

  #open(subscription: Subscription): ClientQueue<IncomingDelivery> {
    const known = this.#lanes.get(subscription)?.queue;
    if (known !== undefined) return known;
    const queue = new ClientQueue<IncomingDelivery>(QUEUE_OPTIONS);
    this.#lanes.set(subscription, { queue, take: (delivery) => (delivery.place = queue.push(delivery)) });
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
    const queue = this.#lanes.get(subscription)?.queue;
    this.#lanes.delete(subscription);
    for (let left = queue?.tryPull(); left !== undefined; left = queue?.tryPull()) this.push(left, subscription);
    this.#host.shareChanged(subscription, undefined);
  }
}
