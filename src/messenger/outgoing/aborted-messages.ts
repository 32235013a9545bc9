import { MessagingError } from '../../errors.js';
import type { OutgoingDelivery } from '../../queue/outgoing-delivery.js';
import type { Tracker } from '../../queue/tracker.js';

/** The most aborted messages that a `SendError` names. More are only counted. */
const MAX_NAMED = 100;

/** Messages were aborted before their outcome was known. The `error` of each tracker tells the reason. */
export class SendError extends MessagingError {
  /** The trackers of the messages that were aborted. */
  declare readonly trackers: readonly Tracker[];

  constructor(message: string, trackers: readonly Tracker[]) {
    const cause = trackers[0]?.error;
    super('ERR_SEND', message, { cause, condition: cause instanceof MessagingError ? cause.condition : undefined });
    // Not shown with the error: Node prints an uncaught one with all that its trackers lead to.
    Object.defineProperty(this, 'trackers', { value: trackers });
  }
}

/** The messages that were aborted, until some `send` has reported them. */
export class AbortedMessages {
  readonly #named: OutgoingDelivery[] = [];
  #count = 0;

  /** Keeps a message until it is reported. */
  add(delivery: OutgoingDelivery): void {
    this.#count++;
    if (this.#named.length < MAX_NAMED) this.#named.push(delivery);
  }

  /** Drops a message that the program knows of already. */
  remove(delivery: OutgoingDelivery): void {
    const index = this.#named.indexOf(delivery);
    if (index < 0) return;
    this.#named.splice(index, 1);
    this.#count--;
  }

  /** Moves the messages of another list here. */
  take(other: AbortedMessages): void {
    this.#count += other.#count;
    this.#named.push(...other.#named.splice(0, MAX_NAMED - this.#named.length));
    other.clear();
  }

  /** Drops all: the program has aborted them itself. */
  clear(): void {
    this.#count = 0;
    this.#named.length = 0;
  }

  /** Throws a `SendError` when there is something to report, and drops what it reports. */
  throwIfAny(): void {
    if (this.#count === 0) return;
    const named = [...this.#named];
    const what = this.#count === 1 ? 'A message' : `${this.#count} messages`;
    this.clear();
    const reasons = new Set(named.map(({ owner, error }) => `${owner.destination}: ${error?.message ?? ''}`));
    const [first, ...more] = reasons;
    const others = more.length === 0 ? '' : ` And ${more.length} more reasons; see the trackers.`;
    throw new SendError(`${what} could not be sent. ${first ?? ''}${others}`, named);
  }
}
