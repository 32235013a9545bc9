import { AuthenticationError, ConnectionError, LinkError, MessagingError, ProtocolError, asError } from '../errors.js';
import type { RheaError } from './rhea-seam.js';

/** The error for a connection that the peer has closed, or whose SASL exchange has failed. */
export function closeError(error: (RheaError & Partial<Error>) | undefined, state: string): MessagingError {
  const { condition, description } = error ?? {};
  const words = description ?? error?.message;
  if (condition === 'amqp:unauthorized-access' || (state === 'opening' && condition === undefined)) {
    return new AuthenticationError(
      `The peer refused to authenticate this client${words ? ` (${words})` : ''}. ` +
        'Check the user and password in the address, and the SASL mechanisms the peer offers.',
      { condition: condition ?? 'amqp:unauthorized-access' },
    );
  }
  const reason = [condition, words].filter(Boolean).join(': ');
  return new ConnectionError(`The peer closed the connection${reason ? ` (${reason})` : ''}.`, { condition });
}

/** The error for a connection whose socket, or whose bytes, went wrong. */
export function failureError(failure: unknown): MessagingError {
  if (failure instanceof MessagingError) return failure;
  if (failure === undefined) return new ConnectionError('The peer dropped the connection without closing it.');
  const message = asError(failure).message;
  return new ConnectionError(`The connection failed: ${message || 'no reason given'}.`, { cause: failure });
}

/** The error for frames of the peer that rhea, or whoever it told of them, could not deal with. */
export function violation(failure: unknown): MessagingError {
  if (failure instanceof MessagingError) return failure;
  const cause = asError(failure);
  return new ProtocolError(`The peer broke the rules of AMQP: ${cause.message}.`, { cause });
}

/** The error for a link that the peer has closed, by itself or with its session. */
export function endError(what: string, error: RheaError | undefined): LinkError {
  const reason = [error?.condition, error?.description].filter(Boolean).join(': ');
  return new LinkError(`${what}${reason ? ` (${reason})` : ''}.`, { condition: error?.condition });
}
