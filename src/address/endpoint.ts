import { AddressError } from '../errors.js';
import type { Address } from './address.js';

/** The registered port of AMQP over TCP, service name `amqp`. */
export const AMQP_PORT = 5672;
/** The registered port of AMQP over TLS, service name `amqps`. */
const AMQPS_PORT = 5671;
const HIGHEST_PORT = 65_535;

/**
 * The host to listen on when a passive address has none: every IPv4 interface. Unlike `::`, it exists on every machine.
 */
const EVERY_INTERFACE = '0.0.0.0';

/** A target to dial or to listen on: an address with defaults filled in and its port checked. */
export interface Endpoint {
  /** True if TLS begins before AMQP. */
  readonly tls: boolean;
  /** A host name or IP address, as written, without brackets. */
  readonly host: string;
  /** 1 to 65535; 0, any free port, only when `passive`. */
  readonly port: number;
  /** The user to log in as. */
  readonly user: string | undefined;
  /** The password to log in with. Never log it. */
  readonly password: string | undefined;
  /** The node that a link attaches to. */
  readonly name: string | undefined;
  /** True to listen, false to dial. */
  readonly passive: boolean;
  /**
   * True if a peer has named the host, in a message, a redirect or a failover list, and not the program or its
   * configuration. Such a host gets only credentials that were given for it by name.
   */
  readonly isNamedByPeer?: boolean;
}

/**
 * Resolves an address. The scheme `amqps` is TLS, with port 5671; `amqp` and none at all is plain AMQP with port 5672.
 * The case of the scheme does not count (RFC 3986 §3.1). The port may be the service name `amqp` or `amqps`, which
 * stands for its number and does not turn on TLS. A passive address without a host listens on `0.0.0.0`.
 *
 * @throws AddressError for another scheme, when there is no host to dial, when the host holds `@` or `[`, or when the
 * port is not a number from 0 to 65535, 0 only to listen. The message repeats no part of the address except a scheme
 * that is a word: a password that is not percent-encoded can end up in any part.
 */
export function resolveEndpoint(address: Address): Endpoint {
  const tls = isTls(address.scheme);
  return {
    tls,
    host: hostOf(address),
    port: address.port === undefined ? defaultPort(tls) : portOf(address.port, address.passive),
    user: address.user,
    password: address.password,
    name: address.name,
    passive: address.passive,
  };
}

/**
 * The key under which a connection is shared. Default ports are filled in and the host is in lower case, so
 * `amqp://Host/a` and `host:5672/b` share a connection. User and password are part of the key. It holds the password:
 * never log it.
 */
export function connectionKey(endpoint: Endpoint): string {
  const { tls, host, port, user, password, isNamedByPeer = false } = endpoint;
  return JSON.stringify([tls, host.toLowerCase(), port, user ?? null, password ?? null, isNamedByPeer]);
}

/** The host and port of an endpoint, as `host:port`. */
export function hostAndPort({ host, port }: Endpoint): string {
  return `${host}:${port}`;
}

/** Any other scheme is refused: it may be a misspelt `amqps`, and must not lead to clear text. */
function isTls(scheme = 'amqp'): boolean {
  const known = scheme.toLowerCase();
  if (known === 'amqp' || known === 'amqps') return known === 'amqps';
  const what = /^[a-z][a-z0-9+.-]{0,15}$/.test(known) ? `The scheme ${scheme}` : 'What stands before ://';
  const isNear = /^a[mpqs]{2,6}$/.test(known);
  const hint = isNear ? `; did you mean ${known.includes('s') ? 'amqps' : 'amqp'}?` : '.';
  throw new AddressError(`${what} is not known. Write amqp:// or amqps://${hint}`);
}

function hostOf({ host, passive }: Address): string {
  if (host === undefined) {
    if (passive) return EVERY_INTERFACE;
    throw new AddressError('The address has no host to connect to. Write amqp://host/name, or add a route for it.');
  }
  if (host.includes('@')) {
    throw new AddressError('The address has more than one @ before its name. In user and password write @ as %40.');
  }
  if (host.startsWith('[')) {
    throw new AddressError(
      'The address has misplaced brackets. Write an IPv6 address as [::1]:5672, or [~::1]:5672 to listen on it.',
    );
  }
  return host;
}

function portOf(text: string, passive: boolean): number {
  if (text === 'amqp') return AMQP_PORT;
  if (text === 'amqps') return AMQPS_PORT;
  const port = /^\d+$/.test(text) ? Number(text) : NaN;
  const lowest = passive ? 0 : 1;
  if (port >= lowest && port <= HIGHEST_PORT) return port;
  throw new AddressError(
    `The address has a port that is not a number from ${lowest} to ${HIGHEST_PORT}. Write host:port after any scheme://, ` +
      'an IPv6 address in brackets, and the characters : @ / in user and password as %3A %40 %2F.',
  );
}

function defaultPort(tls: boolean): number {
  return tls ? AMQPS_PORT : AMQP_PORT;
}
