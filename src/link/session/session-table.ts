import { Disposition } from '../../codec/disposition.js';
import { FieldCursor } from '../../codec/field-cursor.js';
import { Transfer } from '../../codec/transfer.js';
import { ProtocolError } from '../../errors.js';
import type { RheaConnection, RheaSession } from '../rhea/rhea-seam.js';
import { createSession, onSessionRemoved } from '../rhea/rhea-seam.js';
import type { ByteBudget } from '../wire/byte-budget.js';
import { Session } from './session.js';
import type { PendingOutput } from './pending-output.js';

/** The links that the sessions of a table are for. */
export interface SessionTableOwner {
  /** The peer has ended a session, or answered our end. */
  sessionEnded(session: Session): void;
  /** There may be room for another session. */
  sessionFreed(): void;
}

/** What the sessions of a connection share. */
export interface SessionTableParts {
  readonly output: PendingOutput;
  /** For what is received and not paid for by credit. */
  readonly budget: ByteBudget;
  /** The highest channel number. */
  readonly channelMax: number;
}

/** The number of channels that are left alone after their sessions. */
const RESTING = 8;

/** The sessions of a connection: found by the peer's channel for every frame, and chosen for every new link. */
export class SessionTable {
  readonly #output: PendingOutput;
  readonly #budget: ByteBudget;
  readonly #channelMax: number;
  readonly #owner: SessionTableOwner;
  readonly #all = new Map<RheaSession, Session>();
  readonly #byChannel = new Map<number, Session>();
  /** Channels of the peer whose sessions are over. No more than channel-max allows. */
  readonly #endedByPeer = new Set<number>();
  /** Channels of sessions that are over, the last first. */
  #ended: number[] = [];
  // One of each, read anew for every frame.
  readonly #fields = new FieldCursor();
  readonly #transfer = new Transfer();
  readonly #disposition = new Disposition();

  constructor(connection: RheaConnection, parts: SessionTableParts, owner: SessionTableOwner) {
    this.#output = parts.output;
    this.#budget = parts.budget;
    this.#channelMax = parts.channelMax;
    this.#owner = owner;
    // rhea has answered then, and the channel is free, which channel-max may be waiting for.
    onSessionRemoved(connection, (session) => {
      if (this.#all.delete(session)) this.#owner.sessionFreed();
    });
  }

  /** Reads a transfer frame, whose fields are the list at `position`, and hands it to its session. */
  transfer(channel: number, buffer: Buffer, position: number, end: number): void {
    this.#transfer.read(this.#fields, buffer, position, end);
    this.#onChannel(channel)?.transfer(this.#transfer, buffer, end);
  }

  /** Reads a disposition frame, likewise. */
  disposition(channel: number, buffer: Buffer, position: number, end: number): void {
    this.#disposition.read(this.#fields, buffer, position, end);
    this.#onChannel(channel)?.disposition(this.#disposition, buffer, end);
  }

  /** The session that rhea calls by this object. */
  of(rhea: RheaSession): Session | undefined {
    return this.#all.get(rhea);
  }

  /**
   * The session for a new link: one of its own, so that one link's errors and windows are not another's, as long as
   * the peer allows more; then the one with the fewest links. `undefined` when the link has to wait: a refused link may
   * cost its whole session, as on RabbitMQ, so a session takes one new link at a time.
   */
  choose(connection: RheaConnection): Session | undefined {
    const allowed = Math.min(connection.channel_max ?? 0xffff, this.#channelMax) + 1;
    if (this.#all.size < allowed) {
      const rhea = createSession(connection, this.#resting(allowed));
      const session = this.adopt(rhea, true);
      rhea.begin();
      return session;
    }
    let best: Session | undefined;
    for (const session of this.#all.values()) {
      if (session.attaching > 0 || session.isEnding || !session.hasHandle) continue;
      if (best === undefined || session.links < best.links) best = session;
    }
    return best;
  }

  /** True when a link waits in vain for a session: none is about to begin or end, and none has a handle left. */
  get isFull(): boolean {
    for (const session of this.#all.values()) {
      if (session.attaching > 0 || session.isEnding || session.hasHandle) return false;
    }
    return true;
  }

  /** Takes a session in: one made here, or one the peer has begun. */
  adopt(rhea: RheaSession, isOurs = false): Session {
    const session = new Session(rhea, this.#output, this.#budget, isOurs);
    this.#all.set(rhea, session);
    rhea.on('session_open', () => this.opened(session));
    // Reported with the close that follows.
    rhea.on('session_error', () => undefined);
    rhea.on('session_close', () => {
      session.isEnding = true;
      this.#forgetChannel(session);
      this.#ended = [rhea.local.channel, ...this.#ended].slice(0, RESTING);
      this.#owner.sessionEnded(session);
    });
    return session;
  }

  /** The peer has begun its side, on a channel of its choice. */
  opened(session: Session): void {
    const channel = session.rhea.remote.channel ?? 0;
    if (this.#byChannel.has(channel) || channel > this.#channelMax) {
      throw new ProtocolError(`The peer began a session on channel ${channel}, which is in use or beyond channel-max.`);
    }
    this.#byChannel.set(channel, session);
    this.#endedByPeer.delete(channel);
  }

  /** Ends a session when no link needs it any more. */
  endIdle(session: Session): void {
    if (!session.isOurs || session.isEnding || session.links > 0) return;
    session.isEnding = true;
    session.rhea.close();
  }

  /**
   * Channels that had better not be used again yet, as far as there are others: RabbitMQ 4 passes over the begin frame of a
   * session on a channel whose last session it has not quite done with, and never answers it.
   */
  #resting(allowed: number): number[] {
    return this.#ended.slice(0, allowed - this.#all.size - 1);
  }

  /** Finds the session on a channel of the peer; `undefined` for one that the peer has ended: what it still says is late. */
  #onChannel(channel: number): Session | undefined {
    const session = this.#byChannel.get(channel);
    if (session === undefined && !this.#endedByPeer.has(channel)) {
      throw new ProtocolError(`The peer used channel ${channel}, on which no session has begun.`);
    }
    return session;
  }

  #forgetChannel(session: Session): void {
    const channel = session.rhea.remote.channel ?? 0;
    if (this.#byChannel.get(channel) !== session) return;
    this.#byChannel.delete(channel);
    this.#endedByPeer.add(channel);
  }
}
