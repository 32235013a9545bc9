import { LinkError } from '../../errors.js';
import type { PeerError } from '../../errors.js';
import type { Outcome } from '../../message/outcome.js';
import { printable } from '../../printable.js';

/** The error of a message that the peer has rejected. */
export function rejection(error: PeerError | undefined): LinkError {
  const words = error === undefined ? 'without a reason' : `${error.condition} ${error.description ?? ''}`.trimEnd();
  const reason = printable(words);
  return new LinkError(`The peer rejected the message: ${reason.replace(/\.$/, '')}.`, { condition: error?.condition });
}

/** The error of messages that the peer has taken back from `place`. */
export function takenBack(count: number, place: string, { type }: Outcome): LinkError {
  const messages = count === 1 ? 'a message' : `${count} messages`;
  return new LinkError(
    `The peer has taken back ${messages} of ${place} (${type}) before there was an outcome, and may give it to others. ` +
      'Give messages their outcomes sooner, take fewer at a time, or raise the time limit of the peer.',
  );
}
