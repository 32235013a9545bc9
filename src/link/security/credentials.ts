import type { Endpoint } from '../../address/endpoint.js';
import type { Clock, Timer } from '../../clock.js';
import { ConnectionError, OptionError, asError } from '../../errors.js';
import { readSecret } from '../../small-file.js';

/** A mechanism that proves who we are (AMQP 1.0 §5.3.3.1). */
export type SaslMechanism = 'EXTERNAL' | 'XOAUTH2' | 'PLAIN' | 'ANONYMOUS';

/** The mechanisms there are, strongest first. A peer chooses nothing: of what it offers, ours is the order. */
export const SASL_MECHANISMS: readonly SaslMechanism[] = ['EXTERNAL', 'XOAUTH2', 'PLAIN', 'ANONYMOUS'];

/** A token that expires. */
export interface Token {
  /** The token itself. */
  value: string;
  /** When it stops being valid. A number is milliseconds since 1970. Default never. */
  expires?: Date | number | undefined;
}

/** Where tokens come from. It is asked for every connection, and again before a token expires. */
export type TokenSource = () => string | Token | Promise<string | Token>;

/** The credentials that peers are told, where the address has none. */
export interface SaslOptions {
  /**
   * The mechanisms that may be used, if the peer offers them. Default: PLAIN when there are user and password, XOAUTH2 when there is a
   * token, EXTERNAL and then ANONYMOUS with a certificate of our own, else ANONYMOUS.
   */
  mechanisms?: readonly SaslMechanism[] | undefined;
  /** The user, unless the address has one. */
  user?: string | undefined;
  /** The password, unless the address has one. It is for the user of the address too, unless `user` names another. */
  password?: string | undefined;
  /** A file that holds the password, likewise, read for every connection. A line end at its end does not count. */
  passwordFile?: string | undefined;
  /** A token, or who gives one: with it XOAUTH2 is used. */
  token?: string | TokenSource | undefined;
}

/** The credentials for one connection. */
export interface Credentials {
  readonly user: string | undefined;
  readonly password: string | undefined;
  readonly token: string | undefined;
  /** When the token expires, in milliseconds since 1970. */
  readonly expires: number;
}

/** Credentials by the host, or host and port, that they are for. */
export type HostCredentials = Readonly<Record<string, SaslOptions>>;

/**
 * What options come to at an endpoint: what its address says goes before what is for its host, and that before what holds
 * for all. A host that a peer has named gets only what is for it by name.
 */
export function saslAt(endpoint: Endpoint, common: SaslOptions, credentials: HostCredentials = {}): SaslOptions {
  const ofHost = credentialsOf(endpoint, credentials);
  if (endpoint.isNamedByPeer === true) return ofHost ?? {};
  const { user, password } = endpoint;
  const sasl = ofHost ?? common;
  if (user === undefined) return sasl;
  const { mechanisms } = sasl;
  if (password !== undefined) return { mechanisms, user, password };
  // A password that was given for another user is not told to anybody on behalf of this one.
  if (sasl.user !== undefined && sasl.user !== user) return { mechanisms, user };
  return { mechanisms, user, password: sasl.password, passwordFile: sasl.passwordFile };
}

/** The credentials that were given for a host and port, else for the host. The case of a host does not count. */
function credentialsOf({ host, port }: Endpoint, credentials: HostCredentials): SaslOptions | undefined {
  const names = [`${host}:${port}`, host].map((name) => name.toLowerCase());
  for (const name of names) {
    const found = Object.entries(credentials).find(([key]) => key.toLowerCase() === name);
    if (found !== undefined) return found[1];
  }
  return undefined;
}

/** Who to say we are at an endpoint. Gives a promise only when somebody has to be asked for a token. */
export function credentialsFor(
  endpoint: Endpoint,
  common: SaslOptions,
  credentials?: HostCredentials,
): Credentials | Promise<Credentials> {
  const { user, password, passwordFile, token } = saslAt(endpoint, common, credentials);
  const known = { user, password: password ?? passwordIn(passwordFile), token: undefined, expires: Infinity };
  if (token === undefined) return known;
  if (typeof token === 'string') return { ...known, token };
  return ask(token).then(({ value, expires }) => ({ ...known, token: value, expires: Number(expires ?? Infinity) }));
}

async function ask(source: TokenSource): Promise<Token> {
  let given: unknown;
  try {
    given = await source();
  } catch (cause) {
    throw new ConnectionError(`No token could be had: ${asError(cause).message}.`, { cause });
  }
  if (isToken(given)) return { value: given };
  // An invalid time counts as never.
  if (typeof given === 'object' && given !== null && 'value' in given && isToken(given.value)) return given as Token;
  throw new OptionError('sasl.token must give a string that is not empty, or an object with such a string as value.');
}

function isToken(given: unknown): given is string {
  return typeof given === 'string' && given !== '';
}

function passwordIn(path: string | undefined): string | undefined {
  if (path === undefined) return undefined;
  try {
    return readSecret(path);
  } catch (cause) {
    throw new OptionError(`The file of the password cannot be read: ${asError(cause).message}.`, { cause });
  }
}

/** The time before the expiry of a token at which the connection is made anew, in milliseconds. */
const MARGIN = 30_000;

/** The shortest time between two tokens, in milliseconds, however short they live. */
const SHORTEST = 1000;

/**
 * When to ask for the next token: half a minute before the one there is expires, or at half of what is left of it.
 * `undefined` when it never expires, or has expired already: then it is for the peer to say what that means, and to ask
 * again and again would not help.
 */
export function renewalDelay(expires: number, now: number): number | undefined {
  const left = expires - now;
  if (!(left > 0) || left === Infinity) return undefined;
  return Math.max(left - MARGIN, left / 2, SHORTEST);
}

/** The part of the time before the expiry of a token that the connection may take to come to rest. */
const REST = 2 / 3;

/** Calls back when a token is about to expire. */
export class Renewal {
  readonly #clock: Clock;
  #timer: Timer | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * @param expires When the token expires, in milliseconds since 1970.
   * @param renew Called with the milliseconds that the connection may take to come to rest. The rest is for the new one.
   */
  schedule(expires: number, renew: (limit: number) => void): void {
    this.cancel();
    const now = this.#clock.wallNow();
    const delay = renewalDelay(expires, now);
    if (delay === undefined) return;
    const limit = Math.max(0, (expires - now - delay) * REST);
    this.#timer = this.#clock.setTimeout(() => renew(limit), delay);
  }

  cancel(): void {
    if (this.#timer !== undefined) this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
