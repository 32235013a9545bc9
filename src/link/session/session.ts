import type { Disposition } from '../../codec/disposition.js';
import { RECEIVER, SENDER, writeDisposition } from '../../codec/disposition.js';
import { writeFlow } from '../../codec/flow.js';
import { readOutcome, shortened } from '../../codec/outcome.js';
import type { Transfer } from '../../codec/transfer.js';
import { ProtocolError } from '../../errors.js';
import type { Outcome } from '../../message/outcome.js';
import { SESSION_BUFFER } from '../rhea/rhea-seam.js';
import type { RheaSession } from '../rhea/rhea-seam.js';
import type { ByteBudget } from '../wire/byte-budget.js';
import type { PendingDispositions, PendingOutput } from './pending-output.js';

/** An outcome that the peer is still to be told. The session keeps it until the end of the tick, when runs become ranges. */
interface Settlement {
  readonly id: number;
  readonly result: Outcome | undefined;
  readonly settled: boolean;
}

/** Settlements that are worth a write of their own: a sender whose window is full waits for them. */
const MANY = 256;

/** A link that messages go out on, as its session knows it. */
export interface SessionSender {
  /** The peer has given an outcome to deliveries of this range, or has settled them. */
  disposition(first: number, last: number, settled: boolean, outcome: Outcome | undefined): void;
}

/** A link that messages come in on, as its session knows it. */
export interface SessionReceiver {
  /** A transfer frame has come for this link. */
  transfer(transfer: Transfer, buffer: Buffer, end: number): void;
  /** The peer, which sends, has given deliveries of this range a state, or has settled them. */
  disposition(first: number, last: number, settled: boolean, state: Outcome | undefined): void;
  /** The outcomes that were given to its deliveries are written. */
  outcomesWritten(): void;
}

/**
 * The data plane of one session: finds the link a transfer or disposition is for, gives out delivery-ids, and gathers
 * what is to be said of deliveries until the tick ends. Opening and ending the session is rhea's.
 */
export class Session implements PendingDispositions {
  readonly rhea: RheaSession;
  /** The output of the connection, which its sessions share. */
  readonly output: PendingOutput;
  /** For what is received and not paid for by credit. The connection's, which its sessions share. */
  readonly budget: ByteBudget;
  /** It was begun here, and is therefore ours to end. */
  readonly isOurs: boolean;
  isEnding = false;
  readonly senders: Set<SessionSender> = new Set();
  /** Receivers by the handle the peer has given them. */
  readonly receivers: Map<number, SessionReceiver> = new Map();
  /** Links that belong here, and how many of them the peer has not answered yet. */
  links = 0;
  attaching = 0;
  #nextDeliveryId = 0;
  #lastDeliveryId = -1;
  #received: Settlement[] = [];
  #sent: Settlement[] = [];
  #inOrder = true;

  constructor(rhea: RheaSession, output: PendingOutput, budget: ByteBudget, isOurs: boolean) {
    this.rhea = rhea;
    this.output = output;
    this.budget = budget;
    this.isOurs = isOurs;
  }

  /** The channel frames of this session go out on. */
  get channel(): number {
    return this.rhea.local.channel;
  }

  /** True when the peer takes another link here (AMQP 1.0 §2.7.2, `handle-max`). */
  get hasHandle(): boolean {
    const { local, remote } = this.rhea;
    const last = remote.begin?.handle_max ?? 0xffff_ffff;
    // The last one is free nearly always. Then there is no need to count, which each new link would do.
    return local.handles[last] === undefined || Object.keys(local.handles).length <= last;
  }

  /** The next delivery-id: a serial number of the session (AMQP 1.0 §2.6.12). */
  takeDeliveryId(): number {
    const id = this.#nextDeliveryId;
    this.#nextDeliveryId = (id + 1) >>> 0;
    return id;
  }

  /** A transfer frame has come. */
  transfer(transfer: Transfer, buffer: Buffer, end: number): void {
    const { incoming, remote } = this.rhea;
    incoming.next_transfer_id = (incoming.next_transfer_id + 1) >>> 0;
    const link = this.receivers.get(transfer.handle);
    if (link === undefined) {
      // Sent before the peer knew that the link is closed here.
      if (remote.handles[transfer.handle] !== undefined) return;
      throw new ProtocolError(`The peer sent a message on link handle ${transfer.handle}, which is not attached.`, {
        condition: 'amqp:session:unattached-handle',
      });
    }
    link.transfer(transfer, buffer, end);
  }

  /** Tells the peer the state of a link and of the session, after what has been written before. */
  writeFlow(handle: number, deliveryCount: number, linkCredit: number, drain: boolean): void {
    const { incoming, outgoing } = this.rhea;
    const { control, writer } = this.output;
    writeFlow(control, this.channel, {
      nextIncomingId: incoming.next_transfer_id,
      incomingWindow: SESSION_BUFFER.incoming,
      nextOutgoingId: outgoing.next_transfer_id,
      outgoingWindow: SESSION_BUFFER.incoming,
      handle,
      deliveryCount,
      linkCredit,
      drain,
    });
    writer.append(control.buffer, control.start, control.position);
  }

  /** Checks the id of a delivery that begins: it must come after the one before (AMQP 1.0 §2.6.12). */
  expectDeliveryId(id: number): void {
    if (id < 0) throw new ProtocolError('The peer began a delivery without a delivery-id.');
    if (this.#lastDeliveryId >= 0 && ((id - this.#lastDeliveryId) | 0) <= 0) {
      throw new ProtocolError(`The peer began delivery ${id} after delivery ${this.#lastDeliveryId}.`, {
        condition: 'amqp:session:errant-link',
      });
    }
    this.#lastDeliveryId = id;
  }

  /** A disposition frame has come. */
  disposition(disposition: Disposition, buffer: Buffer, end: number): void {
    const { first, last, settled, state } = disposition;
    const outcome = state < 0 ? undefined : readOutcome(buffer, state, end);
    const isOfOurs = disposition.role === RECEIVER;
    if (isOfOurs && (settled || outcome !== undefined)) this.output.outcomes++;
    const links = isOfOurs ? this.senders : this.receivers.values();
    for (const link of links) link.disposition(first, last, settled, outcome);
  }

  /** Tells the peer, before the tick ends, the outcome of a delivery that it sent. */
  settleReceived(settlement: Settlement): void {
    const queue = this.#received;
    const before = queue[queue.length - 1];
    if (before === undefined) this.output.scheduleDispositions(this);
    else if (((settlement.id - before.id) | 0) <= 0) this.#inOrder = false;
    queue.push(settlement);
    if (queue.length === MANY) this.output.flushSoon();
  }

  /** Tells the peer, before the tick ends, that its outcome for a delivery of ours is final. */
  settleSent(id: number, result: Outcome): void {
    this.#sent.push({ id, result, settled: true });
    this.output.scheduleDispositions(this);
  }

  /** Writes what has been gathered, a frame for each run of neighbouring ids with the same outcome. */
  writeDispositions(): void {
    if (this.#received.length > 0) {
      const settlements = this.#received;
      this.#received = [];
      // Serial numbers compare by their difference (RFC 1982).
      if (!this.#inOrder) settlements.sort((a, b) => (a.id - b.id) | 0);
      this.#inOrder = true;
      this.#writeRuns(RECEIVER, settlements);
      for (const link of this.receivers.values()) link.outcomesWritten();
    }
    if (this.#sent.length > 0) {
      const settlements = this.#sent.sort((a, b) => (a.id - b.id) | 0);
      this.#sent = [];
      this.#writeRuns(SENDER, settlements);
    }
  }

  #writeRuns(role: boolean, settlements: readonly Settlement[]): void {
    let first = settlements[0]!;
    let last = first;
    for (let index = 1; index < settlements.length; index++) {
      const next = settlements[index]!;
      const { id, result, settled } = next;
      if (id !== (last.id + 1) >>> 0 || result !== first.result || settled !== first.settled) {
        this.#writeRun(role, first, last);
        first = next;
      }
      last = next;
    }
    this.#writeRun(role, first, last);
  }

  #writeRun(role: boolean, first: Settlement, last: Settlement): void {
    const { control, writer, maxFrameSize } = this.output;
    writeDisposition(control, this.channel, role, first.id, last.id, first.settled, first.result);
    const excess = control.position - control.start - maxFrameSize;
    if (excess > 0 && first.result !== undefined) {
      const result = shortened(first.result, excess);
      writeDisposition(control, this.channel, role, first.id, last.id, first.settled, result);
    }
    writer.append(control.buffer, control.start, control.position);
  }
}
