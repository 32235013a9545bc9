import type { QueueWaitOptions } from './waiter-line.js';

/** A source whose `pull` returns `null` at the end. */
export interface Pullable<Message> {
  pull(options: QueueWaitOptions): Promise<Message | null>;
}

/**
 * Iterates over the messages of a queue as they arrive. It is not an async generator, because `return` of a generator
 * waits for the pending pull, which on a quiet queue takes for ever.
 */
export class QueueIterator<Message> implements AsyncIterableIterator<Message> {
  readonly #queue: Pullable<Message>;
  readonly #ending = new AbortController();

  constructor(queue: Pullable<Message>) {
    this.#queue = queue;
  }

  /** The next message; done when the queue is stopped and empty, or after `return`. */
  async next(): Promise<IteratorResult<Message, undefined>> {
    const { signal } = this.#ending;
    try {
      const message = signal.aborted ? null : await this.#queue.pull({ signal });
      if (message !== null) return { done: false, value: message };
    } catch (error) {
      if (!signal.aborted) throw error;
    }
    this.#ending.abort();
    return { done: true, value: undefined };
  }

  /** Ends the iteration: pending pulls take nothing, and the queue goes on. */
  return(): Promise<IteratorResult<Message, undefined>> {
    this.#ending.abort();
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
