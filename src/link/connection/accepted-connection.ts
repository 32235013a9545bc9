import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Timer } from '../../clock.js';
import { ConnectionError, ListenError } from '../../errors.js';
import type { MessagingError, PeerError } from '../../errors.js';
import { logger } from '../../log.js';
import { QUIET_CONNECTION, SESSION_BUFFER } from '../rhea/rhea-seam.js';
import { ANYBODY, SaslServer } from '../security/sasl-server.js';
import type { Authenticator, SaslServerOwner } from '../security/sasl-server.js';
import type { LinkClose } from '../session/link-options.js';
import type { LinkRequest } from '../session/link-request.js';
import type { Link } from '../session/link-table.js';
import { FrameLog } from '../wire/frame-log.js';
import type { ConnectionSettings } from './connection-settings.js';
import type { PeerConnection } from './peer-connection.js';
import { Transport } from './transport.js';
import type { TransportOwner } from './transport.js';

const log = logger('acceptor');

/** The time that a peer that was refused has to hang up, in milliseconds. */
const CLOSE_TIMEOUT = 1000;

/** The settings of an acceptor: those of every connection, and those of the accepting side. */
export interface AcceptorSettings extends ConnectionSettings {
  /** Decides who may come in. Default: anybody. */
  readonly authenticator?: Authenticator;
  /** True when clients are asked for a certificate. One without, or with a bad one, may come and log in otherwise. */
  readonly asksForCertificate?: boolean;
  /** The most connections at a time, those that have not opened yet among them. Default: any number. */
  readonly maxConnections?: number;
  /** The most of those that one host may have. Default: any number. */
  readonly maxConnectionsPerHost?: number;
  /** The most links of a connection, refused ones that the peer has not answered among them. Default: any number. */
  readonly maxLinks?: number;
  /** The capabilities of this container that peers are told (AMQP 1.0 §2.7.1). */
  readonly offeredCapabilities?: readonly string[];
}

/** The acceptor of a connection. */
export interface AcceptedConnectionOwner {
  /** The peer has opened its connection. */
  connectionOpened(connection: AcceptedConnection): void;
  /** The peer wants to attach a link. To be answered before this returns. */
  linkRequested(request: LinkRequest, connection: AcceptedConnection): void;
  /** The peer has gone, and every link of it with it. `error` tells why, unless the connection was closed in order. */
  connectionClosed(connection: AcceptedConnection, error: MessagingError | undefined): void;
  /** The peer was refused, or has gone before it had logged in. */
  loginFailed(connection: AcceptedConnection): void;
}

/**
 * A connection that a peer has made to us, from its first byte on. The peer has to log in, and to open its connection,
 * in time. When the connection is lost it is gone: the peer is the one to come back.
 */
export class AcceptedConnection implements PeerConnection, SaslServerOwner, TransportOwner {
  readonly key: string;
  /** Where the peer comes from, as `host:port`. */
  readonly host: string;
  readonly #socket: Duplex;
  readonly #settings: AcceptorSettings;
  readonly #owner: AcceptedConnectionOwner;
  readonly #login: SaslServer;
  readonly #frames: FrameLog | undefined;
  readonly #timer: Timer;
  readonly #links = new Set<Link>();
  #user: string | undefined;
  /** There is one once the peer has logged in. */
  #transport: Transport | undefined;
  #wasOpen = false;

  constructor(socket: Duplex, settings: AcceptorSettings, owner: AcceptedConnectionOwner) {
    this.host = hostOf(socket);
    this.#socket = socket;
    this.#settings = settings;
    this.#owner = owner;
    const { environment, connectTimeout, authenticator = ANYBODY } = settings;
    this.key = `accepted ${environment.randomUUID()}`;
    this.#timer = environment.clock.setTimeout(() => this.#tooLate(), connectTimeout || Infinity);
    this.#frames = FrameLog.of(this.host);
    this.#login = new SaslServer(socket, authenticator, this, this.#frames);
  }

  /** True when the peer has logged in. */
  get isLoggedIn(): boolean {
    return this.#transport !== undefined;
  }

  /** The user as whom the peer has logged in; `undefined` for nobody in particular. */
  get user(): string | undefined {
    return this.#user;
  }

  /** True when the peer has ever opened it. */
  get wasOpen(): boolean {
    return this.#wasOpen;
  }

  /** The number of links. */
  get size(): number {
    return this.#links.size;
  }

  /** The container-id of the peer. */
  get peerId(): string | undefined {
    return this.#transport?.peerId;
  }

  open(link: Link): void {
    this.#links.add(link);
    this.#transport?.links.attach(link);
  }

  close(link: Link, how?: LinkClose): Promise<void> {
    this.#links.delete(link);
    return this.#transport?.links.detach(link, how) ?? Promise.resolve();
  }

  /** Closes the connection, with an error if the peer is to be told one. A peer that has not logged in yet is cut off. */
  stop(error?: PeerError): void {
    if (this.#transport === undefined) this.#login.abort(new ListenError('Nothing listens here any more.'));
    else this.#transport.close(error && { condition: error.condition, description: error.description ?? '' });
  }

  /** Cuts the socket, without a word to the peer. */
  destroy(): void {
    this.#socket.destroy();
  }

  /** From here on rhea speaks, for a peer that has been let in. */
  loggedIn(user: string | undefined): void {
    this.#user = user;
    const { container, limits, budget, environment, offeredCapabilities, maxLinks } = this.#settings;
    const rhea = container.create_connection({
      ...QUIET_CONNECTION,
      disable_sasl: true,
      session_buffer_size: SESSION_BUFFER,
      max_frame_size: limits.maxFrameSize,
      channel_max: limits.channelMax,
      idle_time_out: limits.idleTimeout || undefined,
      offered_capabilities: offeredCapabilities,
    });
    this.#transport = new Transport(
      this.#socket,
      { rhea, limits, budget, maxLinks, clock: environment.clock, frames: this.#frames },
      this,
    );
    rhea.accept(this.#transport.gate);
  }

  loginFailed(error: Error): void {
    const { clock } = this.#settings.environment;
    clock.clearTimeout(this.#timer);
    log('%s was not let in: %s', this.host, error.message);
    // It has been told, and is to hang up.
    clock.setTimeout(() => this.#socket.destroy(), CLOSE_TIMEOUT);
    this.#owner.loginFailed(this);
  }

  transportOpened(): void {
    this.#settings.environment.clock.clearTimeout(this.#timer);
    log('accepted %s from %s', this.peerId, this.host);
    this.#wasOpen = true;
    this.#owner.connectionOpened(this);
  }

  transportClosed({ wasClosedByPeer }: Transport, error: MessagingError | undefined): void {
    this.#settings.environment.clock.clearTimeout(this.#timer);
    log('%s has gone%s', this.peerId ?? this.host, error ? ` (${error.message})` : '');
    const links = [...this.#links];
    this.#links.clear();
    const failure = wasClosedByPeer ? undefined : error;
    const reason = error ?? new ListenError('The connection was closed.');
    for (const link of links) link.closed(reason, failure === undefined ? 'ended' : 'lost');
    this.#owner.connectionClosed(this, failure);
  }

  linkRequested(request: LinkRequest): void {
    this.#owner.linkRequested(request, this);
  }

  linkAccepted(link: Link): void {
    this.#links.add(link);
  }

  /** The peer is the one to attach it again. */
  linkClosed(link: Link): boolean {
    this.#links.delete(link);
    return false;
  }

  #tooLate(): void {
    const error = new ConnectionError(`A peer did not open its connection within ${this.#settings.connectTimeout} ms.`);
    if (this.#transport === undefined) this.#login.abort(error);
    else this.#transport.destroy(error);
  }
}

/** Where a stream comes from, as `host:port`, if it is one that knows. */
function hostOf(stream: Duplex & Partial<Pick<Socket, 'remoteAddress' | 'remotePort'>>): string {
  return `${stream.remoteAddress ?? ''}:${stream.remotePort ?? ''}`;
}
