import type { Duplex } from 'node:stream';
import type { Endpoint } from '../../address/endpoint.js';
import { ListenError, asError } from '../../errors.js';
import type { MessagingError } from '../../errors.js';
import type { LinkRequest } from '../session/link-request.js';
import { AcceptedConnection } from './accepted-connection.js';
import type { AcceptedConnectionOwner, AcceptorSettings } from './accepted-connection.js';
import type { Listener, PortOptions } from './network.js';

/** The time for which `close` waits for peers, those in the middle of a TLS handshake included, in milliseconds. */
const CLOSE_TIMEOUT = 1000;

/** The part that an acceptor reports to. */
export interface AcceptorEvents {
  /** A peer has opened its connection. */
  connectionOpened?(connection: AcceptedConnection): void;
  /** A peer wants a link. To be answered before this returns. */
  linkRequested(request: LinkRequest, connection: AcceptedConnection): void;
  /** A peer has gone, and every link of it with it. */
  connectionClosed(connection: AcceptedConnection, error: MessagingError | undefined): void;
}

/** The listening side: takes connections on one port until it is closed. */
export class Acceptor implements AcceptedConnectionOwner {
  readonly #settings: AcceptorSettings;
  readonly #events: AcceptorEvents;
  readonly #tls: boolean;
  #listening: Promise<Listener> | undefined;
  #isClosed = false;
  readonly #connections = new Set<AcceptedConnection>();

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
    const { maxConnectionsPerHost = Infinity } = this.#settings;
    const options: PortOptions = {
      host,
      port,
      tls: this.#tls ? tls : undefined,
      asksForCertificate,
      handshakeTimeout: connectTimeout,
      maxConnections,
      maxConnectionsPerHost,
    };
    this.#listening = environment.listen(options, (stream) => this.#accept(stream));
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

  /** The connections there are now, of peers that have logged in. */
  get connections(): AcceptedConnection[] {
    return [...this.#connections].filter(({ isLoggedIn }) => isLoggedIn);
  }

  /** Stops listening and closes every connection. Resolves when all sockets are gone: those of peers that stay are cut. */
  async close(): Promise<void> {
    const { clock } = this.#settings.environment;
    this.#isClosed = true;
    for (const connection of this.#connections) connection.stop();
    // What never came to listen has nothing to close.
    const listener = await this.#listening?.catch(() => undefined);
    if (listener === undefined) return;
    const timer = clock.setTimeout(() => listener.destroy(), CLOSE_TIMEOUT);
    // Whoever closes it waits, and a socket that is not being read keeps no process alive meanwhile.
    timer.ref();
    try {
      await listener.close();
    } finally {
      clock.clearTimeout(timer);
    }
  }

  connectionOpened(connection: AcceptedConnection): void {
    this.#events.connectionOpened?.(connection);
  }

  linkRequested(request: LinkRequest, connection: AcceptedConnection): void {
    this.#events.linkRequested(request, connection);
  }

  connectionClosed(connection: AcceptedConnection, error: MessagingError | undefined): void {
    this.#connections.delete(connection);
    this.#events.connectionClosed(connection, error);
  }

  loginFailed(connection: AcceptedConnection): void {
    this.#connections.delete(connection);
  }

  /** A peer has come; too late, if its TLS handshake was over only when this had closed. */
  #accept(socket: Duplex): void {
    if (this.#isClosed) socket.destroy();
    else this.#connections.add(new AcceptedConnection(socket, this.#settings, this));
  }
}
