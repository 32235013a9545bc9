import type { Clock } from '../../clock.js';
import { OptionError } from '../../errors.js';
import type { IncomingDelivery } from '../../queue/incoming-delivery.js';
import { MAX_CREDIT, checkSignal } from '../options/option-checks.js';
import { AUTOMATIC_CREDIT } from './credit-scheduler.js';
import type { Delivery } from './delivery.js';
import { DeliveryQueue } from './delivery-queue.js';
import { DONE, DeliveryStream } from './delivery-stream.js';
import type { StreamOwner } from './delivery-stream.js';
import type { IncomingCredit } from './incoming-credit.js';
import { incomingLinkOf } from './incoming-link.js';
import type { IncomingWindow } from './incoming-window.js';
import type { Source } from './source.js';
import type { Subscription } from './subscription.js';

/** Options of `receive`. */
export interface ReceiveOptions {
  /** Yields only the messages of this subscription; others still go to `get`. Default: all messages. */
  subscription?: Subscription | undefined;
  /**
   * The credit for each link: the messages to keep on their way. With `subscription`, messages that are queued, or got
   * and without an outcome, count too. Default 1024, or the `credit` of the subscription.
   */
  credit?: number | undefined;
  /** Ends the loop, which throws the signal's reason. */
  signal?: AbortSignal | undefined;
}

/** The owner of the loops of a messenger. */
export interface LoopOwner {
  /** The queue of messages that wait for `get`. */
  readonly queue: DeliveryQueue;
  readonly window: IncomingWindow;
  readonly credit: IncomingCredit;
  /** Makes a `Delivery` for a loop; `undefined` when the message is invalid, which has been reported then. */
  giveByLoop(delivery: IncomingDelivery): Delivery | undefined;
  /** The reason why no message can come any more, if there is one. */
  exhausted(): Error | undefined;
}

/** The loops of a messenger, over all messages or over those of one subscription. */
export class Loops implements StreamOwner {
  readonly #clock: Clock;
  readonly #owner: LoopOwner;
  readonly #streams = new Map<DeliveryStream<unknown>, Source | undefined>();

  constructor(clock: Clock, owner: LoopOwner) {
    this.#clock = clock;
    this.#owner = owner;
  }

  /** The number of messages in the queues of loops. */
  get queued(): number {
    let queued = 0;
    for (const { size } of this.#queues()) queued += size;
    return queued;
  }

  /** The encoded bytes of these messages. */
  get bytes(): number {
    if (this.#streams.size === 0) return 0;
    let total = 0;
    for (const { bytes } of this.#queues()) total += bytes;
    return total;
  }

  /** Begins a loop. */
  start(source: Source | undefined, { credit, signal }: ReceiveOptions): DeliveryStream {
    if (credit !== undefined && !(Number.isInteger(credit) && credit > 0 && credit <= MAX_CREDIT)) {
      throw new OptionError(`Option credit of receive() must be a whole number from 1 to ${MAX_CREDIT}.`);
    }
    checkSignal(signal);
    const queue = source === undefined ? this.#owner.queue : this.#queueOf(source, credit);
    const stream = new DeliveryStream(queue, this.#owner.window, signal, this);
    this.#streams.set(stream, source);
    if (source === undefined) this.#owner.credit.recv(-1, credit);
    return stream;
  }

  /** A subscription has ended: ends the loops for which no message can come any more. */
  sourcesChanged(): void {
    for (const stream of [...this.#streams.keys()]) {
      const reason = stream.isWaiting ? this.reasonToEnd(stream) : undefined;
      if (reason !== undefined) stream.end(reason);
    }
  }

  /** The messenger stops: ends all loops. Queued messages can still be got. */
  stop(): void {
    for (const stream of [...this.#streams.keys()]) stream.end();
  }

  give(delivery: IncomingDelivery): Delivery | undefined {
    return this.#owner.giveByLoop(delivery);
  }

  reasonToEnd(stream: DeliveryStream<unknown>): Error | undefined {
    const source = this.#streams.get(stream);
    if (source === undefined) return this.#owner.exhausted();
    const { state, error } = source.subscription;
    return state === 'closed' ? DONE : error;
  }

  streamEnded(stream: DeliveryStream<unknown>): void {
    const source = this.#streams.get(stream);
    this.#streams.delete(stream);
    for (const other of this.#streams.values()) if (other === source) return;
    if (source === undefined) {
      this.#owner.credit.recv(0);
      return;
    }
    source.queue?.moveTo(this.#owner.queue, () => true);
    source.queue = undefined;
    this.#owner.credit.setFixed(source, source.options.credit);
  }

  #queues(): Set<DeliveryQueue> {
    const queues = new Set<DeliveryQueue>();
    for (const source of this.#streams.values()) if (source?.queue !== undefined) queues.add(source.queue);
    return queues;
  }

  #queueOf(source: Source, credit: number | undefined): DeliveryQueue {
    if (source.queue === undefined || credit !== undefined) {
      this.#owner.credit.setFixed(source, credit ?? source.options.credit ?? AUTOMATIC_CREDIT);
    }
    if (source.queue !== undefined) return source.queue;
    const queue = new DeliveryQueue(this.#clock);
    source.queue = queue;
    // Some messages of the subscription have come already.
    this.#owner.queue.moveTo(queue, (delivery) => incomingLinkOf(delivery)?.source === source);
    return queue;
  }
}
