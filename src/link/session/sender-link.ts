import { LinkError } from '../../errors.js';
import type { MessagingError } from '../../errors.js';
import { logger } from '../../log.js';
import type { Outcome } from '../../message/outcome.js';
import type { OutgoingDelivery } from '../../queue/outgoing-delivery.js';
import { RingBuffer } from '../../queue/ring-buffer.js';
import { Unsettled } from '../../queue/unsettled.js';
import type { RheaLink } from '../rhea/rhea-seam.js';
import { transferWindow } from '../rhea/rhea-seam.js';
import { rejection } from './link-errors.js';
import { SenderAttachment } from './sender-attachment.js';
import type { PendingSender } from './pending-output.js';
import type { Session, SessionSender } from './session.js';
import type { GrantedTerms, LinkEnd, LinkOptions } from './link-options.js';
import { Suspects } from './suspects.js';

const log = logger('link');

/** Bytes one link may write before others get their turn: 64 KiB. */
const QUANTUM = 1 << 16;

/** The layer above a sender link. */
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
export class SenderLink implements SessionSender, PendingSender {
  readonly role = 'sender';
  readonly options: LinkOptions;
  readonly events: SenderLinkEvents;
  /** True once it has been attached. Before that, the peer refuses it when it closes it. */
  wasAttached = false;
  /** The address the peer has given it: its own for a dynamic target. */
  remoteAddress: string | undefined;
  /** The terms that the peer has answered with; `undefined` before it has, and for a link that the peer has made. */
  granted: GrantedTerms | undefined;
  readonly #queue = new RingBuffer<OutgoingDelivery>();
  readonly #unsettled = new Unsettled<OutgoingDelivery>();
  readonly #suspects = new Suspects();
  /** Messages in the queue that have ended by themselves. */
  #ended = 0;
  /** Sent settled, and not yet known to have left the process. */
  readonly #leaving = new RingBuffer<{ delivery: OutgoingDelivery; offset: number }>();
  /** Where it is attached, while it is. */
  #attachment: SenderAttachment | undefined;
  /** Why it is gone for good, once it is. */
  #closedBy: MessagingError | undefined;
  /** True when anything was queued since whoever looks for idle links has looked. */
  isBusy = false;
  /** True when it is to send what it has before this tick ends. Written by the connection's output only. */
  scheduled = false;

  constructor(options: LinkOptions, events: SenderLinkEvents) {
    this.options = options;
    this.events = events;
  }

  /** Messages queued here that have not gone out. */
  get queued(): number {
    return this.#queue.size;
  }

  /** Goes through those messages, in order, and some that have ended by themselves. `visit` must not change them. */
  eachQueued(visit: (delivery: OutgoingDelivery) => void): void {
    this.#queue.forEach(visit);
  }

  /** Messages that have gone out and have no outcome yet. */
  get unsettled(): number {
    return this.#unsettled.size + this.#leaving.size;
  }

  /** True when something of what has gone out is still to come: an outcome, or the end of a message. */
  get isAwaited(): boolean {
    return this.unsettled > 0 || this.#attachment?.unfinished !== undefined;
  }

  /** The one of them that went out first; pre-settled messages do not count. */
  get oldestUnsettled(): OutgoingDelivery | undefined {
    return this.#unsettled.oldest;
  }

  /** The number of messages that the peer takes beyond those queued. */
  get available(): number {
    return this.#attachment === undefined ? 0 : Math.max(0, this.#attachment.credit - this.#queue.size);
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
    if (this.#attachment !== undefined && !this.scheduled) this.#attachment.session.output.schedule(this);
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
    const attachment = new SenderAttachment(session, rhea);
    this.#attachment = attachment;
    session.senders.add(this);
    rhea.on_flow = (frame) => {
      if (this.#attachment !== attachment) return;
      attachment.flow(frame.performative);
      session.output.schedule(this);
    };
  }

  /** Both sides are attached, and our attach frame is written: nothing may go out before it. */
  opened(): void {
    if (this.#attachment === undefined) return;
    this.wasAttached = true;
    this.#attachment.opened();
    this.#attachment.session.output.schedule(this);
    this.events.opened?.(this);
  }

  /** The session or connection is gone. Messages without an outcome go to the head of the queue, to go out again. */
  detached(error?: MessagingError): void {
    const attachment = this.#attachment;
    this.#attachment = undefined;
    attachment?.session.senders.delete(this);
    const again = this.#unsettled.drain();
    // A pre-settled one that is not whole yet has not been delivered, so it may go out again too.
    if (attachment?.unfinished?.presettled === true) again.push(attachment.unfinished);
    attachment?.abandon();
    const blame = this.#suspects.lost(again, error);
    if (blame !== undefined) again.pop()?.finish('aborted', blame);
    for (let index = again.length - 1; index >= 0; index--) this.#sendAgain(again[index]!);
    if (again.length > 0) {
      log('%s: %d messages without an outcome go out again on the next connection', this.options.name, again.length);
      this.events.cameBack?.(this);
    }
    // Whether these arrived nobody can tell, and sending them twice is what pre-settled rules out.
    for (const { delivery } of this.#leaving.drain()) {
      delivery.finish('aborted', new LinkError('The connection was lost while the message was being written.'));
    }
  }

  #sendAgain(delivery: OutgoingDelivery): void {
    const { maxRedeliveries = Infinity } = this.options;
    delivery.cameBack();
    if (this.#closedBy !== undefined) {
      // By whoever was told that a message before it was given up.
      delivery.finish('aborted', this.#closedBy);
      return;
    }
    if (delivery.redeliveries++ < maxRedeliveries) {
      this.#queue.unshift(delivery);
      return;
    }
    const lost = 'The connection was lost each time the message was sent';
    delivery.finish('aborted', new LinkError(`${lost}, ${delivery.redeliveries} times (maxRedeliveries).`));
  }

  /** True when it is gone for good: what it was opened on may still know it. */
  get isClosed(): boolean {
    return this.#closedBy !== undefined;
  }

  /** It is gone for good. Told once, whoever closes it again. */
  closed(error: MessagingError, end: LinkEnd = 'local'): void {
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
  sendPending(): boolean {
    const attachment = this.#attachment;
    if (attachment?.isOpen !== true) return false;
    const { session } = attachment;
    const { writer } = session.output;
    const limit = writer.appended + QUANTUM;
    let window = transferWindow(session.rhea);
    while (window > 0 && this.#hasMore(attachment)) {
      if (writer.blocked) break;
      if (writer.appended >= limit) return true;
      if (this.#writeFrame(attachment)) window--;
    }
    // Nobody announces that the window or the socket has opened, as a flow frame announces credit.
    if (this.#hasMore(attachment)) session.output.waitForRoom(this);
    // Whoever fills this link may have more for it, and a drain asks for that first (AMQP 1.0 §2.6.7).
    if (this.available > 0) this.events.sendable?.(this);
    // A peer that drains waits for an answer, also when no credit is left.
    if (attachment.isDraining && (this.#queue.size === 0 || attachment.credit === 0)) attachment.drained();
    return false;
  }

  /** The peer has said something of the deliveries in this range. */
  disposition(first: number, last: number, settled: boolean, outcome: Outcome | undefined): void {
    if (outcome === undefined && !settled) return;
    const { goAlone } = this.#suspects;
    for (const id of this.#unsettled.clip(first, last)) {
      const delivery = this.#unsettled.take(id);
      if (delivery === undefined) continue;
      if (!settled && outcome !== undefined) this.#attachment?.session.settleSent(id, outcome);
      if (outcome === undefined) delivery.finish('settled');
      else delivery.finish(outcome.type, outcome.type === 'rejected' ? rejection(outcome.error) : undefined, outcome);
      this.#suspects.ended(delivery);
    }
    // The next one has its turn.
    if (goAlone) this.#attachment?.session.output.schedule(this);
  }

  #hasMore(attachment: SenderAttachment): boolean {
    if (attachment.unfinished !== undefined) return true;
    const mayBegin = !this.#suspects.goAlone || this.#unsettled.size === 0;
    return mayBegin && !attachment.session.output.isHeld && attachment.credit > 0 && this.#queue.size > 0;
  }

  /** Writes the next frame. Returns false when there was none, since the message had ended while it was queued. */
  #writeFrame(attachment: SenderAttachment): boolean {
    const { unfinished } = attachment;
    const delivery = unfinished ?? this.#next(attachment);
    if (delivery === undefined) return false;
    if (unfinished === undefined) {
      attachment.begin(delivery);
      if (!delivery.presettled) this.#unsettled.add(delivery.id, delivery);
    } else {
      attachment.goOn();
    }
    if (delivery.presettled && attachment.unfinished === undefined) this.#leave(attachment.session, delivery);
    return true;
  }

  /** Takes the next message, or `undefined` when it has ended. */
  #next({ maxMessageSize }: SenderAttachment): OutgoingDelivery | undefined {
    const delivery = this.#queue.shift();
    if (delivery?.status !== 'pending') {
      this.#ended = Math.max(0, this.#ended - 1);
      return undefined;
    }
    if (delivery.size <= maxMessageSize) return delivery;
    delivery.finish('aborted', tooLarge(delivery.size, maxMessageSize));
    return undefined;
  }

  #leave({ output }: Session, delivery: OutgoingDelivery): void {
    this.#leaving.push({ delivery, offset: output.writer.appended });
    output.waitForWrite(this);
  }
}

function tooLarge(size: number, limit: number): LinkError {
  return new LinkError(`The message has ${size} bytes, and the peer takes ${limit} (max-message-size).`, {
    condition: 'amqp:link:message-size-exceeded',
  });
}
