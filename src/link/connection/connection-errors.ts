import { AuthenticationError, ConnectionError, MessagingError, ProtocolError, asError } from '../../errors.js';
import { printable } from '../../printable.js';
import { redirectOf } from './named-hosts.js';
import type { RheaError } from '../rhea/rhea-seam.js';

/** The text of rhea when a SASL exchange comes to nothing: an outcome's code, or that no mechanism fits. */
const SASL_FAILURE = /^(?:Failed to authenticate: (\d+)|No suitable mechanism; )/;

/** SASL outcomes that are no fault of the credentials (AMQP 1.0 §5.3.3.6). */
const SASL_OUTCOMES: Readonly<Record<string, string>> = {
  2: 'it cannot check who we are',
  3: 'it cannot check who we are, and will not be able to before somebody mends it',
  4: 'it cannot check who we are at the moment',
};

/** How the words of a peer that we have logged in to are told. */
export interface PeerWords {
  /** Says who was refused where, with the peer's words for it if it has any. */
  refusal(words: string | undefined): string;
  /** The peer's words without what it was told in confidence. */
  discreet(words: string): string;
}

/**
 * The error for a connection that the peer has closed, or whose SASL exchange has failed.
 *
 * @param telling How the words of the peer are told; without it, little is known of a refusal.
 */
export function closeError(
  error: (RheaError & Partial<Error>) | undefined,
  state: string,
  telling: PeerWords | undefined,
): MessagingError {
  const redirect = redirectOf(error);
  if (redirect !== undefined) return redirect;
  const { condition, description, message, info } = error ?? {};
  const said = told(description ?? message, telling);
  const failure = SASL_FAILURE.exec(said ?? '');
  const words = failure === null ? said : SASL_OUTCOMES[failure[1] ?? ''];
  if (condition === 'amqp:unauthorized-access' || (state === 'opening' && condition === undefined)) {
    const refusal = telling?.refusal(words) ?? sayRefusal(words);
    return new AuthenticationError(refusal, { condition: condition ?? 'amqp:unauthorized-access' });
  }
  const reason = [told(condition), words].filter(Boolean).join(': ');
  const advice = info?.['invalid-field'] === 'container-id' ? ` ${NAME_IN_USE}` : '';
  return new ConnectionError(`The peer closed the connection${reason ? ` (${reason})` : ''}.${advice}`, { condition });
}

/** The advice for a peer that takes one connection of a container-id, such as ActiveMQ Classic (AMQP 1.0 §2.7.1). */
const NAME_IN_USE =
  'It takes one connection of a container-id, and has one of ours: give each messenger a "name" of its own, and each user ' +
  'of that broker a messenger.';

function sayRefusal(words: string | undefined): string {
  return `The peer refused this client${words === undefined ? '' : ` (${words})`}.`;
}

const DROPPED = 'The peer dropped the connection without closing it.';

/** The advice for a peer that may wait for TLS and hears AMQP. */
const MAY_WANT_TLS = "Does it want amqps://? 'amqp-messenger doctor' tells.";

/** The error for a connection whose socket, or whose bytes, went wrong. */
export function failureError(failure: unknown): MessagingError {
  if (failure instanceof MessagingError) return failure;
  if (failure === undefined) return new ConnectionError(DROPPED);
  // It may quote a certificate of the peer.
  const message = printable(asError(failure).message);
  return new ConnectionError(`The connection failed: ${message || 'no reason given'}.`, { cause: failure });
}

/** The error for frames of the peer that rhea, or whoever it told of them, could not deal with. */
export function violation(failure: unknown): MessagingError {
  if (failure instanceof MessagingError) return failure;
  const cause = asError(failure);
  return new ProtocolError(`The peer broke the rules of AMQP: ${printable(cause.message)}.`, { cause });
}

/** What a peer has said, which may be anything, as text that does nothing to a terminal. */
function told(said: unknown, telling?: PeerWords): string | undefined {
  if (typeof said !== 'string') return undefined;
  return printable(telling === undefined ? said : telling.discreet(said));
}

const ADVICE: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there. Check host and port, and that the broker runs.',
  ENOTFOUND: 'no such host. Check the address, or add a route for it.',
  EAI_AGAIN: 'the host name could not be looked up. Check the name and the network.',
  ECONNRESET: 'the peer cut the connection.',
  ETIMEDOUT: 'the host did not answer.',
  EHOSTUNREACH: 'the host cannot be reached.',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is self-signed. Give the authority in tls.ca or tls.caFile.',
  SELF_SIGNED_CERT_IN_CHAIN:
    'its certificate is signed by an unknown authority. Give the authority in tls.ca or tls.caFile.',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    'its certificate is signed by an unknown authority. Give the authority in tls.ca or tls.caFile.',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    'its certificate is signed by an unknown authority. Give the authority in tls.ca or tls.caFile.',
  CERT_HAS_EXPIRED: 'its certificate has expired.',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another host. Check the host, or set tls.servername.',
  EPROTO: 'it does not speak TLS there. Check the port and the scheme.',
  ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION: 'it speaks no TLS version that is safe. It has to offer TLS 1.2 or later.',
  ERR_SSL_UNSUPPORTED_PROTOCOL: 'it speaks no TLS version that is safe. It has to offer TLS 1.2 or later.',
};

/**
 * The same error, saying which host it is about, and in words for what Node says in codes.
 *
 * @param isUnanswered Whether the peer has said nothing in answer to AMQP without TLS.
 */
export function located(error: MessagingError, name: string, isUnanswered = false): MessagingError {
  if (error.code !== 'ERR_CONNECTION') return error;
  const cause: Error & { code?: string } = asError(error.cause ?? error);
  const words = ADVICE[cause.code ?? ''] ?? error.message;
  const isCut = error.message === DROPPED || cause.code === 'ECONNRESET';
  const message = `${name}: ${words}${isUnanswered && isCut ? ` ${MAY_WANT_TLS}` : ''}`;
  return new ConnectionError(message, { cause, condition: error.condition });
}
