import { Heap } from './heap.js';
import { NumberedLine } from './numbered-line.js';

/** Deadlines of messages that have left may be kept until there are this many more than messages. */
const SLACK = 32;

const NONE: readonly never[] = [];

/** Messages in the order of their arrival. They can also be taken by deadline or by number. */
export class ExpiringLine<Message extends object> {
  readonly #line = new NumberedLine<Message>();
  /** The deadline of a message that leaves in another way stays here until the next cleaning. */
  readonly #deadlines = new Heap<{ readonly deadline: number; readonly number: number }>(({ deadline }) => deadline);

  /** The number of messages. */
  get size(): number {
    return this.#line.size;
  }

  /** The oldest message, without taking it. */
  get oldest(): Message | undefined {
    return this.#line.first;
  }

  /** A time before which no message expires. `Infinity` when none ever expires. */
  get nextDeadline(): number {
    return this.#deadlines.peek()?.deadline ?? Infinity;
  }

  /** Adds a message at the end. Its number must be above all earlier ones; its deadline may be `Infinity`. */
  add(number: number, message: Message, deadline: number): void {
    this.#line.push(number, message);
    if (deadline !== Infinity) this.#deadlines.push({ deadline, number });
  }

  /** Takes the oldest message. */
  shift(): Message | undefined {
    const message = this.#line.shift();
    this.#forgetDeadlines();
    return message;
  }

  /** Takes the message with a number. Returns false when there is none. */
  remove(number: number): boolean {
    const message = this.#line.take(number);
    this.#forgetDeadlines();
    return message !== undefined;
  }

  /** The first `count` messages behind a number, in order, without taking them. */
  after(number: number, count: number): Message[] {
    return this.#line.after(number, count);
  }

  /** Takes the messages that expire at `now` or before, the earliest deadline first. */
  takeExpired(now: number): readonly Message[] {
    if (this.nextDeadline > now) return NONE;
    const expired: Message[] = [];
    for (let next = this.#deadlines.peek(); next !== undefined && next.deadline <= now; next = this.#deadlines.peek()) {
      this.#deadlines.pop();
      const message = this.#line.take(next.number);
      if (message !== undefined) expired.push(message);
    }
    this.#forgetDeadlines();
    return expired;
  }

  /** Takes all messages, in order. */
  drain(): readonly Message[] {
    this.#deadlines.clear();
    return this.#line.drain();
  }

  #forgetDeadlines(): void {
    const { size } = this.#deadlines;
    if (size === 0) return;
    if (this.#line.size === 0) this.#deadlines.clear();
    else if (size > this.#line.size * 2 + SLACK) this.#deadlines.keep(({ number }) => this.#line.has(number));
  }
}
