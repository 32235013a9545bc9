import type { Endpoint } from '../../address/endpoint.js';
import type { SenderLink } from '../../link/session/sender-link.js';
import type { DeliveryOwner, OutgoingDelivery } from '../../queue/outgoing-delivery.js';

/** Where the messages of one address go: worked out once, by the route table, for all of them. */
export class Destination implements DeliveryOwner {
  /** The link, while there is one. The next `put` opens another. */
  link: SenderLink | undefined;
  readonly #to: string | undefined;
  readonly #endpoint: Endpoint;
  readonly #ended: (delivery: OutgoingDelivery) => void;

  constructor(
    /** Where it goes, without credentials. */
    readonly destination: string,
    to: string | undefined,
    endpoint: Endpoint,
    /** Whose it is: a tracker of another messenger is told by this. */
    readonly destinations: object,
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

  /** What to connect to. */
  endpoint(): Endpoint {
    return this.#endpoint;
  }

  deliveryEnded(delivery: OutgoingDelivery): void {
    this.#ended(delivery);
  }
}
