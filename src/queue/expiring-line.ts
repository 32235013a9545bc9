import { Heap } from './heap.js';
import { NumberedLine } from './numbered-line.js';

/** As many deadlines of messages that have left may be kept, beyond as many as there are messages. */
const SLACK = 32;

const NONE: readonly never[] = [];

/** Messages in the order they came, which may also leave by their deadlines, or one by one by their numbers. */
export class ExpiringLine<Message extends object> {
  readonly #line = new NumberedLine<Message>();
  /** A message that leaves otherwise leaves its deadline behind. */
  readonly #deadlines = new Heap<{ readonly deadline: number; readonly number: number }>(({ deadline }) => deadline);

  /** How many messages there are. */
  get size(): number {
    return this.#line.size;
  }

  /** The oldest message, which stays. */
  get oldest(): Message | undefined {
    return this.#line.first;
  }

  /** A time before which none expires. `Infinity` when none ever does. */
  get nextDeadline(): number {
    return this.#deadlines.peek()?.deadline ?? Infinity;
  }

  /** Adds a message at the end. Its number is above all before it; its deadline may be `Infinity`. */
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

  /** Takes the message with a number. Returns false when it is not here. */
  remove(number: number): boolean {
    const message = this.#line.take(number);
    this.#forgetDeadlines();
    return message !== undefined;
  }

  /** At most `count` messages from behind a number on, in order. They stay. */
  after(number: number, count: number): Message[] {
    return this.#line.after(number, count);
  }

  /** Takes out what expires at `now` or before, the earliest deadline first. */
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

  /** Takes everything out, in order. */
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
