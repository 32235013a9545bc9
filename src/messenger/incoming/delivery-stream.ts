import type { IncomingDelivery } from '../../queue/incoming-delivery.js';
import type { Body } from '../../message/body.js';
import type { Delivery } from './delivery.js';
import type { DeliveryQueue } from './delivery-queue.js';
import type { IncomingWindow } from './incoming-window.js';

/** The owner of the streams of a messenger. */
export interface StreamOwner {
  /** Makes a `Delivery` for the program; `undefined` when the message is invalid, which has been reported then. */
  give(delivery: IncomingDelivery): Delivery | undefined;
  /** Returns the reason why no message can come any more, if there is one: `DONE` when that is not a failure. */
  reasonToEnd(stream: DeliveryStream<unknown>): Error | undefined;
  /** The stream is over. Called once. */
  streamEnded(stream: DeliveryStream<unknown>): void;
}

/** Marks an end that is not a failure. */
export const DONE: Error = new Error('The stream is over.');

/**
 * Iterates over deliveries as they arrive: the result of `receive`. Several streams of one queue share its deliveries.
 *
 * @typeParam Content The expected type of the bodies. It is not checked.
 */
export class DeliveryStream<Content = Body> implements AsyncIterableIterator<Delivery<Content>>, AsyncDisposable {
  readonly #queue: DeliveryQueue;
  readonly #window: IncomingWindow;
  readonly #owner: StreamOwner;
  readonly #end = new AbortController();
  readonly #signal: AbortSignal;
  #waiting = 0;
  #isOver = false;

  /** @internal */
  constructor(queue: DeliveryQueue, window: IncomingWindow, signal: AbortSignal | undefined, owner: StreamOwner) {
    this.#queue = queue;
    this.#window = window;
    this.#owner = owner;
    this.#signal = signal === undefined ? this.#end.signal : AbortSignal.any([signal, this.#end.signal]);
  }

  /** True if a call of `next` waits for a delivery. */
  get isWaiting(): boolean {
    return this.#waiting > 0 && this.#queue.isEmpty;
  }

  /** Waits for the next delivery. Rejects when the stream fails or its signal is aborted; the stream is over then. */
  async next(): Promise<IteratorResult<Delivery<Content>, undefined>> {
    this.#waiting++;
    try {
      while (!this.#isOver) {
        const room = this.#window.room(this.#signal);
        if (room !== undefined) await room;
        const reason = this.#queue.isEmpty ? this.#owner.reasonToEnd(this) : undefined;
        if (reason !== undefined) throw reason;
        const taken = await this.#queue.next(this.#signal);
        // Its link was lost before this loop went on: the peer will deliver it again.
        if (taken.status === 'aborted') continue;
        const delivery = this.#owner.give(taken);
        if (delivery !== undefined) return { done: false, value: delivery as Delivery<Content> };
      }
    } catch (error) {
      this.#over();
      if (error !== DONE) throw error;
    } finally {
      this.#waiting--;
    }
    this.#over();
    return { done: true, value: undefined };
  }

  /** Ends the stream: deliveries that it has not taken wait for `get`. Ending it twice does nothing. */
  return(): Promise<IteratorResult<Delivery<Content>, undefined>> {
    this.end();
    return Promise.resolve({ done: true, value: undefined });
  }

  /** Ends the stream at the end of an `await using` block. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  /** The stream itself. */
  [Symbol.asyncIterator](): this {
    return this;
  }

  /** Ends the stream, with an error if there is one. @internal */
  end(error: Error = DONE): void {
    this.#end.abort(error);
    if (error === DONE) this.#over();
  }

  #over(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#owner.streamEnded(this);
  }
}
