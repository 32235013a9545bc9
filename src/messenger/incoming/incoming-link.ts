import type { LinkError, MessagingError } from '../../errors.js';
import type { PeerConnection } from '../../link/connection/peer-connection.js';
import { ReceiverLink } from '../../link/session/receiver-link.js';
import type { ReceiverLinkOwner } from '../../link/session/receiver-link.js';
import type { IncomingDelivery } from '../../queue/incoming-delivery.js';
import type { DeliveryQueue } from './delivery-queue.js';
import type { IncomingCredit } from './incoming-credit.js';
import type { IncomingWindow } from './incoming-window.js';
import type { Source } from './source.js';
import { StreamPosition } from './stream-position.js';

/** The owner of the incoming links of a messenger. */
export interface LinkReceiver {
  /** The queue of messages that wait for `get`. */
  readonly queue: DeliveryQueue;
  readonly window: IncomingWindow;
  readonly credit: IncomingCredit;
  /** True after `stop`. Queued messages stay then, although the peers will deliver them again. */
  readonly isStopped: boolean;
  /** A message has come. It is queued next. */
  received(delivery: IncomingDelivery, source: Source | undefined): void;
  /** A link is attached. Returns false when the peer has not granted its options. */
  linkOpened(link: ReceiverLink, source: Source | undefined): boolean;
  /** A peer has taken back messages that had no outcome. */
  takenBack(error: LinkError): void;
  /** A link is closed for good. */
  linkClosed(link: ReceiverLink, source: Source | undefined, error: MessagingError): void;
}

/** The owner of a receiver link. It knows the subscription of its messages, and the connection for answers to them. */
export class IncomingLink implements ReceiverLinkOwner {
  readonly #position: StreamPosition | undefined;

  constructor(
    readonly owner: LinkReceiver,
    /** `undefined` for a link that a peer attached over a connection that this messenger dialled. */
    readonly source: Source | undefined,
    /** The connection for answers to its messages. */
    readonly connection: PeerConnection,
  ) {
    this.#position = StreamPosition.of(source?.options.filters);
  }

  get isAwaited(): boolean | undefined {
    return this.source?.handler?.isAwaited;
  }

  opened(link: ReceiverLink): void {
    if (!this.owner.linkOpened(link, this.source)) return;
    this.source?.attached.add(link);
    this.owner.credit.attached(link, this.source?.fixedCredit);
  }

  received(delivery: IncomingDelivery, link: ReceiverLink): void {
    const { owner, source } = this;
    this.#position?.received(delivery);
    owner.credit.changed(link);
    owner.received(delivery, source);
    if (source?.handler !== undefined) {
      delivery.leaveQueue();
      source.handler.take(delivery);
    } else {
      (source?.queue ?? owner.queue).push(delivery);
    }
  }

  released(delivery: IncomingDelivery, link: ReceiverLink): void {
    this.owner.window.released(delivery);
    this.owner.credit.changed(link);
  }

  outcomesWritten(link: ReceiverLink): void {
    this.owner.credit.outcomesWritten(link);
  }

  creditReturned(link: ReceiverLink): void {
    this.owner.credit.changed(link);
  }

  lost(link: ReceiverLink, aborted: readonly IncomingDelivery[]): void {
    const { owner, source } = this;
    const filter = this.#position?.filtersAfter(link.options.filter, aborted);
    if (filter !== undefined) link.options = { ...link.options, filter };
    // A listening subscription stays open when a peer leaves.
    if (source?.link === link) source.subscription.lost();
    source?.attached.delete(link);
    owner.credit.lost(link);
    // The peer will deliver these messages again, so returning them now would duplicate them.
    if (owner.isStopped) return;
    const queue = source?.queue ?? owner.queue;
    for (const delivery of aborted) queue.withdraw(delivery);
    source?.handler?.lost();
  }

  takenBack(_link: ReceiverLink, aborted: readonly IncomingDelivery[], error?: LinkError): void {
    const queue = this.source?.queue ?? this.owner.queue;
    for (const delivery of aborted) queue.withdraw(delivery);
    if (error !== undefined) this.owner.takenBack(error);
  }

  closed(link: ReceiverLink, error: MessagingError): void {
    this.owner.linkClosed(link, this.source, error);
  }
}

/** The incoming link of a delivery; `undefined` for a delivery that is not of a messenger. */
export function incomingLinkOf({ source }: IncomingDelivery): IncomingLink | undefined {
  const owner = source instanceof ReceiverLink ? source.owner : undefined;
  return owner instanceof IncomingLink ? owner : undefined;
}
