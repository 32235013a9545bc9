import { TRANSFER_HEADER_SIZE, writeTransferHeader } from '../codec/transfer.js';
import { LinkError } from '../errors.js';
import type { MessagingError, PeerError } from '../errors.js';
import type { Outcome } from '../message/outcome.js';
import type { OutgoingDelivery } from '../queue/outgoing-delivery.js';
import { RingBuffer } from '../queue/ring-buffer.js';
import { Unsettled } from '../queue/unsettled.js';
import { FragmentedDelivery } from './fragmented-delivery.js';
import type { RheaFlow, RheaLink } from './rhea-seam.js';
import { transferWindow } from './rhea-seam.js';
import type { Session } from './session.js';
import type { LinkEnd, LinkOptions } from './link-options.js';

/** Bytes one link may write before others get their turn: 64 KiB. */
const QUANTUM = 1 << 16;

/** What a sender link tells the layer above. */
export interface SenderLinkEvents {
  /** It is attached, for the first time or again. */
  opened?(link: SenderLink): void;
  /** It is gone for good. What was queued or unsettled is in the link's `takeAll()`. */
  closed(link: SenderLink, error: MessagingError, end: LinkEnd): void;
  /** The connection is lost, and messages that went out on it are queued again. */
  cameBack?(link: SenderLink): void;
  /** The peer takes more messages than are queued: `link.available` says how many. */
  sendable?(link: SenderLink): void;
}

/**
 * A link that messages go out on. It outlives connections: when one is lost, what is unsettled goes back to the head
 * of the queue in order, and goes out again on the next.
 */
export class SenderLink {
  readonly role = 'sender';
  readonly options: LinkOptions;
  readonly events: SenderLinkEvents;
  /** The address the peer has given it: its own for a dynamic target. */
  remoteAddress: string | undefined;
  readonly #queue = new RingBuffer<OutgoingDelivery>();
  readonly #unsettled = new Unsettled<OutgoingDelivery>();
  /** Messages in the queue that have ended by themselves. */
  #ended = 0;
  /** Sent settled, and not yet known to have left the process. */
  readonly #leaving = new RingBuffer<{ delivery: OutgoingDelivery; offset: number }>();
  #session: Session | undefined;
  /** Why it is gone for good, once it is. */
  #closedBy: MessagingError | undefined;
  #rhea: RheaLink | undefined;
  /** What the peer takes, in bytes. Looked up once: rhea decodes it anew each time. */
  #maxMessageSize = Infinity;
  #isOnWire = false;
  #draining = false;
  /** A message of several frames that is not whole yet. */
  #unfinished: FragmentedDelivery | undefined;
  /** Whether anything was queued since whoever looks for idle links has looked. */
  isBusy = false;
  /** Whether `pump` is already due this turn. Written by the connection's schedule only. */
  scheduled = false;

  constructor(options: LinkOptions, events: SenderLinkEvents) {
    this.options = options;
    this.events = events;
  }

  /** Messages queued here that have not gone out. */
  get queued(): number {
    return this.#queue.size;
  }

  /** Those messages, in order, and some that have ended by themselves. */
  get waiting(): Iterable<OutgoingDelivery> {
    return this.#queue;
  }

  /** Messages that have gone out and have no outcome yet. */
  get unsettled(): number {
    return this.#unsettled.size + this.#leaving.size;
  }

  /** How many messages the peer takes beyond those queued. */
  get available(): number {
    return this.#rhea === undefined ? 0 : Math.max(0, this.#rhea.credit - this.#queue.size);
  }

  /** Queues a message. It goes out as soon as the peer's credit allows. */
  send(delivery: OutgoingDelivery): void {
    if (this.#closedBy !== undefined) {
      delivery.finish('aborted', this.#closedBy);
      return;
    }
    // What was agreed on when the link was attached holds for all that goes over it (AMQP 1.0 §2.8.2).
    if (this.options.presettled) delivery.presettled = true;
    else if (this.options.senderSettleMode === 0) delivery.presettled = false;
    this.isBusy = true;
    this.#queue.push(delivery);
    if (this.#session !== undefined && !this.scheduled) this.#session.host.schedule(this);
  }

  /** A message that is queued here has ended by itself. The queue closes up once most of it has. */
  messageEnded(): void {
    this.#ended++;
    if (this.#ended * 2 <= this.#queue.size) return;
    this.#ended = 0;
    for (const delivery of this.#queue.drain()) if (delivery.status === 'pending') this.#queue.push(delivery);
  }

  /** The peer has attached its side. */
  attached(session: Session, rhea: RheaLink): void {
    this.#session = session;
    this.#rhea = rhea;
    this.#draining = false;
    session.senders.add(this);
    this.#maxMessageSize = maxMessageSize(rhea);
    rhea.on_flow = (frame) => this.#flow(frame.performative);
  }

  /** Both sides are attached, and our attach frame is written: nothing may go out before it. */
  opened(): void {
    if (this.#session === undefined) return;
    this.#isOnWire = true;
    this.#session.host.schedule(this);
    this.events.opened?.(this);
  }

  /** The session or connection is gone. Messages without an outcome go to the head of the queue, to go out again. */
  detached(): void {
    this.#session?.senders.delete(this);
    this.#session = undefined;
    this.#rhea = undefined;
    this.#isOnWire = false;
    const again = this.#unsettled.drain();
    // A pre-settled one that is not whole yet has not been delivered, so it may go out again too.
    if (this.#unfinished?.delivery.presettled === true) again.push(this.#unfinished.delivery);
    this.#endFragments();
    for (let index = again.length - 1; index >= 0; index--) this.#sendAgain(again[index]!);
    if (again.length > 0) this.events.cameBack?.(this);
    // Whether these arrived nobody can tell, and sending them twice is what pre-settled rules out.
    for (const { delivery } of this.#leaving.drain()) {
      delivery.finish('aborted', new LinkError('The connection was lost while the message was being written.'));
    }
  }

  #sendAgain(delivery: OutgoingDelivery): void {
    const { maxRedeliveries = Infinity } = this.options;
    delivery.isSent = false;
    if (delivery.redeliveries++ < maxRedeliveries) {
      this.#queue.unshift(delivery);
      return;
    }
    const lost = 'The connection was lost each time the message was sent';
    delivery.finish('aborted', new LinkError(`${lost}, ${delivery.redeliveries} times (maxRedeliveries).`));
  }

  /** Whether it is gone for good: what it was opened on may still know it. */
  get isClosed(): boolean {
    return this.#closedBy !== undefined;
  }

  /** It is gone for good. Told once, whoever closes it again. */
  closed(error: MessagingError, end: LinkEnd = 'here'): void {
    if (this.#closedBy !== undefined) return;
    this.#closedBy = error;
    this.events.closed(this, error, end);
  }

  /** Takes out everything that has no outcome, in order. */
  takeAll(): OutgoingDelivery[] {
    this.detached();
    return this.#queue.drain();
  }

  /** Bytes up to `total` have left the process: pre-settled messages among them are done. Returns whether all are. */
  written(total: number): boolean {
    let next = this.#leaving.peek();
    while (next !== undefined && next.offset <= total) {
      this.#leaving.shift();
      next.delivery.finish('settled');
      next = this.#leaving.peek();
    }
    return next === undefined;
  }

  /**
   * Writes what credit, the session window and the socket allow, up to a fair share. Returns true when it has more to
   * write at once.
   */
  pump(): boolean {
    const session = this.#session;
    const rhea = this.#rhea;
    if (session === undefined || rhea === undefined || !this.#isOnWire) return false;
    const { writer } = session.host;
    const limit = writer.appended + QUANTUM;
    let window = transferWindow(session.rhea);
    while (window > 0 && (this.#unfinished !== undefined || (rhea.credit > 0 && this.#queue.size > 0))) {
      if (writer.blocked) break;
      if (writer.appended >= limit) return true;
      if (this.#unfinished !== undefined) this.#fragment(session, rhea, this.#unfinished);
      else if (!this.#next(session, rhea)) continue;
      window--;
    }
    // Nobody announces that the window or the socket has opened, as a flow frame announces credit.
    if (this.#unfinished !== undefined || (rhea.credit > 0 && this.#queue.size > 0)) session.host.stalled(this);
    // Whoever fills this link may have more for it, and a drain asks for that first (AMQP 1.0 §2.6.7).
    if (this.available > 0) this.events.sendable?.(this);
    if (this.#draining && this.#queue.size === 0 && rhea.credit > 0) this.#drained(session, rhea);
    return false;
  }

  /** The peer has said something of the deliveries in this range. */
  disposition(first: number, last: number, settled: boolean, outcome: Outcome | undefined): void {
    if (outcome === undefined && !settled) return;
    for (const id of this.#unsettled.clip(first, last)) {
      const delivery = this.#unsettled.take(id);
      if (delivery === undefined) continue;
      if (!settled && outcome !== undefined) this.#session?.settleSent(id, outcome);
      if (outcome === undefined) delivery.finish('settled');
      else delivery.finish(outcome.type, outcome.type === 'rejected' ? rejection(outcome.error) : undefined, outcome);
    }
  }

  /** Writes the first frame of the next message. Returns false when the message has ended while it was queued. */
  #next(session: Session, rhea: RheaLink): boolean {
    const delivery = this.#queue.shift();
    if (delivery?.status !== 'pending') {
      this.#ended = Math.max(0, this.#ended - 1);
      return false;
    }
    if (delivery.size > this.#maxMessageSize) {
      delivery.finish('aborted', tooLarge(delivery.size, this.#maxMessageSize));
      return false;
    }
    // The bytes of one that has gone out before may still wait in a socket, so its header is not written over.
    const isFirst = delivery.id < 0;
    delivery.id = session.takeDeliveryId();
    delivery.isSent = true;
    if (!delivery.presettled) this.#unsettled.add(delivery.id, delivery);
    rhea.credit--;
    rhea.delivery_count = (rhea.delivery_count + 1) >>> 0;
    const isWhole = delivery.size + TRANSFER_HEADER_SIZE <= session.host.peerMaxFrameSize;
    if (isFirst && isWhole) this.#whole(session, rhea, delivery);
    else this.#fragment(session, rhea, new FragmentedDelivery(delivery));
    return true;
  }

  #whole(session: Session, rhea: RheaLink, delivery: OutgoingDelivery): void {
    const { buffer, start, end, id, presettled, memory } = delivery;
    const at = start - TRANSFER_HEADER_SIZE;
    writeTransferHeader(buffer, at, end - start, session.channel, rhea.local.handle, id, presettled, false);
    session.host.writer.append(buffer, at, end, memory);
    this.#countFrame(session);
    if (presettled) this.#leave(session, delivery);
  }

  #fragment(session: Session, rhea: RheaLink, fragmented: FragmentedDelivery): void {
    this.#unfinished = fragmented;
    const isWhole = fragmented.write(session, rhea.local.handle);
    this.#countFrame(session);
    if (!isWhole) return;
    this.#endFragments();
    if (fragmented.delivery.presettled) this.#leave(session, fragmented.delivery);
  }

  #leave({ host }: Session, delivery: OutgoingDelivery): void {
    this.#leaving.push({ delivery, offset: host.writer.appended });
    host.leaving(this);
  }

  #endFragments(): void {
    this.#unfinished?.end();
    this.#unfinished = undefined;
  }

  #countFrame(session: Session): void {
    const { outgoing } = session.rhea;
    outgoing.next_transfer_id = (outgoing.next_transfer_id + 1) >>> 0;
  }

  /** AMQP 1.0 §2.6.7: the credit a receiver gives counts from the delivery-count it knows of. */
  #flow(flow: RheaFlow): void {
    const rhea = this.#rhea;
    if (rhea === undefined) return;
    if (flow.link_credit !== undefined) {
      const behind = (rhea.delivery_count - (flow.delivery_count ?? 0)) | 0;
      rhea.credit = Math.max(0, flow.link_credit - behind);
    }
    this.#draining = flow.drain === true;
    // One that asks and never reads gets no answers to pile up.
    const session = this.#session;
    if (flow.echo === true && this.#isOnWire && session?.host.writer.blocked === false) session.writeFlow(rhea, false);
    session?.host.schedule(this);
  }

  /** Nothing is left to send with the credit that is left: it goes back. */
  #drained(session: Session, rhea: RheaLink): void {
    rhea.delivery_count = (rhea.delivery_count + rhea.credit) >>> 0;
    rhea.credit = 0;
    this.#draining = false;
    session.writeFlow(rhea, true);
  }
}

function maxMessageSize({ max_message_size: size }: RheaLink): number {
  // rhea gives bytes for numbers beyond those of JavaScript, which no message reaches. 0 is no limit (AMQP 1.0 §2.7.3).
  return typeof size === 'number' && size > 0 ? size : Infinity;
}

function rejection(error: PeerError | undefined): LinkError {
  const reason = error === undefined ? 'without a reason' : `${error.condition} ${error.description ?? ''}`.trimEnd();
  return new LinkError(`The peer rejected the message: ${reason.replace(/\.$/, '')}.`, { condition: error?.condition });
}

function tooLarge(size: number, limit: number): LinkError {
  return new LinkError(`The message has ${size} bytes, and the peer takes ${limit} (max-message-size).`, {
    condition: 'amqp:link:message-size-exceeded',
  });
}
