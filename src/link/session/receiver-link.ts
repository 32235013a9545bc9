import type { Transfer } from '../../codec/transfer.js';
import { LinkError, ProtocolError } from '../../errors.js';
import type { MessagingError } from '../../errors.js';
import { IncomingDelivery } from '../../queue/incoming-delivery.js';
import type { DeliverySource } from '../../queue/incoming-delivery.js';
import { RELEASED } from '../../message/outcome.js';
import type { Outcome } from '../../message/outcome.js';
import { Unsettled } from '../../queue/unsettled.js';
import type { ByteBudget } from '../wire/byte-budget.js';
import { describe } from './link-attach.js';
import { LinkCredit } from './link-credit.js';
import type { GrantedTerms, LinkEnd, LinkOptions } from './link-options.js';
import { takenBack } from './link-errors.js';
import { PartialDelivery } from './partial-delivery.js';
import { ReceiverAttachment } from './receiver-attachment.js';
import type { RheaLink } from '../rhea/rhea-seam.js';
import type { Session } from './session.js';

/** The object that a receiver link was made for, and that it reports to. */
export interface ReceiverLinkOwner {
  /** For a link that only answers come over: whether one is to come. */
  readonly isAwaited?: boolean | undefined;
  /** The link is attached, for the first time or again. It has no credit then. */
  opened?(link: ReceiverLink): void;
  /** A message has come, whole. The owner calls `leaveQueue` of the delivery when it has taken it. */
  received(delivery: IncomingDelivery, link: ReceiverLink): void;
  /** A delivery is settled and has left its queue, in whichever order: it holds no credit any more. */
  released?(delivery: IncomingDelivery, link: ReceiverLink): void;
  /** The outcomes of some deliveries are written, so credit that answers them may be issued behind them. */
  outcomesWritten?(link: ReceiverLink): void;
  /** The peer has given back credit that it did not use, or has used one on a message that it took back half-way. */
  creditReturned?(link: ReceiverLink): void;
  /** The connection is lost. Deliveries without an outcome have been aborted: the peer will deliver them again. */
  lost?(link: ReceiverLink, aborted: readonly IncomingDelivery[]): void;
  /** Deliveries that had no outcome go back to the peer, and have been aborted; with an error if the peer has taken them. */
  takenBack?(link: ReceiverLink, aborted: readonly IncomingDelivery[], error?: LinkError): void;
  /** The link is gone for good. */
  closed(link: ReceiverLink, error: MessagingError, end: LinkEnd): void;
}

/** A link that messages come in on. It outlives connections, as its peer, the sender link, does. */
export class ReceiverLink implements DeliverySource {
  readonly role = 'receiver';
  /** The terms it is attached with. Its owner may change them while it is not attached. */
  options: LinkOptions;
  readonly owner: ReceiverLinkOwner;
  /** The credit of the link: it counts the messages that the peer may still send, and those that are held. */
  readonly credit: LinkCredit = new LinkCredit();
  /** True once it has been attached. Before that, the peer refuses it when it closes it. */
  wasAttached = false;
  /** The address the peer has given it: its own for a dynamic source. */
  remoteAddress: string | undefined;
  /** The terms that the peer has answered with; `undefined` before it has, and for a link that the peer has made. */
  granted: GrantedTerms | undefined;
  readonly #unsettled = new Unsettled<IncomingDelivery>();
  /** Deliveries that came beyond the credit and are held, with the budgets that have room for them. */
  readonly #beyondCredit = new Map<IncomingDelivery, ByteBudget>();
  /** Where it is attached, while it is. */
  #attachment: ReceiverAttachment | undefined;
  /** The deliveries that were given back because this side closes the link. */
  #givenBack: IncomingDelivery[] = [];
  #isClosed = false;

  constructor(options: LinkOptions, owner: ReceiverLinkOwner) {
    this.options = options;
    this.owner = owner;
  }

  /** True when it is attached. */
  get isAttached(): boolean {
    return this.#attachment !== undefined;
  }

  /** True when outcomes of its deliveries wait to be written: credit that answers them goes out behind them. */
  get isSettling(): boolean {
    return this.#attachment?.isSettling === true;
  }

  /** True when it has deliveries without an outcome. */
  get holdsMessages(): boolean {
    return this.granted !== undefined && this.#unsettled.size > 0;
  }

  /** True when answers are to come over it. */
  get isAwaited(): boolean {
    return this.owner.isAwaited === true;
  }

  /** Lets the peer send `count` more messages. Does nothing while the link is not open. */
  issueCredit(count: number): void {
    this.#attachment?.issue(count);
  }

  /**
   * Asks the peer to send what it has or give the credit back; `creditReturned` tells when it has. Returns false when the
   * peer cannot be asked.
   */
  drain(): boolean {
    if (this.#attachment?.session.output.canDrain !== true) return false;
    this.#attachment.drain();
    return true;
  }

  /** The peer has attached its side. */
  attached(session: Session, rhea: RheaLink): void {
    const attachment = new ReceiverAttachment(session, rhea, this.options.name, this.credit);
    this.#attachment = attachment;
    rhea.on_flow = (frame) => {
      if (this.#attachment === attachment && attachment.flow(frame.performative)) this.owner.creditReturned?.(this);
    };
    session.receivers.set(attachment.handle, this);
  }

  /** Both sides are attached, and our attach frame is written: credit may be given. */
  opened(): void {
    if (this.#attachment === undefined) return;
    this.wasAttached = true;
    this.#attachment.opened();
    this.owner.opened?.(this);
  }

  /** The session or connection is gone. */
  detached(error: Error): void {
    const attachment = this.#attachment;
    this.#attachment = undefined;
    attachment?.endPartial();
    if (attachment?.session.receivers.get(attachment.handle) === this) {
      attachment.session.receivers.delete(attachment.handle);
    }
    this.credit.detached();
    const aborted = [...this.#givenBack, ...this.#unsettled.drain()];
    this.#givenBack = [];
    for (const delivery of aborted) delivery.abort(error);
    this.owner.lost?.(this, aborted);
  }

  /**
   * Releases the deliveries without an outcome, before this side closes the link or its connection in order. Brokers that
   * would count them as failures have nothing to count then: nobody has failed on them. Not on a link that the peer has
   * made, whose sender keeps its messages, and sends them again when it has come back.
   */
  giveBack(): void {
    const attachment = this.#attachment;
    if (attachment === undefined || this.granted === undefined) return;
    attachment.revoke();
    this.#givenBack = this.#unsettled.drain();
    const error = new LinkError('The link was closed here before the message had an outcome.');
    this.#abort(this.#givenBack, error, RELEASED);
  }

  /**
   * Takes the credit back, and releases the deliveries that nobody has got, before the connection is made anew: they come
   * over the next one. Not on a link for answers, which come over this one or never.
   */
  withhold(): void {
    const attachment = this.#attachment;
    if (attachment === undefined || this.granted === undefined || this.owner.isAwaited !== undefined) return;
    attachment.revoke();
    const error = new LinkError('The connection is made anew, and the message comes again over the next one.');
    const aborted = this.#unsettled.drain().filter((delivery) => {
      if (delivery.isQueued) return true;
      this.#unsettled.add(delivery.id, delivery);
      return false;
    });
    this.#abort(aborted, error, RELEASED);
    this.owner.takenBack?.(this, aborted);
  }

  /** True when it is gone for good: what it was opened on may still know it. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** It is gone for good. Told once, whoever closes it again. */
  closed(error: MessagingError, end: LinkEnd = 'local'): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.owner.closed(this, error, end);
  }

  /** A transfer frame has come for this link (AMQP 1.0 §2.7.5). */
  transfer(transfer: Transfer, buffer: Buffer, end: number): void {
    const attachment = this.#attachment;
    if (attachment === undefined || attachment.isRefused) return;
    if (attachment.partial !== undefined || transfer.more || transfer.aborted) {
      this.#partialTransfer(attachment, transfer, buffer, end);
    } else {
      attachment.session.expectDeliveryId(transfer.deliveryId);
      const { deliveryId, settled, messageFormat } = transfer;
      this.#deliver(attachment, buffer, transfer.payload, end, deliveryId, settled, messageFormat);
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
    this.owner.outcomesWritten?.(this);
  }

  /** A delivery holds no credit any more. */
  released(delivery: IncomingDelivery): void {
    this.credit.release();
    if (this.#beyondCredit.size > 0) {
      this.#beyondCredit.get(delivery)?.giveBack(delivery.size);
      this.#beyondCredit.delete(delivery);
    }
    this.owner.released?.(delivery, this);
  }

  /**
   * The peer has said something of deliveries that have no outcome here. One that it releases, modifies or rejects it has
   * taken back (AMQP 1.0 §2.6.12: each end may set a terminal state). Any other state says nothing until it is settled.
   */
  disposition(first: number, last: number, settled: boolean, state: Outcome | undefined): void {
    const isTakenBack = state !== undefined && state.type !== 'accepted';
    if (!settled && !isTakenBack) return;
    const ids = this.#unsettled.clip(first, last);
    if (isTakenBack) this.#takenBack(ids, settled, state);
    else for (const id of ids) this.#unsettled.take(id)?.settledByPeer();
  }

  /** Aborts deliveries: an outcome that comes now would contradict the `result` that the peer is told, if it has to be told. */
  #abort(deliveries: readonly IncomingDelivery[], error: LinkError, result: Outcome | undefined): void {
    for (const delivery of deliveries) {
      const { id } = delivery;
      if (result !== undefined) this.#attachment?.session.settleReceived({ id, result, settled: true });
      delivery.abort(error);
    }
  }

  #takenBack(ids: readonly number[], settled: boolean, state: Outcome): void {
    if (ids.length === 0) return;
    const error = takenBack(ids.length, describe(this), state);
    const aborted = ids.flatMap((id) => this.#unsettled.take(id) ?? []);
    // The peer remembers the deliveries until we settle them, too.
    this.#abort(aborted, error, settled ? undefined : state);
    this.owner.takenBack?.(this, aborted, error);
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
      attachment.endPartial();
      attachment.useInVain();
      this.owner.creditReturned?.(this);
    } else if (size > this.options.maxMessageSize) {
      this.#refuseSize(attachment, size);
    } else if (!partial.add(buffer, transfer.payload, end)) {
      this.#refuseMore(attachment);
    } else if (!transfer.more) {
      attachment.endPartial();
      const { size: end, id, settled, messageFormat } = partial;
      this.#deliver(attachment, partial.whole(), 0, end, id, settled, messageFormat);
    }
  }

  #deliver(
    attachment: ReceiverAttachment,
    buffer: Buffer,
    start: number,
    end: number,
    id: number,
    settled: boolean,
    messageFormat: number,
  ): void {
    if (end - start > this.options.maxMessageSize) {
      this.#refuseSize(attachment, end - start);
      return;
    }
    const hadCredit = attachment.use();
    const { budget } = attachment.session;
    if (!hadCredit && !budget.take(end - start)) {
      this.credit.release();
      this.#refuseMore(attachment);
      return;
    }
    const delivery = new IncomingDelivery(buffer, start, end, id, settled, this);
    delivery.messageFormat = messageFormat;
    if (!hadCredit) this.#beyondCredit.set(delivery, budget);
    if (!settled) this.#unsettled.add(id, delivery);
    this.owner.received(delivery, this);
  }

  #refuseSize(attachment: ReceiverAttachment, size: number): void {
    const { maxMessageSize } = this.options;
    const description = `A message of ${size} bytes or more is larger than the ${maxMessageSize} allowed.`;
    this.#refuse(attachment, 'amqp:link:message-size-exceeded', description, 'Raise maxMessageSize to take it.');
  }

  #refuseMore(attachment: ReceiverAttachment): void {
    const { limit } = attachment.session.budget;
    const description = `Messages that are not whole yet, or came without credit, have more than ${limit} bytes.`;
    this.#refuse(attachment, 'amqp:resource-limit-exceeded', description, 'Raise maxMessageSize to take them.');
  }

  #refuse(attachment: ReceiverAttachment, condition: string, description: string, advice: string): void {
    attachment.refuse({ condition, description });
    // Its credit is for other links from now on: nothing can come over this one any more.
    this.owner.lost?.(this, []);
    this.closed(new LinkError(`${description} ${advice}`, { condition }));
  }
}

function beginPartial(session: Session, transfer: Transfer): PartialDelivery {
  session.expectDeliveryId(transfer.deliveryId);
  return new PartialDelivery(transfer.deliveryId, transfer.messageFormat, session.budget);
}
