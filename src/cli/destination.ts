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
 * Where an address leads, by the routes of the configuration.
 *
 * @throws AddressError when it leads nowhere.
 */
export function endpointOf(address: string, config: Config | undefined): Endpoint {
  return resolveEndpoint(parseAddress(new RouteTable().replace(config?.routes ?? []).resolve(address) ?? ''));
}

/**
 * Where messages to an address go. Commands ask before they read what to send: a mistake is to be told though there is
 * nothing to send.
 *
 * @throws AddressError as `endpointOf` does, and for an address to listen on.
 */
export function destinationOf(address: string, config: Config | undefined): Endpoint {
  const endpoint = endpointOf(address, config);
  if (!endpoint.passive) return endpoint;
  throw new AddressError(`${redact(address)} is an address to listen on. Give the address of a peer, without ~.`);
}

/** Whether two endpoints are one node of one peer, as far as addresses tell: a host may have several names. */
export function isSameNode(one: Endpoint, other: Endpoint): boolean {
  const [here, there] = [one, other].map((endpoint) =>
    connectionKey({ ...endpoint, user: undefined, password: undefined }),
  );
  // To receive from # is to ask for a node of one's own.
  const isOwn = one.passive || one.name === '#';
  return !isOwn && here === there && (one.name ?? '') === (other.name ?? '');
}

/** The address of a peer, without a node. */
export function peerAddress({ tls, host, port }: Endpoint, credentials: string = ''): string {
  return `${tls ? 'amqps' : 'amqp'}://${credentials}${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/**
 * Connects to a peer and lets go again: whether it can be reached is to be known before a message is there to be sent.
 * A messenger of its own does it, since the routes of the configuration are not to be connected to.
 */
export async function checkConnection(
  endpoint: Endpoint,
  config: Config | undefined,
  options: ConnectionOptions,
  signal: AbortSignal,
): Promise<void> {
  const { user, password } = endpoint;
  // Encoded, there is no $ in them, which would stand for a group of the route.
  const names = [user, password].filter((name) => name !== undefined).map(encodeURIComponent);
  const credentials = user === undefined ? '' : `${names.join(':')}@`;
  await using messenger = messengerFor(config && { ...config, routes: [], rewrites: [] }, options, {});
  messenger.route('peer', peerAddress(endpoint, credentials));
  await messenger.start({ checkRoutes: true, signal });
}
