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

/** The incoming side of a messenger, as its loops see it. */
export interface LoopOwner {
  /** Where what comes waits for `get`. */
  readonly queue: DeliveryQueue;
  readonly window: IncomingWindow;
  readonly credit: IncomingCredit;
  /** Gives out what a loop has taken; `undefined` when it is no valid message, which has been told then. */
  giveByLoop(delivery: IncomingDelivery): Delivery | undefined;
  /** Why no message can come any more, if none can. */
  exhausted(): Error | undefined;
}

/** The loops of a messenger: over everything, or over what comes by one subscription. */
export class Loops implements StreamOwner {
  readonly #clock: Clock;
  readonly #owner: LoopOwner;
  readonly #streams = new Map<DeliveryStream<unknown>, Source | undefined>();

  constructor(clock: Clock, owner: LoopOwner) {
    this.#clock = clock;
    this.#owner = owner;
  }

  /** Messages that wait for a loop of their own. */
  get queued(): number {
    let queued = 0;
    for (const { size } of this.#queues()) queued += size;
    return queued;
  }

  /** Their encoded bytes. */
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

  /** A source is gone: loops that nothing can come for any more end. */
  sourcesChanged(): void {
    for (const stream of [...this.#streams.keys()]) {
      const reason = stream.isWaiting ? this.reasonToEnd(stream) : undefined;
      if (reason !== undefined) stream.end(reason);
    }
  }

  /** The messenger stops: loops end, and what has come can be got. */
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
    // Some of what it wants has come already.
    this.#owner.queue.moveTo(queue, (delivery) => incomingLinkOf(delivery)?.source === source);
    return queue;
  }
}
