import { AuthenticationError, ConnectionError, LinkError, MessagingError, ProtocolError, asError } from '../errors.js';
import { redirectOf } from './redirect.js';
import type { RheaError } from './rhea-seam.js';

/** The error for a connection that the peer has closed, or whose SASL exchange has failed. */
export function closeError(error: (RheaError & Partial<Error>) | undefined, state: string): MessagingError {
  const redirect = redirectOf(error);
  if (redirect !== undefined) return redirect;
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

const ADVICE: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there. Check host and port, and that the broker runs.',
  ENOTFOUND: 'no such host. Check the address, or add a route for it.',
  EAI_AGAIN: 'the host name could not be looked up. Check the name and the network.',
  ECONNRESET: 'the peer cut the connection.',
  ETIMEDOUT: 'the host did not answer.',
  EHOSTUNREACH: 'the host cannot be reached.',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is self-signed. Give the authority in tls.ca.',
  SELF_SIGNED_CERT_IN_CHAIN: 'its certificate is signed by an unknown authority. Give the authority in tls.ca.',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its certificate is signed by an unknown authority. Give the authority in tls.ca.',
  CERT_HAS_EXPIRED: 'its certificate has expired.',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another host. Check the host, or set tls.servername.',
  EPROTO: 'it does not speak TLS there. Check the port and the scheme.',
  ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION: 'it speaks no TLS version that is safe. It has to offer TLS 1.2 or later.',
  ERR_SSL_UNSUPPORTED_PROTOCOL: 'it speaks no TLS version that is safe. It has to offer TLS 1.2 or later.',
};

/** The same error, saying which host it is about, and in words for what Node says in codes. */
export function located(error: MessagingError, name: string): MessagingError {
  if (error.code !== 'ERR_CONNECTION') return error;
  const cause: Error & { code?: string } = asError(error.cause ?? error);
  return new ConnectionError(`${name}: ${ADVICE[cause.code ?? ''] ?? error.message}`, {
    cause,
    condition: error.condition,
  });
}
