import type { Endpoint } from '../../address/endpoint.js';
import { StateError } from '../../errors.js';
import type { PeerConnection } from '../../link/connection/peer-connection.js';
import type { SenderLink } from '../../link/session/sender-link.js';
import type { DeliveryOwner, OutgoingDelivery } from '../../queue/outgoing-delivery.js';

/** Where the messages of one address go: worked out once, by the route table, for all of them. */
export class Destination implements DeliveryOwner {
  /** The link, while there is one. The next `put` opens another. */
  link: SenderLink | undefined;
  readonly #to: string | undefined;
  readonly #endpoint: Endpoint | undefined;
  readonly #ended: (delivery: OutgoingDelivery) => void;

  constructor(
    /** Where it goes, without credentials. */
    readonly destination: string,
    to: string | undefined,
    endpoint: Endpoint | undefined,
    /** The table that it belongs to: a tracker of another messenger is told by this. */
    readonly destinations: object,
    /** The node at the peer. */
    readonly node: string | undefined,
    /** The connection it goes over; `undefined` for the one to the endpoint. */
    readonly connection: PeerConnection | undefined,
    ended: (delivery: OutgoingDelivery) => void,
  ) {
    this.#to = to;
    this.#endpoint = endpoint;
    this.#ended = ended;
  }

  // Methods, since both may hold a password, and trackers lead here, which may be shown with all their properties.

  /** What the wire's `to` says: the address as rewritten. `undefined` when a rewrite has removed it. */
  to(): string | undefined {
    return this.#to;
  }

  /** What to connect to. Not for one that has a connection. */
  endpoint(): Endpoint {
    if (this.#endpoint === undefined) throw new StateError('The destination goes over a connection that is there.');
    return this.#endpoint;
  }

  deliveryEnded(delivery: OutgoingDelivery): void {
    this.#ended(delivery);
  }
}
