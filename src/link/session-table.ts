import { ProtocolError } from '../errors.js';
import type { RheaConnection, RheaSession } from './rhea-seam.js';
import { SESSION_BUFFER } from './rhea-seam.js';
import type { SenderLink } from './sender-link.js';
import { Session } from './session.js';
import type { SessionHost } from './session.js';

/** The sessions of a connection: found by the peer's channel for every frame, and chosen for every new link. */
export class SessionTable {
  readonly #host: SessionHost;
  readonly #channelMax: number;
  readonly #ended: (session: Session) => void;
  readonly #all = new Map<RheaSession, Session>();
  readonly #byChannel = new Map<number, Session>();

  constructor(host: SessionHost, channelMax: number, ended: (session: Session) => void) {
    this.#host = host;
    this.#channelMax = channelMax;
    this.#ended = ended;
  }

  /** Every session. */
  [Symbol.iterator](): IterableIterator<Session> {
    return this.#all.values();
  }

  /** The session that frames on this channel are for. */
  onChannel(channel: number): Session {
    const session = this.#byChannel.get(channel);
    if (session === undefined) {
      throw new ProtocolError(`The peer used channel ${channel}, on which no session has begun.`);
    }
    return session;
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
      const rhea = connection.create_session(SESSION_BUFFER);
      const session = this.adopt(rhea, true);
      rhea.begin();
      return session;
    }
    let best: Session | undefined;
    for (const session of this.#all.values()) {
      if (session.attaching > 0 || session.isEnding) continue;
      if (best === undefined || session.links < best.links) best = session;
    }
    return best;
  }

  /** Takes a session in: one made here, or one the peer has begun. */
  adopt(rhea: RheaSession, isOurs = false): Session {
    const session = new Session(rhea, this.#host, isOurs);
    this.#all.set(rhea, session);
    rhea.on('session_open', () => this.opened(session));
    // Reported with the close that follows.
    rhea.on('session_error', () => undefined);
    rhea.on('session_close', () => {
      this.#forget(session);
      this.#ended(session);
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
  }

  /** Ends a session when no link needs it any more. */
  endIdle(session: Session): void {
    if (!session.isOurs || session.isEnding || session.links > 0) return;
    session.isEnding = true;
    session.rhea.close();
  }

  /** Calls `visit` for every sender link. */
  eachSender(visit: (link: SenderLink) => void): void {
    for (const session of this.#all.values()) for (const link of session.senders) visit(link);
  }

  #forget(session: Session): void {
    this.#all.delete(session.rhea);
    const channel = session.rhea.remote.channel ?? 0;
    if (this.#byChannel.get(channel) === session) this.#byChannel.delete(channel);
  }
}
