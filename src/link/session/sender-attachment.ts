import { TRANSFER_HEADER_SIZE, writeTransferHeader } from '../../codec/transfer.js';
import type { OutgoingDelivery } from '../../queue/outgoing-delivery.js';
import { FragmentedDelivery } from './fragmented-delivery.js';
import type { RheaFlow, RheaLink } from '../rhea/rhea-seam.js';
import type { Session } from './session.js';

/** A sender link's time on one session: the credit it has there, and the frames of its messages. */
export class SenderAttachment {
  readonly session: Session;
  /** What the peer takes, in bytes. Looked up once: rhea decodes it anew each time. */
  readonly maxMessageSize: number;
  /** Our attach frame is written: nothing may go out before it. */
  isOnWire = false;
  readonly #rhea: RheaLink;
  #isDraining = false;
  /** A message of several frames that is not whole yet. */
  #unfinished: FragmentedDelivery | undefined;

  constructor(session: Session, rhea: RheaLink) {
    this.session = session;
    this.#rhea = rhea;
    // rhea gives bytes for numbers beyond those of JavaScript, which no message reaches. 0 is no limit (AMQP 1.0 §2.7.3).
    const { max_message_size: size } = rhea;
    this.maxMessageSize = typeof size === 'number' && size > 0 ? size : Infinity;
  }

  /** How many messages the peer takes. */
  get credit(): number {
    return this.#rhea.credit;
  }

  /** Whether the peer wants credit back that no message uses. */
  get isDraining(): boolean {
    return this.#isDraining;
  }

  /** The message that is not whole yet. */
  get unfinished(): OutgoingDelivery | undefined {
    return this.#unfinished?.delivery;
  }

  /** Writes a message, or the first frame of it: `unfinished` tells. It takes one credit. */
  begin(delivery: OutgoingDelivery): void {
    const { session } = this;
    // The bytes of one that has gone out before may still wait in a socket, so its header is not written over.
    const isFirst = delivery.id < 0;
    delivery.id = session.takeDeliveryId();
    delivery.sent();
    this.#use(1);
    if (isFirst && delivery.size + TRANSFER_HEADER_SIZE <= session.host.peerMaxFrameSize) {
      this.#writeWhole(delivery);
    } else {
      this.#unfinished = new FragmentedDelivery(delivery);
      this.goOn();
    }
  }

  /** Writes the next frame of the message that is not whole yet. */
  goOn(): void {
    if (this.#unfinished?.write(this.session, this.#rhea.local.handle) === true) this.abandon();
    this.#countFrame();
  }

  /** Whatever is not whole yet will not be. */
  abandon(): void {
    this.#unfinished?.end();
    this.#unfinished = undefined;
  }

  /** The peer has given credit, which counts from the delivery-count it knows of, or asks for it back (AMQP 1.0 §2.6.7). */
  flow(flow: RheaFlow): void {
    const rhea = this.#rhea;
    if (flow.link_credit !== undefined) {
      const behind = (rhea.delivery_count - (flow.delivery_count ?? 0)) | 0;
      rhea.credit = Math.max(0, flow.link_credit - behind);
    }
    this.#isDraining = flow.drain === true;
    const { session } = this;
    // One that asks and never reads gets no answers to pile up.
    if (flow.echo === true && this.isOnWire && !session.host.writer.blocked) session.writeFlow(rhea, false);
  }

  /** Nothing is left to send with the credit that is left: it goes back. */
  drained(): void {
    this.#use(this.#rhea.credit);
    this.#isDraining = false;
    this.session.writeFlow(this.#rhea, true);
  }

  #writeWhole({ buffer, start, end, id, presettled, memory }: OutgoingDelivery): void {
    const { session } = this;
    const at = start - TRANSFER_HEADER_SIZE;
    writeTransferHeader(buffer, at, end - start, session.channel, this.#rhea.local.handle, id, presettled, false);
    session.host.writer.append(buffer, at, end, memory);
    this.#countFrame();
  }

  #countFrame(): void {
    const { outgoing } = this.session.rhea;
    outgoing.next_transfer_id = (outgoing.next_transfer_id + 1) >>> 0;
  }

  #use(credit: number): void {
    const rhea = this.#rhea;
    rhea.credit -= credit;
    rhea.delivery_count = (rhea.delivery_count + credit) >>> 0;
  }
}
