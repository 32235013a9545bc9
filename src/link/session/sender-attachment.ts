import {
  MESSAGE_FORMAT_SIZE,
  TRANSFER_HEADER_SIZE,
  insertMessageFormat,
  writeTransferHeader,
} from '../../codec/transfer.js';
import type { HeldMemory, OutgoingDelivery } from '../../queue/outgoing-delivery.js';
import type { RheaFlow, RheaLink } from '../rhea/rhea-seam.js';
import type { SocketWriter } from '../wire/socket-writer.js';
import type { Session } from './session.js';

/** A sender link's time on one session: the credit it has there, and the frames of its messages. */
export class SenderAttachment {
  readonly session: Session;
  /** The largest message that the peer takes, in bytes. Looked up once: rhea decodes it anew each time. */
  readonly maxMessageSize: number;
  readonly #rhea: RheaLink;
  /** `silent` before our attach frame is written; `draining` while the peer wants the credit back that no message uses. */
  #state: 'silent' | 'open' | 'draining' = 'silent';
  /** Flow frames that came while it was silent. */
  #early: RheaFlow[] = [];
  /** A message of several frames that is not whole yet. */
  #unfinished: FragmentedDelivery | undefined;

  constructor(session: Session, rhea: RheaLink) {
    this.session = session;
    this.#rhea = rhea;
    // rhea gives bytes for numbers beyond those of JavaScript, which no message reaches. 0 is no limit (AMQP 1.0 §2.7.3).
    const { max_message_size: size } = rhea;
    this.maxMessageSize = typeof size === 'number' && size > 0 ? size : Infinity;
  }

  /** The number of messages that the peer takes. */
  get credit(): number {
    return this.#rhea.credit;
  }

  /** True when messages may go out: none may before our attach frame. */
  get isOpen(): boolean {
    return this.#state !== 'silent';
  }

  /** True when the peer wants credit back that no message uses. */
  get isDraining(): boolean {
    return this.#state === 'draining';
  }

  /** The message that is not whole yet. */
  get unfinished(): OutgoingDelivery | undefined {
    return this.#unfinished?.delivery;
  }

  /** Our attach frame is written: messages may go out. */
  opened(): void {
    if (this.#state !== 'silent') return;
    this.#state = 'open';
    for (const flow of this.#early.splice(0)) this.flow(flow);
  }

  /** Writes a message, or the first frame of it: `unfinished` tells. It takes one credit. */
  begin(delivery: OutgoingDelivery): void {
    const { session } = this;
    // The bytes of one that has gone out before may still wait in a socket, so its header is not written over.
    const isFirst = delivery.id < 0;
    // A header has no room for another format.
    const isUsual = isFirst && delivery.messageFormat === 0;
    delivery.id = session.takeDeliveryId();
    delivery.sent();
    this.#use(1);
    if (isUsual && delivery.size + TRANSFER_HEADER_SIZE <= session.output.maxFrameSize) {
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
    if (this.#state === 'silent') {
      this.#early.push(flow);
      return;
    }
    const rhea = this.#rhea;
    if (flow.link_credit !== undefined) {
      const behind = (rhea.delivery_count - (flow.delivery_count ?? 0)) | 0;
      rhea.credit = Math.max(0, flow.link_credit - behind);
    }
    this.#state = flow.drain === true ? 'draining' : 'open';
    const { session } = this;
    // One that asks and never reads gets no answers to pile up.
    if (flow.echo === true && !session.output.writer.blocked) this.#writeFlow(false);
  }

  /** Nothing is left to send with the credit that is left: it goes back. */
  drained(): void {
    this.#use(this.#rhea.credit);
    this.#state = 'open';
    this.#writeFlow(true);
  }

  #writeWhole({ buffer, start, end, size, tail, id, presettled, memory }: OutgoingDelivery): void {
    const { session } = this;
    const { writer } = session.output;
    const at = start - TRANSFER_HEADER_SIZE;
    writeTransferHeader(buffer, at, size, session.channel, this.#rhea.local.handle, id, presettled, false);
    writer.append(buffer, at, end, memory);
    if (tail !== undefined) writer.append(tail.buffer, tail.start, tail.end);
    this.#countFrame();
  }

  #writeFlow(drain: boolean): void {
    const { local, delivery_count, credit } = this.#rhea;
    this.session.writeFlow(local.handle, delivery_count, credit, drain);
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

/**
 * A message on its way out in several frames, which the session window or the socket may cut short anywhere. It keeps the
 * bytes: the peer may settle the message before all of it has gone, and the delivery then lets go of them.
 */
class FragmentedDelivery {
  readonly delivery: OutgoingDelivery;
  readonly #bytes: Buffer;
  readonly #memory: HeldMemory | undefined;
  /** The number of bytes that are written. */
  #written = 0;

  constructor(delivery: OutgoingDelivery) {
    this.delivery = delivery;
    this.#bytes = delivery.buffer;
    this.#memory = delivery.memory;
    this.#memory?.hold();
  }

  /** Writes the next frame, with its header in memory of its own. Returns whether it was the last. */
  write(session: Session, handle: number): boolean {
    const { delivery } = this;
    const { control, writer, maxFrameSize } = session.output;
    const from = this.#written;
    const { messageFormat } = delivery;
    const headerSize = TRANSFER_HEADER_SIZE + (messageFormat === 0 ? 0 : MESSAGE_FORMAT_SIZE);
    const to = Math.min(from + maxFrameSize - headerSize, delivery.size);
    const more = to < delivery.size;
    control.open(0);
    control.need(headerSize);
    const { buffer, start } = control;
    writeTransferHeader(buffer, start, to - from, session.channel, handle, delivery.id, delivery.presettled, more);
    if (messageFormat !== 0) insertMessageFormat(buffer, start, messageFormat);
    control.position += headerSize;
    writer.append(buffer, start, control.position);
    this.#append(writer, from, to);
    this.#written = to;
    return !more;
  }

  /** Appends the bytes from `from` to `to` of the message: those of the delivery, and then those of its tail. */
  #append(writer: SocketWriter, from: number, to: number): void {
    const { start, end, tail } = this.delivery;
    const own = end - start;
    if (from < own) writer.append(this.#bytes, start + from, start + Math.min(to, own), this.#memory);
    if (tail === undefined || to <= own) return;
    writer.append(tail.buffer, tail.start + Math.max(from - own, 0), tail.start + to - own);
  }

  /** It is sent, or will not be. To be called once. */
  end(): void {
    this.#memory?.release();
  }
}
