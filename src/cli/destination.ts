import { parseAddress } from '../address/address.js';
import { connectionKey, resolveEndpoint } from '../address/endpoint.js';
import type { Endpoint } from '../address/endpoint.js';
import { redact } from '../address/redact.js';
import { RouteTable } from '../address/route-table.js';
import type { Config } from '../config/config.js';
import { AddressError } from '../errors.js';
import { messengerFor } from './connection-options.js';
import type { ConnectionOptions } from './connection-options.js';

/**
 * The endpoint of an address, by the routes of the configuration.
 *
 * @throws AddressError when it has no destination.
 */
export function endpointOf(address: string, config: Config | undefined): Endpoint {
  return resolveEndpoint(parseAddress(new RouteTable().replace(config?.routes ?? []).resolve(address) ?? ''));
}

/**
 * The destination of messages to an address. Commands resolve it before they read their input, so that a mistake is
 * reported even when there is nothing to send.
 *
 * @throws AddressError as `endpointOf` does, and for an address to listen on.
 */
export function destinationOf(address: string, config: Config | undefined): Endpoint {
  const endpoint = endpointOf(address, config);
  if (!endpoint.passive) return endpoint;
  throw new AddressError(`${redact(address)} is an address to listen on. Give the address of a peer, without ~.`);
}

/**
 * True if two endpoints are the same node of the same peer. Compares addresses only, although a host may have several
 * names.
 */
export function isSameNode(one: Endpoint, other: Endpoint): boolean {
  const [here, there] = [one, other].map((endpoint) =>
    connectionKey({ ...endpoint, user: undefined, password: undefined }),
  );
  // Receiving from # makes the peer create a new node.
  const isOwn = one.passive || one.name === '#';
  return !isOwn && here === there && (one.name ?? '') === (other.name ?? '');
}

/** The address of a peer, without a node. */
export function peerAddress({ tls, host, port }: Endpoint, credentials: string = ''): string {
  return `${tls ? 'amqps' : 'amqp'}://${credentials}${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/**
 * Connects to a peer and closes the connection, to find out whether the peer can be reached before there is a message
 * to send. It uses a messenger of its own, without the routes of the configuration.
 */
export async function checkConnection(
  endpoint: Endpoint,
  config: Config | undefined,
  options: ConnectionOptions,
  signal: AbortSignal,
): Promise<void> {
  const { user, password } = endpoint;
  // Percent-encoding also removes `$`, which would stand for a group of the route.
  const names = [user, password].filter((name) => name !== undefined).map(encodeURIComponent);
  const credentials = user === undefined ? '' : `${names.join(':')}@`;
  await using messenger = messengerFor(config && { ...config, routes: [], rewrites: [] }, options, {});
  messenger.route('peer', peerAddress(endpoint, credentials));
  await messenger.start({ checkRoutes: true, signal });
}
