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

/** Handles the messages of a subscription at once, in place of a queue. */
export interface DeliveryHandler {
  /** True when a message is to come; `undefined` when messages find the subscription after a lost connection, too. */
  readonly isAwaited: boolean | undefined;
  take(delivery: IncomingDelivery): void;
  /** The link is lost or closed. */
  lost(): void;
  /** The subscription has ended. */
  ended(error: Error): void;
}

/** The internal state of a subscription. */
export class Source {
  /** The link of the subscription, unless it listens. */
  link: ReceiverLink | undefined;
  connection: PeerConnection | undefined;
  acceptor: Acceptor | undefined;
  /** The attached links of the subscription: those of its peers, when it listens. */
  readonly attached: Set<ReceiverLink> = new Set();
  /** The queue of its loop, while there is one; otherwise its messages go to the queue of the messenger. */
  queue: DeliveryQueue | undefined;
  /** The handler of its messages, if there is one. */
  handler: DeliveryHandler | undefined;
  /** The fixed credit of each link (prefetch); `undefined` for a share of the common credit. */
  fixedCredit: number | undefined;
  /** True if the program has ended it. */
  isEnded = false;
  #whenSettled: (() => void)[] = [];

  constructor(
    readonly subscription: Subscription,
    readonly address: Address,
    readonly endpoint: Endpoint,
    public options: SubscribeOptions,
    /** The key of the subscription: `subscribe` with the same key returns the same subscription. */
    readonly key: string,
  ) {
    this.fixedCredit = options.credit;
  }

  /** Waits until the link is attached or closed. */
  settled(): Promise<void> {
    return new Promise((resolve) => this.#whenSettled.push(resolve));
  }

  /** Ends these waits. */
  settle(): void {
    for (const tell of this.#whenSettled.splice(0)) tell();
  }

  /** True if the peer would identify a link with these options with this one, by its name (AMQP 1.0 §2.6.1). */
  hasNameOf(endpoint: Endpoint, { name, shared = false }: SubscribeOptions): boolean {
    const own = this.options;
    const isNamed = name !== undefined && own.name === name && (own.shared ?? false) === shared;
    return isNamed && connectionKey(this.endpoint) === connectionKey(endpoint);
  }
}

/** The address of a source for other programs: with the host of the connection, and without credentials. */
export function absoluteAddress({ address }: Source, remote: string | undefined): string | undefined {
  if (remote === undefined || namesHost(remote)) return remote;
  const { scheme, host, port } = address;
  const authority = (host?.includes(':') ? `[${host}]` : (host ?? '')) + (port === undefined ? '' : `:${port}`);
  return `${scheme === undefined ? '' : `${scheme}://`}${authority}/${remote}`;
}
