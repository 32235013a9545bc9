import type { Messenger } from '../messenger/messenger.js';
import type { Status } from '../queue/status.js';

/** Counts the outcomes of messages, and keeps the first error of each kind. */
export class Outcomes {
  readonly #counts = new Map<Status, { count: number; reason: string | undefined }>();
  readonly #gaveUp = new AbortController();

  constructor(messenger: Messenger) {
    messenger.on('status', ({ status, error }) => {
      const known = this.#counts.get(status);
      if (known === undefined) this.#counts.set(status, { count: 1, reason: error?.message });
      else known.count++;
      // The other messages would be aborted, too.
      if (status === 'aborted') this.#gaveUp.abort();
    });
  }

  /** Aborted when the first message is aborted. */
  get signal(): AbortSignal {
    return this.#gaveUp.signal;
  }

  /** The number of messages that have ended. */
  get total(): number {
    return [...this.#counts.values()].reduce((sum, { count }) => sum + count, 0);
  }

  /** True if all messages that have ended were accepted. */
  get isGood(): boolean {
    return [...this.#counts.keys()].every((status) => status === 'accepted');
  }

  /** The counts by name. */
  toJSON(): Record<string, number> {
    return Object.fromEntries(Array.from(this.#counts, ([status, { count }]) => [status, count]));
  }

  /** A line such as `98 accepted, 2 rejected (amqp:not-allowed)`. */
  toString(): string {
    const parts = Array.from(this.#counts, ([status, { count, reason }]) => {
      return `${count} ${status}${reason === undefined ? '' : ` (${reason})`}`;
    });
    return parts.join(', ') || 'nothing was sent';
  }
}
