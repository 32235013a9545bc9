import { ExpiringLine } from '../queue/expiring-line.js';
import { ReturnedMessages } from './returned-messages.js';
import type { StoredMessage } from './stored-message.js';

/** The most messages that consumers have refused to be given again, and that no other consumer has taken. */
const MAX_SET_ASIDE = 1000;

/**
 * The messages of a queue that no consumer has, in order. Those that have come back stand before all others, since the queue
 * only gives out the first.
 */
export class MessageLine {
  readonly #waiting = new ExpiringLine<StoredMessage>();
  readonly #returned = new ReturnedMessages();
  /** Messages that no consumer with credit may be given. */
  #setAside: StoredMessage[] = [];

  /** The number of messages. */
  get size(): number {
    return this.#waiting.size + this.#returned.size + this.#setAside.length;
  }

  /** A time before which none expires. `Infinity` when none ever does. */
  get nextDeadline(): number {
    return Math.min(this.#waiting.nextDeadline, this.#returned.nextDeadline);
  }

  /** Adds a message that is new, at the end. */
  add(message: StoredMessage): void {
    this.#waiting.add(message.place, message, message.deadline);
  }

  /** Puts a message back to where it was. */
  putBack(message: StoredMessage): void {
    this.#returned.push(message);
  }

  /** The first message, which stays. */
  peek(): StoredMessage | undefined {
    return this.#returned.peek() ?? this.#waiting.oldest;
  }

  /** Takes the first message. */
  shift(): StoredMessage | undefined {
    return this.#returned.size > 0 ? this.#returned.shift() : this.#waiting.shift();
  }

  /** Puts a message where it does not hold up the others. Returns false when there are too many of these. */
  setAside(message: StoredMessage): boolean {
    if (this.#setAside.length === MAX_SET_ASIDE) return false;
    this.#setAside.push(message);
    return true;
  }

  /** A consumer has come, or has credit again, that may take what was set aside: that goes back to its place. */
  retrySetAside(): void {
    if (this.#setAside.length === 0) return;
    for (const message of this.#setAside) this.#returned.push(message);
    this.#setAside = [];
  }

  /** At most `count` messages from behind a place on, in order. They stay. */
  after(place: number, count: number): StoredMessage[] {
    const returned = this.#returned.after(place, count);
    return [...returned, ...this.#waiting.after(place, count - returned.length)];
  }

  /** Takes out what expires at `now` or before. */
  takeExpired(now: number): StoredMessage[] {
    this.retrySetAside();
    return [...this.#returned.takeExpired(now), ...this.#waiting.takeExpired(now)];
  }

  /** Takes everything out, in order. */
  drain(): StoredMessage[] {
    this.retrySetAside();
    return [...this.#returned.drain(), ...this.#waiting.drain()];
  }
}
