import type { Endpoint } from '../../address/endpoint.js';
import { ConnectionError } from '../../errors.js';
import type { RheaConnection, RheaError } from '../rhea/rhea-seam.js';

/** Hosts that a peer may name. More are not kept, nor looked at: the list is the peer's to fill. */
export const MAX_NAMED_HOSTS = 16;

/** Redirects followed in a row. More are taken for peers that send us round in circles. */
export const MAX_REDIRECTS = 5;

/** The peer has closed the connection and named another host to go to (AMQP 1.0 §2.8.16). */
export class RedirectError extends ConnectionError {
  constructor(
    /** Where to go. */
    readonly host: string,
    readonly port: number,
  ) {
    super(`The peer sends its clients on to ${host}:${port}. Name that host, or set dialPeerHosts to follow.`, {
      condition: 'amqp:connection:redirect',
    });
  }

  /** The same endpoint at the other host, without its credentials. TLS stays as it is: nobody talks us out of it. */
  apply(endpoint: Endpoint): Endpoint {
    return namedByPeer(endpoint, this.host, this.port);
  }
}

/** The redirect that an error of the peer asks for. `undefined` when it asks for none, or for one that makes no sense. */
export function redirectOf(error: RheaError | undefined): RedirectError | undefined {
  if (error?.condition !== 'amqp:connection:redirect') return undefined;
  const host = error.info?.['network-host'];
  const port = error.info?.['port'];
  return isHostName(host) && isPort(port) ? new RedirectError(host, port) : undefined;
}

/** The hosts that a peer names as its stand-ins, in the properties of its open frame. What makes no sense is left out. */
export function namedHosts(endpoint: Endpoint, { properties }: Pick<RheaConnection, 'properties'>): Endpoint[] {
  const list = properties?.['failover-server-list'];
  if (!Array.isArray(list)) return [];
  return list.slice(0, MAX_NAMED_HOSTS).flatMap((entry: unknown) => {
    if (typeof entry !== 'object' || entry === null) return [];
    const { 'network-host': networkHost, hostname, port: named } = entry as Readonly<Record<string, unknown>>;
    const host = networkHost ?? hostname;
    const port = named ?? endpoint.port;
    return isHostName(host) && isPort(port) ? [namedByPeer(endpoint, host, port)] : [];
  });
}

/** The same endpoint at a host that a peer has named: credentials that were given for another host are not for it. */
function namedByPeer(endpoint: Endpoint, host: string, port: number): Endpoint {
  return { ...endpoint, host, port, user: undefined, password: undefined, isNamedByPeer: true };
}

/** The longest name that DNS has, in characters. */
const LONGEST_NAME = 253;

const HIGHEST_PORT = 65_535;

/** Tells whether a value that a peer has named as a host can be one. Any other is dialled by nobody and printed nowhere. */
function isHostName(host: unknown): host is string {
  return typeof host === 'string' && host.length <= LONGEST_NAME && /^[\p{L}\p{N}._:-]+$/u.test(host);
}

/** Tells whether a value that a peer has named as a port is one. */
function isPort(port: unknown): port is number {
  return typeof port === 'number' && Number.isInteger(port) && port > 0 && port <= HIGHEST_PORT;
}
