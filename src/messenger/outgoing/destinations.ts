import { parseAddress } from '../../address/address.js';
import { defaultRewrite } from '../../address/default-rewrite.js';
import { resolveEndpoint } from '../../address/endpoint.js';
import { namesHost } from '../../address/reply-to.js';
import { redact } from '../../address/redact.js';
import type { RouteTable } from '../../address/route-table.js';
import { AddressError } from '../../errors.js';
import type { PeerConnection } from '../../link/connection/peer-connection.js';
import { isPeerAddress } from '../../message/peer-address.js';
import type { KnownHosts } from '../options/known-hosts.js';
import type { OutgoingDelivery } from '../../queue/outgoing-delivery.js';
import { Destination } from './destination.js';

/** Addresses whose destinations are remembered. Beyond it the oldest is worked out anew. */
const MAX_REMEMBERED = 10_000;

/** What destinations are made for. */
export interface DestinationsHost {
  readonly routes: RouteTable;
  readonly rewrites: RouteTable;
  readonly hosts: KnownHosts;
  /** A message to one of them has ended. */
  ended(delivery: OutgoingDelivery): void;
}

/** Where messages go, by their addresses: routed and rewritten once for each address. */
export class Destinations {
  readonly #host: DestinationsHost;
  readonly #known = new Map<string, Destination>();
  readonly #ended = (delivery: OutgoingDelivery): void => this.#host.ended(delivery);

  constructor(host: DestinationsHost) {
    this.#host = host;
  }

  /**
   * Finds where a message to `address` goes, by the route table.
   *
   * @throws AddressError when there is no such place.
   */
  find(address: string | undefined): Destination {
    requireAddress(address);
    // route() takes no null, so every route has somewhere to go.
    return this.#known.get(address) ?? this.#resolve(address, this.#host.routes.resolve(address) ?? '');
  }

  /** Finds where an answer to `address` goes over a connection: to the node that the address names there. */
  over(connection: PeerConnection, address: string | undefined): Destination {
    requireAddress(address);
    const key = `${connection.key} ${address}`;
    const known = this.#known.get(key);
    if (known !== undefined && known.connection === connection) return known;
    const node = namesHost(address) ? parseAddress(address).name : address;
    const destination = new Destination(
      redact(address),
      this.#rewritten(address),
      undefined,
      this,
      node,
      connection,
      this.#ended,
    );
    this.#remember(key, destination);
    return destination;
  }

  /** Whether a destination is one of these, or was. */
  has({ destinations }: Destination): boolean {
    return destinations === this;
  }

  /** Routes have changed: what was worked out from them no longer holds. */
  clear(): void {
    this.#known.clear();
  }

  #resolve(address: string, routed: string): Destination {
    const endpoint = resolveEndpoint(parseAddress(routed));
    if (endpoint.passive) {
      throw new AddressError(`${redact(address)} is an address to listen on. Put the address of a peer, without ~.`);
    }
    const { hosts } = this.#host;
    const isNamedByPeer = isPeerAddress(address) && !hosts.has(endpoint);
    if (!isNamedByPeer) hosts.add(endpoint);
    const destination = new Destination(
      redact(routed),
      this.#rewritten(address),
      isNamedByPeer ? { ...endpoint, isNamedByPeer } : endpoint,
      this,
      endpoint.name,
      undefined,
      this.#ended,
    );
    this.#remember(address, destination);
    return destination;
  }

  /** What the `to` of a message says on the wire. */
  #rewritten(address: string): string | undefined {
    const rewritten = this.#host.rewrites.match(address);
    return rewritten === undefined ? defaultRewrite(address) : (rewritten.output ?? undefined);
  }

  #remember(key: string, destination: Destination): void {
    if (this.#known.size >= MAX_REMEMBERED)
      for (const oldest of this.#known.keys()) {
        this.#known.delete(oldest);
        break;
      }
    this.#known.set(key, destination);
  }
}

/** A message is what a caller says it is. */
function requireAddress(address: string | undefined): asserts address is string {
  if (typeof address === 'string' && address !== '') return;
  throw new AddressError('The message has no address. Set address to where it should go.');
}
