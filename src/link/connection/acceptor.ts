import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Endpoint } from '../../address/endpoint.js';
import type { Timer } from '../../clock.js';
import { ConnectionError, ListenError, asError } from '../../errors.js';
import type { MessagingError } from '../../errors.js';
import { logger } from '../../log.js';
import type { ConnectionSettings } from './connection-settings.js';
import type { LinkCarrier, LinkClose } from '../session/link-carrier.js';
import { LinkRequest } from '../session/link-request.js';
import type { Link } from '../session/link-table.js';
import { mendAttach } from '../rhea/rhea-attach.js';
import { QUIET_CONNECTION, SESSION_BUFFER } from '../rhea/rhea-seam.js';
import { ANYBODY, ServerSasl } from '../security/server-sasl.js';
import type { Authenticator } from '../security/server-sasl.js';
import type { Listener } from './environment.js';
import { Transport } from './transport.js';

const log = logger('connection');

/** How long `close` waits for peers, those in the middle of a TLS handshake included, in milliseconds. */
const CLOSE_TIMEOUT = 1000;

/** What an acceptor may be told besides what every connection needs. */
export interface AcceptorSettings extends ConnectionSettings {
  /** Decides who may come in. Default: anybody. */
  readonly authenticator?: Authenticator;
  /** Whether clients are asked for a certificate. One without, or with a bad one, may come and log in otherwise. */
  readonly asksForCertificate?: boolean;
  /** How many connections there may be, those that have not opened yet among them. Default: any number. */
  readonly maxConnections?: number;
  /** How many links a connection may have, refused ones that the peer has not answered among them. Default: any number. */
  readonly maxLinks?: number;
  /** What this container can do, as connections are told (AMQP 1.0 §2.7.1). */
  readonly offeredCapabilities?: readonly string[];
}

/** What an acceptor tells. */
export interface AcceptorEvents {
  /** A peer has opened its connection. */
  connectionOpened?(connection: AcceptedConnection): void;
  /** A peer wants a link. To be answered before this returns. */
  linkRequested(request: LinkRequest, connection: AcceptedConnection): void;
  /** A peer has gone, and every link of it with it. */
  connectionClosed(connection: AcceptedConnection, error: MessagingError | undefined): void;
}

/** A connection that a peer has made to us. When it is lost it is gone: the peer is the one to come back. */
export class AcceptedConnection implements LinkCarrier {
  readonly #links = new Set<Link>();
  /** Set by the acceptor that makes both. */
  transport!: Transport;

  constructor(
    /** Who the peer has logged in as; `undefined` for nobody in particular. */
    readonly user: string | undefined,
    /** Where it comes from, as `host:port`. */
    readonly host: string,
  ) {}

  /** Whether the peer has ever opened it. */
  wasOpen = false;

  /** How many links there are. */
  get size(): number {
    return this.#links.size;
  }

  /** The container-id of the peer. */
  get peerId(): string | undefined {
    return this.transport.peerId;
  }

  open(link: Link): void {
    this.#links.add(link);
    this.transport.links.attach(link);
  }

  close(link: Link, how?: LinkClose): Promise<void> {
    this.#links.delete(link);
    return this.transport.links.detach(link, how);
  }

  /** Remembers a link that the peer has attached. */
  adopt(link: Link): void {
    this.#links.add(link);
  }

  /** Forgets a link that the peer has closed. */
  forget(link: Link): void {
    this.#links.delete(link);
  }

  /** Tells every link that it is over. */
  ended(error: MessagingError): void {
    const links = [...this.#links];
    this.#links.clear();
    for (const link of links) link.closed(error, 'lost');
  }
}

/** The listening side: takes connections on one port until it is closed. */
export class Acceptor {
  readonly #settings: AcceptorSettings;
  readonly #events: AcceptorEvents;
  readonly #tls: boolean;
  #listening: Promise<Listener> | undefined;
  readonly #connections = new Set<AcceptedConnection>();
  /** Peers that have not said yet who they are. */
  readonly #strangers = new Set<ServerSasl>();

  constructor(tls: boolean, settings: AcceptorSettings, events: AcceptorEvents) {
    this.#tls = tls;
    this.#settings = settings;
    this.#events = events;
  }

  /**
   * Listens. Resolves with the port. Rejects with `ListenError` when the port is taken or not allowed, or when the
   * certificate or key cannot be used.
   */
  async listen({ host, port }: Pick<Endpoint, 'host' | 'port'>): Promise<number> {
    const { environment, tls, connectTimeout, asksForCertificate = false, maxConnections = Infinity } = this.#settings;
    const options = { host, port, asksForCertificate, handshakeTimeout: connectTimeout, maxConnections };
    this.#listening = environment.listen({ ...options, tls: this.#tls ? tls : undefined }, (stream) =>
      this.#accept(stream),
    );
    try {
      return (await this.#listening).port;
    } catch (error) {
      if (error instanceof ListenError) throw error;
      const cause: Error & { code?: string } = asError(error);
      const reason =
        cause.code === 'EADDRINUSE' ? 'the port is in use; stop what uses it or take another' : cause.message;
      throw new ListenError(`Cannot listen on ${host}:${port}: ${reason}.`, { cause });
    }
  }

  /** The connections there are now. */
  get connections(): Iterable<AcceptedConnection> {
    return this.#connections;
  }

  /** Stops listening and closes every connection. Resolves when all sockets are gone. */
  async close(): Promise<void> {
    const { clock } = this.#settings.environment;
    for (const { transport } of this.#connections) transport.close();
    for (const stranger of this.#strangers) stranger.abort(new ListenError('Nothing listens here any more.'));
    // What never came to listen has nothing to close.
    const listener = await this.#listening?.catch(() => undefined);
    if (listener === undefined) return;
    const timer = clock.setTimeout(() => listener.destroy(), CLOSE_TIMEOUT);
    await listener.close();
    clock.clearTimeout(timer);
  }

  /** A peer has come. It has to say who it is, and open its connection, in time. */
  #accept(socket: Duplex): void {
    const { environment, connectTimeout, authenticator = ANYBODY } = this.#settings;
    const { clock } = environment;
    const tooLate = new ConnectionError(`A peer did not open its connection within ${connectTimeout} ms.`);
    let cut = (): void => stranger.abort(tooLate);
    const timer = clock.setTimeout(() => cut(), connectTimeout || Infinity);
    const stranger = new ServerSasl(socket, authenticator, {
      passed: (user) => {
        this.#strangers.delete(stranger);
        const connection = this.#connect(socket, user, timer);
        cut = () => connection.transport.destroy(tooLate);
      },
      failed: (error) => {
        this.#strangers.delete(stranger);
        clock.clearTimeout(timer);
        log('a peer was not let in: %s', error.message);
        // It has been told, and is to hang up.
        clock.setTimeout(() => socket.destroy(), CLOSE_TIMEOUT);
      },
    });
    this.#strangers.add(stranger);
  }

  /** From here on rhea speaks, for a peer that has been let in. */
  #connect(socket: Duplex, user: string | undefined, timer: Timer): AcceptedConnection {
    const { container, limits, environment, offeredCapabilities, maxLinks = Infinity } = this.#settings;
    const { clock } = environment;
    const connection = new AcceptedConnection(user, hostOf(socket));
    const rhea = container.create_connection({
      ...QUIET_CONNECTION,
      disable_sasl: true,
      session_buffer_size: SESSION_BUFFER,
      max_frame_size: limits.maxFrameSize,
      channel_max: limits.channelMax,
      idle_time_out: limits.idleTimeout || undefined,
      offered_capabilities: offeredCapabilities,
    });
    mendAttach(rhea, maxLinks);
    connection.transport = new Transport(socket, rhea, limits, clock, {
      opened: () => {
        clock.clearTimeout(timer);
        log('accepted %s', connection.peerId);
        connection.wasOpen = true;
        this.#events.connectionOpened?.(connection);
      },
      closed: (_transport, error) => {
        clock.clearTimeout(timer);
        this.#closed(connection, error);
      },
      linkClosed: (link) => connection.forget(link),
      linkRequested: (transport, link) => {
        const request = new LinkRequest(transport, link, (accepted) => connection.adopt(accepted));
        this.#events.linkRequested(request, connection);
      },
    });
    this.#connections.add(connection);
    rhea.accept(connection.transport.gate);
    return connection;
  }

  #closed(connection: AcceptedConnection, error: MessagingError | undefined): void {
    this.#connections.delete(connection);
    log('%s has gone%s', connection.peerId ?? 'a peer', error ? ` (${error.message})` : '');
    connection.ended(error ?? new ListenError('The connection was closed.'));
    this.#events.connectionClosed(connection, error);
  }
}

/** Where a stream comes from, as `host:port`, if it is one that knows. */
function hostOf(stream: Duplex & Partial<Pick<Socket, 'remoteAddress' | 'remotePort'>>): string {
  return `${stream.remoteAddress ?? ''}:${stream.remotePort ?? ''}`;
}
