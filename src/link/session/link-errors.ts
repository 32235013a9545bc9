import { LinkError } from '../../errors.js';
import type { PeerError } from '../../errors.js';
import type { Outcome } from '../../message/outcome.js';
import { printable } from '../../printable.js';
import type { RheaError } from '../rhea/rhea-seam.js';

/** The error for a link that no session has a handle for. */
export function tooManyLinks(place: string): LinkError {
  return new LinkError(
    `The peer takes no more links on this connection, so none to ${place}. Close others, or use another messenger.`,
    { condition: 'amqp:resource-limit-exceeded' },
  );
}

/** The error for a link that the peer has closed, by itself or with its session. */
export function endError(what: string, error: RheaError | undefined): LinkError {
  const said = [error?.condition, error?.description].filter((words) => typeof words === 'string' && words !== '');
  const reason = printable(said.join(': '));
  return new LinkError(`${what}${reason ? ` (${reason})` : ''}.`, { condition: error?.condition });
}

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
