import type { AddressInfo, Server, Socket } from 'node:net';
import { createServer } from 'node:net';
import type { Endpoint } from '../../address/endpoint.js';
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
import { nodeTls, nodeTlsOptions } from '../security/tls.js';
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
  #server: Server | undefined;
  readonly #connections = new Set<AcceptedConnection>();
  /** Peers that have not said yet who they are. */
  readonly #strangers = new Set<ServerSasl>();
  readonly #sockets = new Set<Socket>();
  #whenIdle: (() => void) | undefined;

  constructor(tls: boolean, settings: AcceptorSettings, events: AcceptorEvents) {
    this.#tls = tls;
    this.#settings = settings;
    this.#events = events;
  }

  /**
   * Listens. Resolves with the port. Rejects with `ListenError` when the port is taken or not allowed, or when the
   * certificate or key cannot be used.
   */
  listen(endpoint: Pick<Endpoint, 'host' | 'port'>): Promise<number> {
    const { host, port } = endpoint;
    return new Promise((resolve, reject) => {
      const server = this.#createServer();
      this.#server = server;
      server.once('error', (cause: Error & { code?: string }) => {
        const reason =
          cause.code === 'EADDRINUSE' ? 'the port is in use; stop what uses it or take another' : cause.message;
        reject(new ListenError(`Cannot listen on ${host}:${port}: ${reason}.`, { cause }));
      });
      server.listen({ host, port }, () => {
        // A TCP server that listens has an address of this shape.
        resolve((server.address() as AddressInfo).port);
      });
    });
  }

  /** The connections there are now. */
  get connections(): Iterable<AcceptedConnection> {
    return this.#connections;
  }

  /** Stops listening and closes every connection. Resolves when all sockets are gone. */
  async close(): Promise<void> {
    const { clock } = this.#settings;
    const idle = new Promise<void>((resolve) => {
      if (this.#sockets.size === 0) resolve();
      else this.#whenIdle = resolve;
    });
    const closed = new Promise<void>((resolve) => {
      if (this.#server === undefined) resolve();
      else this.#server.close(() => resolve());
    });
    for (const { transport } of this.#connections) transport.close();
    for (const stranger of this.#strangers) stranger.abort(new ListenError('Nothing listens here any more.'));
    const timer = clock.setTimeout(() => {
      for (const socket of this.#sockets) socket.destroy();
    }, CLOSE_TIMEOUT);
    await Promise.all([idle, closed]);
    clock.clearTimeout(timer);
  }

  #createServer(): Server {
    const server = this.#tls ? this.#createTlsServer() : createServer({ noDelay: true, keepAlive: true });
    server.on(this.#tls ? 'secureConnection' : 'connection', (socket: Socket) => this.#accept(socket));
    server.on('connection', (socket: Socket) => this.#keep(socket));
    const { maxConnections = Infinity } = this.#settings;
    if (maxConnections !== Infinity) server.maxConnections = maxConnections;
    server.on('drop', () => log('a connection was dropped: there are %d', maxConnections));
    // A client that fails its TLS handshake is its own problem.
    server.on('tlsClientError', (error) => log('a TLS handshake failed: %s', (error as Error).message));
    // After it listens, this is about a connection that could not be accepted; others still can.
    server.on('error', (error) => log('the listener failed: %s', error.message));
    return server;
  }

  #createTlsServer(): Server {
    const { tls, connectTimeout, asksForCertificate = false } = this.#settings;
    const handshake = connectTimeout > 0 ? { handshakeTimeout: connectTimeout } : {};
    const certificates = asksForCertificate ? { requestCert: true, rejectUnauthorized: false } : {};
    try {
      return nodeTls.createServer({ ...handshake, ...nodeTlsOptions(tls), ...certificates });
    } catch (cause) {
      throw new ListenError(`The certificate or key to listen with cannot be used: ${asError(cause).message}.`, {
        cause,
      });
    }
  }

  /** Remembers a socket while it is there, from before any TLS handshake on. */
  #keep(socket: Socket): void {
    this.#sockets.add(socket);
    socket.once('close', () => {
      this.#sockets.delete(socket);
      if (this.#sockets.size === 0) this.#whenIdle?.();
    });
  }

  /** A peer has come. It has to say who it is, and open its connection, in time. */
  #accept(socket: Socket): void {
    const { clock, connectTimeout, authenticator = ANYBODY } = this.#settings;
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
  #connect(socket: Socket, user: string | undefined, timer: NodeJS.Timeout): AcceptedConnection {
    const { container, limits, clock, offeredCapabilities, maxLinks = Infinity } = this.#settings;
    const connection = new AcceptedConnection(user, `${socket.remoteAddress ?? ''}:${socket.remotePort ?? ''}`);
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
