import type { IncomingDelivery } from '../../queue/incoming-delivery.js';
import type { Body } from '../../message/body.js';
import type { Delivery } from './delivery.js';
import type { DeliveryQueue } from './delivery-queue.js';
import type { IncomingWindow } from './incoming-window.js';

/** The loops of a messenger, as one of them sees it. */
export interface StreamOwner {
  /** Gives out what has been taken from the queue; `undefined` when it is no valid message, which has been told then. */
  give(delivery: IncomingDelivery): Delivery | undefined;
  /** Says why nothing can come any more, if nothing can: `DONE` when that is no failure. */
  reasonToEnd(stream: DeliveryStream<unknown>): Error | undefined;
  /** The loop is over. Called once. */
  streamEnded(stream: DeliveryStream<unknown>): void;
}

/** Marks an end that is not a failure. */
export const DONE: Error = new Error('The stream is over.');

/**
 * The deliveries of a queue as they come: what `receive` gives. Several streams of one queue share what comes.
 *
 * @typeParam Content What the bodies are taken for. Nobody checks it.
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

  /** Whether somebody waits for a delivery to come. */
  get isWaiting(): boolean {
    return this.#waiting > 0 && this.#queue.isEmpty;
  }

  /** Waits for the next delivery. Rejects when the stream fails or its signal is aborted, and is over then. */
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

  /** Ends it: what has come and was not taken waits for `get`. Ending it twice does nothing. */
  return(): Promise<IteratorResult<Delivery<Content>, undefined>> {
    this.end();
    return Promise.resolve({ done: true, value: undefined });
  }

  /** Ends it at the end of an `await using` block. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  /** The stream itself. */
  [Symbol.asyncIterator](): this {
    return this;
  }

  /** Ends it, with an error if there is one. @internal */
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
