import { parseAddress } from '../../address/address.js';
import { defaultRewrite } from '../../address/default-rewrite.js';
import { resolveEndpoint } from '../../address/endpoint.js';
import { redact } from '../../address/redact.js';
import type { RouteTable } from '../../address/route-table.js';
import { AddressError } from '../../errors.js';
import type { OutgoingDelivery } from '../../queue/outgoing-delivery.js';
import { Destination } from './destination.js';

/** Addresses whose destinations are remembered. Beyond it they are worked out anew. */
const MOST = 10_000;

/** What destinations are made for. */
export interface DestinationsHost {
  readonly routes: RouteTable;
  readonly rewrites: RouteTable;
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
   * Where a message to `address` goes.
   *
   * @param routed The same, when that is not for the route table to say.
   * @throws AddressError when there is no such place.
   */
  find(address: string | undefined, routed: string | undefined): Destination {
    // A message is what a caller says it is.
    if (typeof address !== 'string' || address === '') {
      throw new AddressError('The message has no address. Set address to where it should go.');
    }
    const key = routed === undefined ? address : JSON.stringify([address, routed]);
    // route() takes no null, so every route has somewhere to go.
    return this.#known.get(key) ?? this.#resolve(key, address, routed ?? this.#host.routes.resolve(address) ?? '');
  }

  /** Whether a destination is one of these, or was. */
  has({ destinations }: Destination): boolean {
    return destinations === this;
  }

  /** Routes have changed: what was worked out from them no longer holds. */
  clear(): void {
    this.#known.clear();
  }

  #resolve(key: string, address: string, routed: string): Destination {
    const endpoint = resolveEndpoint(parseAddress(routed));
    if (endpoint.passive) {
      throw new AddressError(`${redact(address)} is an address to listen on. Put the address of a peer, without ~.`);
    }
    const rewritten = this.#host.rewrites.match(address);
    const to = rewritten === undefined ? defaultRewrite(address) : (rewritten.output ?? undefined);
    const destination = new Destination(redact(routed), to, endpoint, this, this.#ended);
    if (this.#known.size >= MOST) this.#known.clear();
    this.#known.set(key, destination);
    return destination;
  }
}
