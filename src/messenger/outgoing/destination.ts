import type { Endpoint } from '../../address/endpoint.js';
import { StateError } from '../../errors.js';
import type { MessagingError } from '../../errors.js';
import type { PeerConnection } from '../../link/connection/peer-connection.js';
import type { SenderLink } from '../../link/session/sender-link.js';
import type { DeliveryOwner, OutgoingDelivery } from '../../queue/outgoing-delivery.js';
import type { OutgoingQueue } from './outgoing-queue.js';

/** The destination of all messages to one address, resolved once by the route table. */
export class Destination implements DeliveryOwner {
  /** The link, while there is one. The next `put` opens another. */
  link: SenderLink | undefined;
  readonly #to: string | undefined;
  readonly #endpoint: Endpoint | undefined;

  constructor(
    /** The destination address, without credentials. */
    readonly destination: string,
    to: string | undefined,
    endpoint: Endpoint | undefined,
    /** Counts its messages. By it a tracker of another messenger is recognised. */
    readonly queue: OutgoingQueue,
    /** The node at the peer. */
    readonly node: string | undefined,
    /** The connection to use; `undefined` for the one to the endpoint. */
    readonly connection: PeerConnection | undefined,
  ) {
    this.#to = to;
    this.#endpoint = endpoint;
  }

  // These are methods and not properties, because both may hold a password, and a tracker that is printed with all its
  // properties leads here.

  /** The `to` to send: the rewritten address. `undefined` when a rewrite has removed it. */
  to(): string | undefined {
    return this.#to;
  }

  /** The endpoint to connect to. Not for a destination with a connection. */
  endpoint(): Endpoint {
    if (this.#endpoint === undefined) throw new StateError('The destination has a connection and no endpoint.');
    return this.#endpoint;
  }

  deliveryEnded(delivery: OutgoingDelivery): void {
    this.queue.ended(delivery);
  }

  /** Ends a message that may wait in the queue of its link. */
  static end(delivery: OutgoingDelivery, status: 'aborted' | 'expired', error: MessagingError): void {
    delivery.finish(status, error);
    if (delivery.owner instanceof Destination) delivery.owner.link?.messageEnded();
  }
}
