import { AuthenticationError } from '../errors.js';
import type { Endpoint } from '../address/endpoint.js';

/** A SASL mechanism as rhea's client drives it. */
interface Mechanism {
  start(respond: (error: unknown, response?: Buffer) => void): void;
  step(challenge: Buffer, respond: (error: unknown, response?: Buffer) => void): void;
}

/** Mechanisms by name, each made anew for every connection. */
export type Mechanisms = Record<string, () => Mechanism>;

const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|::1)$/i;

/**
 * The mechanisms to offer for an endpoint: PLAIN with a user and a password, else ANONYMOUS. One or the other: a peer
 * that does not offer PLAIN is not to be talked to without the credentials the address gives.
 *
 * They are ours and not rhea's, which cuts off credentials beyond ASCII. Throws `AuthenticationError` when the
 * password would go over the network in clear text (design: refused except on loopback or when allowed).
 */
export function mechanismsFor(endpoint: Endpoint, allowInsecure: boolean): Mechanisms {
  const { user, password } = endpoint;
  if (user === undefined || user === '' || password === undefined) {
    const trace = Buffer.from(user ?? '');
    return { ANONYMOUS: () => single(trace) };
  }
  if (!endpoint.tls && !allowInsecure && !LOOPBACK.test(endpoint.host)) {
    throw new AuthenticationError(
      `The password for ${endpoint.host} would be sent in clear text. Use an amqps:// address, or set ` +
        'allowInsecureMechs if the network is trusted.',
    );
  }
  const response = Buffer.from(`\0${user}\0${password}`);
  return { PLAIN: () => single(response) };
}

/** A mechanism that has one thing to say (RFC 4616, RFC 4505). */
function single(response: Buffer): Mechanism {
  return {
    start: (respond) => respond(undefined, response),
    step: (_challenge, respond) => respond(new Error('The peer asked for more than this SASL mechanism has to say.')),
  };
}
