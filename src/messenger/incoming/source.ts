import type { Address } from '../../address/address.js';
import { connectionKey } from '../../address/endpoint.js';
import type { Endpoint } from '../../address/endpoint.js';
import { namesHost } from '../../address/reply-to.js';
import type { Acceptor } from '../../link/connection/acceptor.js';
import type { PeerConnection } from '../../link/connection/peer-connection.js';
import type { ReceiverLink } from '../../link/session/receiver-link.js';
import type { IncomingDelivery } from '../../queue/incoming-delivery.js';
import type { SubscribeOptions } from '../options/subscribe-options.js';
import type { DeliveryQueue } from './delivery-queue.js';
import type { Subscription } from './subscription.js';

/** Takes what comes by a subscription as it comes, in the place of a queue. */
export interface DeliveryHandler {
  take(delivery: IncomingDelivery): void;
  /** The link is lost, for now or for good. */
  lost(): void;
  /** The subscription has ended. */
  ended(error: Error): void;
}

/** What a messenger keeps of a subscription. */
export class Source {
  /** The link that was dialled for it, unless it listens. */
  link: ReceiverLink | undefined;
  connection: PeerConnection | undefined;
  acceptor: Acceptor | undefined;
  /** Every link of it that is attached: those of its peers, when it listens. */
  readonly attached: Set<ReceiverLink> = new Set();
  /** Where what comes by it waits, while a loop of its own reads it; else the messenger's queue. */
  queue: DeliveryQueue | undefined;
  /** Who takes what comes by it at once. */
  handler: DeliveryHandler | undefined;
  /** Credit of its own for each link (prefetch); `undefined` for a part of what all share. */
  fixedCredit: number | undefined;
  /** Whether it was ended locally, and not by a failure. */
  isEnded = false;
  #whenSettled: (() => void)[] = [];

  constructor(
    readonly subscription: Subscription,
    readonly address: Address,
    readonly endpoint: Endpoint,
    public options: SubscribeOptions,
    /** Another `subscribe` with the same key gives the same subscription. */
    readonly key: string,
  ) {
    this.fixedCredit = options.credit;
  }

  /** Waits for the link to be attached, or gone. */
  settled(): Promise<void> {
    return new Promise((resolve) => this.#whenSettled.push(resolve));
  }

  /** The link is attached, or gone. */
  settle(): void {
    for (const tell of this.#whenSettled.splice(0)) tell();
  }

  /** Whether the peer would take a link with these options for this one: it goes by the name (AMQP 1.0 §2.6.1). */
  hasNameOf(endpoint: Endpoint, { name, shared = false }: SubscribeOptions): boolean {
    const own = this.options;
    const isNamed = name !== undefined && own.name === name && (own.shared ?? false) === shared;
    return isNamed && connectionKey(this.endpoint) === connectionKey(endpoint);
  }
}

/** The address of a source as others can use it: with the host it was reached by, and without credentials. */
export function absoluteAddress({ address }: Source, remote: string | undefined): string | undefined {
  if (remote === undefined || namesHost(remote)) return remote;
  const { scheme, host, port } = address;
  const authority = (host?.includes(':') ? `[${host}]` : (host ?? '')) + (port === undefined ? '' : `:${port}`);
  return `${scheme === undefined ? '' : `${scheme}://`}${authority}/${remote}`;
}
