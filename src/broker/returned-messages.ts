import { Heap } from '../queue/heap.js';
import type { StoredMessage } from './stored-message.js';

/**
 * Messages that have come back to a queue, the one with the earliest place first: they come back in any
 * order. Those that come back in the order of the queue are added in constant time.
 */
export class ReturnedMessages {
  readonly #heap = new Heap<StoredMessage>(({ place }) => place);
  #nextDeadline = Infinity;

  /** The number of such messages. */
  get size(): number {
    return this.#heap.size;
  }

  /** A time before which none expires. `Infinity` when none ever does. */
  get nextDeadline(): number {
    return this.#nextDeadline;
  }

  /** The one with the earliest place. */
  peek(): StoredMessage | undefined {
    return this.#heap.peek();
  }

  /** Adds one. */
  push(message: StoredMessage): void {
    if (message.deadline < this.#nextDeadline) this.#nextDeadline = message.deadline;
    this.#heap.push(message);
  }

  /** Takes the one with the earliest place. */
  shift(): StoredMessage | undefined {
    return this.#heap.pop();
  }

  /** At most `count` of them from behind a place on, in order. They stay. */
  after(place: number, count: number): StoredMessage[] {
    const behind = this.#heap.items.filter((message) => message.place > place);
    return behind.sort((a, b) => a.place - b.place).slice(0, count);
  }

  /** Takes out what expires at `now` or before. */
  takeExpired(now: number): StoredMessage[] {
    if (this.#nextDeadline > now) return [];
    const all = this.drain();
    for (const message of all) if (message.deadline > now) this.push(message);
    return all.filter(({ deadline }) => deadline <= now);
  }

  /** Takes everything out, in order. */
  drain(): StoredMessage[] {
    const all = [...this.#heap.items].sort((a, b) => a.place - b.place);
    this.#heap.clear();
    this.#nextDeadline = Infinity;
    return all;
  }
}
