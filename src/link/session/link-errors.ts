import { LinkError } from '../../errors.js';
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
