import type { QueueWaitOptions } from './waiter-line.js';

/** Something that can be pulled from until it gives `null`. */
export interface Pullable<Message> {
  pull(options: QueueWaitOptions): Promise<Message | null>;
}

/**
 * The messages of a queue as they come. An async generator would not do: its `return` waits for the pull that waits,
 * and so for ever on a quiet queue.
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

  /** Ends the iteration: pulls that wait take nothing, and the queue goes on. */
  return(): Promise<IteratorResult<Message, undefined>> {
    this.#ending.abort();
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
