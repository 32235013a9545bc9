import type { Endpoint } from '../../address/endpoint.js';
import type { Credentials, SaslMechanism } from './credentials.js';

/** A SASL exchange that came to nothing. */
export interface Refusal {
  /** The mechanisms that the peer offered; none when it did not come to that. */
  readonly offered: readonly string[];
  /** The mechanisms that our credentials allow. */
  readonly usable: readonly SaslMechanism[];
  /** The mechanism that was used; `undefined` when the peer offers none of ours. */
  readonly chosen: SaslMechanism | undefined;
  /** The words of the peer. */
  readonly words: string | undefined;
}

/** Names of mechanisms as RFC 4422 §3.1 has them. What a peer offers besides is printed nowhere. */
const MECHANISM = /^[A-Z0-9_-]{1,20}$/;
const MAX_NAMED = 16;

/** Says in a sentence or two who was refused where, and what to look at. It has no user, and nothing that proves one. */
export function describeRefusal(endpoint: Endpoint, credentials: Credentials, refusal: Refusal): string {
  const where = `${endpoint.host}:${endpoint.port}`;
  const { chosen, offered, words } = refusal;
  if (chosen === undefined && offered.length > 0) return unmatched(where, endpoint, credentials, refusal);
  const [who, check] = refused(chosen, endpoint);
  return `${where} refused ${who}${words === undefined ? '' : ` (${words})`}. ${check}`;
}

/** Nothing that the peer offers can be used. */
function unmatched(where: string, endpoint: Endpoint, credentials: Credentials, { offered, usable }: Refusal): string {
  const names = offered.filter((name) => MECHANISM.test(name)).slice(0, MAX_NAMED);
  const offers = `it offers ${names.join(', ') || 'nothing that is known'}`;
  const { user, password, token } = credentials;
  if (usable.includes('ANONYMOUS') && token === undefined) {
    if (!user) return `${where} wants a user (${offers}), and none was given.`;
    if (password === undefined) {
      return `${where} wants a password (${offers}), and none was given for ${userOf(endpoint)}.`;
    }
  }
  return `${where} takes none of the SASL mechanisms that this client may use: ${offers}, and this client has ${usable.join(', ')}.`;
}

function refused(chosen: SaslMechanism | undefined, endpoint: Endpoint): [string, string] {
  switch (chosen) {
    case 'PLAIN': {
      const from = endpoint.password === undefined ? 'the options' : 'the address';
      const check = `Check the user, and the password, which comes from ${from}.`;
      return [userOf(endpoint), check];
    }
    case 'XOAUTH2':
      return ['the token of the options', 'Check that it is valid, and meant for this peer.'];
    case 'EXTERNAL':
      return ['our certificate', 'Check tls.cert or tls.certFile, and that the peer knows whom it is for.'];
    default:
      return ['a client that does not say who it is', 'Give a user and password, in the address or in sasl.'];
  }
}

/** The user, by where it comes from: who reads a log need not know the name. */
function userOf({ user }: Endpoint): string {
  return `the user of the ${user === undefined ? 'options' : 'address'}`;
}

/**
 * What a peer says, without what it was told in confidence. Words that repeat it are left out as a whole: what is left
 * around a short password would still show it.
 */
export function discreet(words: string, { password, token }: Credentials): string {
  const repeats = [password, token].some((secret) => secret !== undefined && secret !== '' && words.includes(secret));
  return repeats ? 'its words repeat our password or token and are left out' : words;
}
