import { MessagingError } from '../../errors.js';
import type { Tracker } from '../../queue/tracker.js';

/** `send` could not see every message through: these were aborted, and each tracker's `error` says why. */
export class SendError extends MessagingError {
  /** The trackers of the messages that were given up. */
  declare readonly trackers: readonly Tracker[];

  constructor(message: string, trackers: readonly Tracker[]) {
    const cause = trackers[0]?.error;
    super('ERR_SEND', message, { cause, condition: cause instanceof MessagingError ? cause.condition : undefined });
    // Not shown with the error: Node prints an uncaught one with all that its trackers lead to.
    Object.defineProperty(this, 'trackers', { value: trackers });
  }
}
