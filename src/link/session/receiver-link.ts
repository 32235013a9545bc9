import type { Transfer } from '../../codec/transfer.js';
import { LinkError, ProtocolError } from '../../errors.js';
import type { MessagingError } from '../../errors.js';
import { IncomingDelivery } from '../../queue/incoming-delivery.js';
import type { DeliverySource } from '../../queue/incoming-delivery.js';
import { Unsettled } from '../../queue/unsettled.js';
import type { LinkEnd, LinkOptions } from './link-options.js';
import { PartialDelivery } from './partial-delivery.js';
import { ReceiverAttachment } from './receiver-attachment.js';
import type { RheaLink } from '../rhea/rhea-seam.js';
import type { Session } from './session.js';

/** What a receiver link tells the layer above. */
export interface ReceiverLinkEvents {
  /** It is attached, for the first time or again. It has no credit then. */
  opened?(link: ReceiverLink): void;
  /** The connection is lost. Deliveries without an outcome have been aborted: the peer will deliver them again. */
  lost?(link: ReceiverLink, aborted: readonly IncomingDelivery[]): void;
  /** It is gone for good. */
  closed(link: ReceiverLink, error: MessagingError, end: LinkEnd): void;
  /** A message has come, whole. */
  received(delivery: IncomingDelivery, link: ReceiverLink): void;
  /** The peer has taken back a message of which parts had come. It has used a credit. */
  aborted?(link: ReceiverLink): void;
  /**
   * `unsettled` is less than it was, and the peer has been told. So many of the deliveries that are settled now have not
   * been got.
   */
  settled?(link: ReceiverLink, inQueue: number): void;
  /** The peer has answered `drain`: credit it did not use is gone. */
  drained?(link: ReceiverLink): void;
}

/** A link that messages come in on. It outlives connections, as its peer, the sender link, does. */
export class ReceiverLink implements DeliverySource {
  readonly role = 'receiver';
  readonly options: LinkOptions;
  readonly events: ReceiverLinkEvents;
  /** The address the peer has given it: its own for a dynamic source. */
  remoteAddress: string | undefined;
  /** What the peer has agreed to of the filters and the distribution mode that were asked for. */
  remoteTerms: { readonly filters: readonly string[]; readonly distributionMode: string | undefined } | undefined;
  /** Deliveries that are settled and wait to be got. Kept by who grants the credit. */
  settledInQueue = 0;
  /** Of the credit, what the program itself has granted. It outlives connections. Kept by who grants the credit. */
  granted = 0;
  readonly #unsettled = new Unsettled<IncomingDelivery>();
  /** Where it is attached, while it is. */
  #attachment: ReceiverAttachment | undefined;
  #isClosed = false;

  constructor(options: LinkOptions, events: ReceiverLinkEvents) {
    this.options = options;
    this.events = events;
  }

  /** Whether it is attached. */
  get isAttached(): boolean {
    return this.#attachment !== undefined;
  }

  /** How many of its deliveries have no outcome yet. */
  get unsettled(): number {
    return this.#unsettled.size;
  }

  /** How many messages the peer may still send. */
  get credit(): number {
    return this.#attachment?.credit ?? 0;
  }

  /** Lets the peer send `count` more messages. Does nothing while the link is not open. */
  issueCredit(count: number): void {
    this.#attachment?.give(count);
  }

  /**
   * Asks the peer to send what it has or give the credit back; `drained` tells what came back. Returns false when the
   * peer cannot be asked.
   */
  drain(): boolean {
    if (this.#attachment?.session.host.canDrain !== true) return false;
    this.#attachment.drain();
    return true;
  }

  /** The peer has attached its side. */
  attached(session: Session, rhea: RheaLink): void {
    const attachment = new ReceiverAttachment(session, rhea, this.options.name);
    this.#attachment = attachment;
    rhea.on_flow = (frame) => {
      if (this.#attachment === attachment && attachment.flow(frame.performative)) this.events.drained?.(this);
    };
    session.receivers.set(attachment.handle, this);
  }

  /** Both sides are attached, and our attach frame is written: credit may be given. */
  opened(): void {
    if (this.#attachment === undefined) return;
    this.#attachment.opened();
    this.events.opened?.(this);
  }

  /** The session or connection is gone. */
  detached(error: Error): void {
    const attachment = this.#attachment;
    this.#attachment = undefined;
    if (attachment?.session.receivers.get(attachment.handle) === this) {
      attachment.session.receivers.delete(attachment.handle);
    }
    const aborted = this.#unsettled.drain();
    for (const delivery of aborted) delivery.abort(error);
    this.events.lost?.(this, aborted);
  }

  /** Whether it is gone for good: what it was opened on may still know it. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** It is gone for good. Told once, whoever closes it again. */
  closed(error: MessagingError, end: LinkEnd = 'here'): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.events.closed(this, error, end);
  }

  /** A transfer frame has come for this link (AMQP 1.0 §2.7.5). */
  transfer(transfer: Transfer, buffer: Buffer, end: number): void {
    const attachment = this.#attachment;
    if (attachment === undefined || attachment.isRefused) return;
    if (attachment.partial !== undefined || transfer.more || transfer.aborted) {
      this.#partialTransfer(attachment, transfer, buffer, end);
    } else {
      attachment.session.expectDeliveryId(transfer.deliveryId);
      this.#deliver(attachment, buffer, transfer.payload, end, transfer.deliveryId, transfer.settled);
    }
  }

  /** Tells the peer what has been said of a delivery. */
  settle(delivery: IncomingDelivery): void {
    const { id, result } = delivery;
    const attachment = this.#attachment;
    if (attachment === undefined || this.#unsettled.take(id) === undefined) return;
    // In mode second the sender settles, and has nothing more to tell us then (AMQP 1.0 §2.6.12).
    const isLeftToSender = this.options.receiverSettleMode === 1 && result !== undefined;
    attachment.session.settleReceived(isLeftToSender ? { id, result, settled: false } : delivery);
    attachment.isSettling = true;
  }

  /** The session has written what was said of its deliveries: credit that answers it may go out behind. */
  outcomesWritten(): void {
    if (this.#attachment?.isSettling !== true) return;
    this.#attachment.isSettling = false;
    this.events.settled?.(this, 0);
  }

  /** The peer has settled deliveries by itself. */
  settledByPeer(first: number, last: number): void {
    let inQueue = 0;
    for (const id of this.#unsettled.clip(first, last)) {
      const delivery = this.#unsettled.take(id);
      if (delivery?.sequence === 0) inQueue++;
      delivery?.settledByPeer();
    }
    this.events.settled?.(this, inQueue);
  }

  #partialTransfer(attachment: ReceiverAttachment, transfer: Transfer, buffer: Buffer, end: number): void {
    attachment.partial ??= beginPartial(attachment.session, transfer);
    const { partial } = attachment;
    if (transfer.deliveryId >= 0 && transfer.deliveryId !== partial.id) {
      throw new ProtocolError(
        `The peer began delivery ${transfer.deliveryId} on link ${this.options.name} before delivery ${partial.id} was complete.`,
      );
    }
    partial.settled ||= transfer.settled;
    const size = partial.size + end - transfer.payload;
    if (transfer.aborted) {
      attachment.partial = undefined;
      attachment.use();
      this.events.aborted?.(this);
    } else if (size > this.options.maxMessageSize) {
      this.#refuse(attachment, size);
    } else {
      partial.add(buffer, transfer.payload, end);
      if (transfer.more) return;
      attachment.partial = undefined;
      this.#deliver(attachment, partial.whole(), 0, partial.size, partial.id, partial.settled);
    }
  }

  #deliver(
    attachment: ReceiverAttachment,
    buffer: Buffer,
    start: number,
    end: number,
    id: number,
    settled: boolean,
  ): void {
    if (end - start > this.options.maxMessageSize) {
      this.#refuse(attachment, end - start);
      return;
    }
    attachment.use();
    const delivery = new IncomingDelivery(buffer, start, end, id, settled, this);
    if (!settled) this.#unsettled.add(id, delivery);
    this.events.received(delivery, this);
  }

  #refuse(attachment: ReceiverAttachment, size: number): void {
    const { maxMessageSize } = this.options;
    const description = `A message of ${size} bytes or more is larger than the ${maxMessageSize} allowed.`;
    const condition = 'amqp:link:message-size-exceeded';
    attachment.refuse({ condition, description });
    this.closed(new LinkError(`${description} Raise maxMessageSize to take it.`, { condition }));
  }
}

function beginPartial(session: Session, transfer: Transfer): PartialDelivery {
  session.expectDeliveryId(transfer.deliveryId);
  return new PartialDelivery(transfer.deliveryId);
}
