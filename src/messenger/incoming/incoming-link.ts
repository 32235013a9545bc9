import type { MessagingError } from '../../errors.js';
import type { PeerConnection } from '../../link/connection/peer-connection.js';
import { ReceiverLink } from '../../link/session/receiver-link.js';
import type { ReceiverLinkOwner } from '../../link/session/receiver-link.js';
import type { IncomingDelivery } from '../../queue/incoming-delivery.js';
import type { DeliveryQueue } from './delivery-queue.js';
import type { IncomingCredit } from './incoming-credit.js';
import type { IncomingWindow } from './incoming-window.js';
import type { Source } from './source.js';

/** The incoming side of a messenger, as its links see it. */
export interface LinkReceiver {
  /** Where what comes waits for `get`. */
  readonly queue: DeliveryQueue;
  readonly window: IncomingWindow;
  readonly credit: IncomingCredit;
  /** Since `stop`: what is queued stays, though the peers will deliver it again to whoever asks. */
  readonly isStopped: boolean;
  /** A message has come, and is queued next. */
  received(delivery: IncomingDelivery, source: Source | undefined): void;
  /** A link is attached. Returns whether the peer has agreed to what it was asked for. */
  linkOpened(link: ReceiverLink, source: Source | undefined): boolean;
  /** A link is gone for good. */
  linkClosed(link: ReceiverLink, source: Source | undefined, error: MessagingError): void;
}

/** A receiver link as the messenger sees it: which subscription its messages come by, and where answers to them go. */
export class IncomingLink implements ReceiverLinkOwner {
  constructor(
    readonly owner: LinkReceiver,
    /** `undefined` for a link that a peer has made over a connection dialled by this messenger. */
    readonly source: Source | undefined,
    /** Answers to what comes over it go back by this. */
    readonly connection: PeerConnection,
  ) {}

  opened(link: ReceiverLink): void {
    if (!this.owner.linkOpened(link, this.source)) return;
    this.source?.attached.add(link);
    this.owner.credit.attached(link, this.source?.fixedCredit);
  }

  received(delivery: IncomingDelivery, link: ReceiverLink): void {
    const { owner, source } = this;
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
    // A port is listened on whoever goes.
    if (source?.link === link) source.subscription.lost();
    source?.attached.delete(link);
    owner.credit.lost(link);
    // The peer will deliver these again; to give them out now would double them.
    if (owner.isStopped) return;
    const queue = source?.queue ?? owner.queue;
    for (const delivery of aborted) queue.withdraw(delivery);
    source?.handler?.lost();
  }

  closed(link: ReceiverLink, error: MessagingError): void {
    this.owner.linkClosed(link, this.source, error);
  }
}

/** The link that a delivery came over, when it is one of a messenger; `undefined` otherwise. */
export function incomingLinkOf({ source }: IncomingDelivery): IncomingLink | undefined {
  const owner = source instanceof ReceiverLink ? source.owner : undefined;
  return owner instanceof IncomingLink ? owner : undefined;
}
