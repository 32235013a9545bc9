import { AMQP_PORT, connectionKey, hostAndPort } from '../../address/endpoint.js';
import type { Endpoint } from '../../address/endpoint.js';
import { AddressError } from '../../errors.js';
import type { MessagingError } from '../../errors.js';
import type { LinkRequest } from '../session/link-request.js';
import type { AcceptedConnection } from './accepted-connection.js';
import type { Acceptor } from './acceptor.js';
import { Connection } from './connection.js';
import type { ConnectionEvents } from './connection.js';
import type { ConnectionSettings } from './connection-settings.js';
import type { ConnectionState } from './peer-connection.js';
import type { PeerConnection } from '../connection/peer-connection.js';

/** The connections of one messenger: one per endpoint, and those that peers have made. */
export class ConnectionPool implements ConnectionEvents {
  readonly #settings: ConnectionSettings;
  readonly #events: ConnectionEvents;
  readonly #dialled = new Map<string, Connection>();
  /** The acceptors, each with the promise of its port. */
  readonly #acceptors = new Map<Acceptor, Promise<number>>();
  /** Connections that are being closed: nobody is given them any more. */
  readonly #closing = new Set<Connection>();

  constructor(settings: ConnectionSettings, events: ConnectionEvents) {
    this.#settings = settings;
    this.#events = events;
  }

  stateChanged(connection: Connection, from: ConnectionState, to: ConnectionState, error?: MessagingError): void {
    if (to === 'closing' || to === 'closed') this.#forget(connection, to);
    this.#events.stateChanged(connection, from, to, error);
  }

  failed(error: MessagingError): void {
    this.#events.failed(error);
  }

  linkRequested(request: LinkRequest, connection: PeerConnection): void {
    this.#events.linkRequested(request, connection);
  }

  /** True when nothing is connected, connecting or listening. */
  get isIdle(): boolean {
    if (this.#acceptors.size > 0 || this.#closing.size > 0) return false;
    for (const connection of this.#dialled.values()) if (connection.state !== 'closed') return false;
    return true;
  }

  /** A look at every connection. */
  get stats(): { endpoint: string; host: string; direction: 'dialled' | 'accepted'; state: ConnectionState }[] {
    return [
      ...Array.from([...this.#dialled.values(), ...this.#closing], ({ endpoint, host, state }) => {
        return { endpoint: hostAndPort(endpoint), host, direction: 'dialled' as const, state };
      }),
      ...Array.from(this.#accepted(), ({ peerId = '', host }) => {
        return { endpoint: peerId, host, direction: 'accepted' as const, state: 'open' as const };
      }),
    ];
  }

  /** True when something listens. */
  get isListening(): boolean {
    return this.#acceptors.size > 0;
  }

  /** Listens. Resolves with the port. The connections that come can be found by their container-id. */
  listen(acceptor: Acceptor, endpoint: Endpoint): Promise<number> {
    const listening = acceptor.listen(endpoint);
    this.#acceptors.set(acceptor, listening);
    listening.catch(() => this.#acceptors.delete(acceptor));
    return listening;
  }

  /** Listens no longer, and closes the connections that came. Resolves when every socket is gone. */
  async unlisten(acceptor: Acceptor): Promise<void> {
    // What does not listen yet cannot be closed, and would listen afterwards.
    await this.#acceptors.get(acceptor)?.catch(() => undefined);
    await acceptor.close();
    this.#acceptors.delete(acceptor);
  }

  /**
   * The connection to an endpoint: the one with the same key, or a new one. An address without TLS and credentials may
   * also stand for a peer that calls itself by what the address names as host, which is how an answer to `amqp://name`
   * finds its way back: when a peer has named it, or an option says so. A container-id is what a peer says of itself, so
   * nothing that is meant for a host by TLS or with a password goes by it.
   *
   * @throws AddressError for a host that a peer has named, unless such hosts are dialled.
   */
  connectionTo(endpoint: Endpoint): PeerConnection {
    const key = connectionKey(endpoint);
    const known = this.#dialled.get(key);
    if (known?.state === 'open') return known;
    const connected = this.#byPeerId(endpoint) ?? known;
    if (connected !== undefined) return connected;
    if (endpoint.isNamedByPeer === true && this.#settings.dialPeerHosts !== true) {
      throw new AddressError(
        `The host ${endpoint.host}:${endpoint.port} was named by a peer, in the replyTo of a message, and not by this program. ` +
          'Answer with reply(), over the connection that the message came by, or set dialPeerHosts.',
      );
    }
    const connection = new Connection(endpoint, this.#settings, this);
    this.#dialled.set(key, connection);
    return connection;
  }

  /**
   * The connection that a message came by, to answer over it. When one that was dialled has been closed, it is the one to
   * the same endpoint; `undefined` when it was the peer that had dialled, and it has gone.
   */
  current(connection: PeerConnection): PeerConnection | undefined {
    if (connection instanceof Connection) return this.connectionTo(connection.endpoint);
    for (const accepted of this.#accepted()) if (accepted === connection) return accepted;
    return undefined;
  }

  /** True if a connection was dialled to the host and port of an endpoint, and the endpoint asks for no other user. */
  leadsTo(connection: PeerConnection, { tls, host, port, user }: Endpoint): boolean {
    if (!(connection instanceof Connection) || user !== undefined) return false;
    const { endpoint } = connection;
    return endpoint.tls === tls && endpoint.port === port && endpoint.host.toLowerCase() === host.toLowerCase();
  }

  /** Connects to an endpoint. Resolves when the connection is open; rejects with why it cannot be. */
  async connect(endpoint: Endpoint): Promise<void> {
    const connection = this.connectionTo(endpoint);
    if (connection instanceof Connection) await connection.opened();
  }

  /** Closes everything. Resolves when every socket is gone. */
  async stop(): Promise<void> {
    await Promise.all([
      ...Array.from(this.#acceptors.keys(), (acceptor) => this.unlisten(acceptor)),
      ...Array.from([...this.#dialled.values(), ...this.#closing], (connection) => connection.stop()),
    ]);
  }

  /** A connection that is closed, or about to be, is of no use: the next to ask for the endpoint looks anew. */
  #forget(connection: Connection, state: 'closing' | 'closed'): void {
    const key = connectionKey(connection.endpoint);
    if (this.#dialled.get(key) === connection) this.#dialled.delete(key);
    if (state === 'closing') this.#closing.add(connection);
    else this.#closing.delete(connection);
  }

  #byPeerId(endpoint: Endpoint): PeerConnection | undefined {
    // A container-id names no port, so an address that names another than the default means a host.
    const { host, port, tls, user, isNamedByPeer } = endpoint;
    const mayBeName = isNamedByPeer === true || this.#settings.containerIdsAsHosts === true;
    if (!mayBeName || tls || user !== undefined) return undefined;
    const name = host + (port === AMQP_PORT ? '' : `:${port}`);
    // The newest wins: of a peer that has come back, the older connection may be dead without anybody knowing.
    const accepted = [...this.#accepted()].findLast((connection) => connection.peerId === name);
    if (accepted !== undefined) return accepted;
    for (const connection of this.#dialled.values()) if (connection.peerId === name) return connection;
    return undefined;
  }

  *#accepted(): Generator<AcceptedConnection> {
    for (const acceptor of this.#acceptors.keys()) yield* acceptor.connections;
  }
}
