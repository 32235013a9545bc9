import type { StoredMessage } from './stored-message.js';

/**
 * Messages that have come back to a queue, the one with the earliest place first: a binary heap, since they come back in
 * any order. Those that come back in the order of the queue are added in constant time.
 */
export class ReturnedMessages {
  #items: StoredMessage[] = [];
  #nextDeadline = Infinity;

  /** How many there are. */
  get size(): number {
    return this.#items.length;
  }

  /** A time before which none expires. `Infinity` when none ever does. */
  get nextDeadline(): number {
    return this.#nextDeadline;
  }

  /** The one with the earliest place. */
  peek(): StoredMessage | undefined {
    return this.#items[0];
  }

  /** Adds one. */
  push(message: StoredMessage): void {
    if (message.deadline < this.#nextDeadline) this.#nextDeadline = message.deadline;
    const items = this.#items;
    let index = items.push(message) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (items[parent]!.place <= message.place) break;
      items[index] = items[parent]!;
      index = parent;
    }
    items[index] = message;
  }

  /** Takes the one with the earliest place. */
  shift(): StoredMessage | undefined {
    const items = this.#items;
    const first = items[0];
    const last = items.pop();
    if (last === undefined || items.length === 0) return first;
    let index = 0;
    for (let child = 1; child < items.length; child = index * 2 + 1) {
      if (child + 1 < items.length && items[child + 1]!.place < items[child]!.place) child++;
      if (items[child]!.place >= last.place) break;
      items[index] = items[child]!;
      index = child;
    }
    items[index] = last;
    return first;
  }

  /** At most `count` of them from behind a place on, in order. They stay. */
  after(place: number, count: number): StoredMessage[] {
    if (this.#items.length === 0) return [];
    const behind = this.#items.filter((message) => message.place > place);
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
    const all = this.#items.sort((a, b) => a.place - b.place);
    this.#items = [];
    this.#nextDeadline = Infinity;
    return all;
  }
}
