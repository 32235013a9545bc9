import type { Transfer } from '../codec/transfer.js';
import { LinkError, ProtocolError } from '../errors.js';
import type { MessagingError } from '../errors.js';
import { IncomingDelivery } from '../queue/incoming-delivery.js';
import type { DeliverySource } from '../queue/incoming-delivery.js';
import { Unsettled } from '../queue/unsettled.js';
import type { LinkEnd, LinkOptions } from './link-options.js';
import { PartialDelivery } from './partial-delivery.js';
import type { RheaFlow, RheaLink } from './rhea-seam.js';
import type { Session } from './session.js';

/**
 * Messages a peer may send beyond the credit it has: some brokers do so around a drain or a redelivery. More is taken
 * for an attempt to fill the memory, and ends the link.
 */
const CREDIT_TOLERANCE = 1024;

/** All that the wire has room for (AMQP 1.0 §2.7.4, `link-credit`). */
const MOST_CREDIT = 0xffff_ffff;

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
  #session: Session | undefined;
  #isClosed = false;
  #rhea: RheaLink | undefined;
  #partial: PartialDelivery | undefined;
  #isOnWire = false;
  #isDraining = false;
  /** Outcomes of its deliveries wait to be written. */
  #isSettling = false;
  #overrun = 0;
  /** It has been closed from here; what the peer still sends is dropped. */
  #refused = false;

  constructor(options: LinkOptions, events: ReceiverLinkEvents) {
    this.options = options;
    this.events = events;
  }

  /** Whether it is attached. */
  get isAttached(): boolean {
    return this.#rhea !== undefined;
  }

  /** How many of its deliveries have no outcome yet. */
  get unsettled(): number {
    return this.#unsettled.size;
  }

  /** How many messages the peer may still send. */
  get credit(): number {
    return this.#rhea?.credit ?? 0;
  }

  /** Lets the peer send `count` more messages. Does nothing while the link is not open. */
  issueCredit(count: number): void {
    const rhea = this.#rhea;
    if (rhea === undefined || !this.#isOnWire || count <= 0) return;
    rhea.credit = Math.min(rhea.credit + count, MOST_CREDIT);
    this.#overrun = 0;
    this.#writeFlow(rhea);
  }

  /**
   * Asks the peer to send what it has or give the credit back; `drained` tells what came back. Returns false when the
   * peer cannot be asked.
   */
  drain(): boolean {
    const rhea = this.#rhea;
    if (rhea === undefined || this.#session?.host.canDrain !== true) return false;
    this.#isDraining = true;
    this.#writeFlow(rhea);
    return true;
  }

  /** The peer has attached its side. */
  attached(session: Session, rhea: RheaLink): void {
    this.#session = session;
    this.#rhea = rhea;
    rhea.credit = 0;
    rhea.delivery_count = rhea.remote.attach?.initial_delivery_count ?? 0;
    rhea.on_flow = (frame) => this.#flow(frame.performative);
    session.receivers.set(rhea.remote.attach?.handle ?? 0, this);
  }

  /** Both sides are attached, and our attach frame is written: credit may be given. */
  opened(): void {
    if (this.#session === undefined) return;
    this.#isOnWire = true;
    this.events.opened?.(this);
  }

  /** The session or connection is gone. */
  detached(error: Error): void {
    const handle = this.#rhea?.remote.attach?.handle ?? 0;
    const receivers = this.#session?.receivers;
    if (receivers?.get(handle) === this) receivers.delete(handle);
    this.#session = undefined;
    this.#rhea = undefined;
    this.#partial = undefined;
    this.#isOnWire = false;
    this.#isDraining = false;
    this.#isSettling = false;
    this.#overrun = 0;
    this.#refused = false;
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
    if (this.#refused) return;
    if (this.#partial !== undefined || transfer.more || transfer.aborted) {
      this.#partialTransfer(transfer, buffer, end);
    } else {
      this.#session?.expectDeliveryId(transfer.deliveryId);
      this.#deliver(buffer, transfer.payload, end, transfer.deliveryId, transfer.settled);
    }
  }

  /** Tells the peer what has been said of a delivery. */
  settle(delivery: IncomingDelivery): void {
    const { id, result } = delivery;
    if (this.#session === undefined || this.#unsettled.take(id) === undefined) return;
    // In mode second the sender settles, and has nothing more to tell us then (AMQP 1.0 §2.6.12).
    const isLeftToSender = this.options.receiverSettleMode === 1 && result !== undefined;
    this.#session.settleReceived(isLeftToSender ? { id, result, settled: false } : delivery);
    this.#isSettling = true;
  }

  /** The session has written what was said of its deliveries: credit that answers it may go out behind. */
  outcomesWritten(): void {
    if (!this.#isSettling) return;
    this.#isSettling = false;
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

  #partialTransfer(transfer: Transfer, buffer: Buffer, end: number): void {
    this.#partial ??= this.#beginPartial(transfer);
    const partial = this.#partial;
    if (transfer.deliveryId >= 0 && transfer.deliveryId !== partial.id) {
      throw new ProtocolError(
        `The peer began delivery ${transfer.deliveryId} on link ${this.options.name} before delivery ${partial.id} was complete.`,
      );
    }
    partial.settled ||= transfer.settled;
    const size = partial.size + end - transfer.payload;
    if (transfer.aborted) {
      this.#partial = undefined;
      this.#count();
      this.events.aborted?.(this);
    } else if (size > this.options.maxMessageSize) {
      this.#refuse(size);
    } else {
      partial.add(buffer, transfer.payload, end);
      if (transfer.more) return;
      this.#partial = undefined;
      this.#deliver(partial.whole(), 0, partial.size, partial.id, partial.settled);
    }
  }

  #beginPartial(transfer: Transfer): PartialDelivery {
    this.#session?.expectDeliveryId(transfer.deliveryId);
    return new PartialDelivery(transfer.deliveryId);
  }

  #deliver(buffer: Buffer, start: number, end: number, id: number, settled: boolean): void {
    if (end - start > this.options.maxMessageSize) {
      this.#refuse(end - start);
      return;
    }
    this.#count();
    const delivery = new IncomingDelivery(buffer, start, end, id, settled, this);
    if (!settled) this.#unsettled.add(id, delivery);
    this.events.received(delivery, this);
  }

  /** One delivery has been made: it took one credit. */
  #count(): void {
    const rhea = this.#rhea;
    if (rhea === undefined) return;
    rhea.delivery_count = (rhea.delivery_count + 1) >>> 0;
    if (rhea.credit > 0) {
      rhea.credit--;
      // Messages have used it all up, so a drain is over, whether the peer says so or not (AMQP 1.0 §2.6.7).
      if (rhea.credit === 0) this.#isDraining = false;
    } else if (++this.#overrun > CREDIT_TOLERANCE) {
      throw new ProtocolError(`The peer sends messages on link ${this.options.name} without credit.`, {
        condition: 'amqp:link:transfer-limit-exceeded',
      });
    }
  }

  #refuse(size: number): void {
    this.#partial = undefined;
    this.#refused = true;
    this.#isOnWire = false; // nothing may be said of the link once its detach is written
    const { maxMessageSize } = this.options;
    const description = `A message of ${size} bytes or more is larger than the ${maxMessageSize} allowed.`;
    const condition = 'amqp:link:message-size-exceeded';
    this.#rhea?.close({ condition, description });
    this.closed(new LinkError(`${description} Raise maxMessageSize to take it.`, { condition }));
  }

  #flow(flow: RheaFlow): void {
    const rhea = this.#rhea;
    if (rhea === undefined) return;
    if (this.#isDraining && flow.delivery_count !== undefined) {
      // AMQP 1.0 §2.6.7: the sender answers by moving its delivery-count past the credit it does not use.
      const unused = Math.max(0, (flow.delivery_count - rhea.delivery_count) | 0);
      if (unused < rhea.credit) return;
      rhea.delivery_count = flow.delivery_count;
      rhea.credit = 0;
      this.#isDraining = false;
      this.events.drained?.(this);
    } else if (flow.echo === true && this.#session?.host.writer.blocked === false) {
      this.#writeFlow(rhea);
    }
  }

  #writeFlow(rhea: RheaLink): void {
    if (this.#isOnWire) this.#session?.writeFlow(rhea, this.#isDraining);
  }
}
