import { connectionKey } from '../address/endpoint.js';
import type { Endpoint } from '../address/endpoint.js';
import type { AcceptedConnection, Acceptor } from './acceptor.js';
import { Connection } from './connection.js';
import type { ConnectionEvents, ConnectionSettings, LinkCarrier } from './connection.js';

/** The connections of one messenger: one per endpoint, and those that peers have made. */
export class ConnectionPool {
  readonly #settings: ConnectionSettings;
  readonly #events: ConnectionEvents;
  readonly #dialled = new Map<string, Connection>();
  readonly #acceptors = new Set<Acceptor>();

  constructor(settings: ConnectionSettings, events: ConnectionEvents) {
    this.#settings = settings;
    this.#events = events;
  }

  /** Whether nothing is connected, connecting or listening. */
  get isIdle(): boolean {
    if (this.#acceptors.size > 0) return false;
    for (const connection of this.#dialled.values()) if (connection.state !== 'closed') return false;
    return true;
  }

  /** Whether something listens. */
  get isListening(): boolean {
    return this.#acceptors.size > 0;
  }

  /** Adds a listening side, whose connections can be found by their container-id. */
  add(acceptor: Acceptor): void {
    this.#acceptors.add(acceptor);
  }

  /** Forgets one that does not listen. */
  remove(acceptor: Acceptor): void {
    this.#acceptors.delete(acceptor);
  }

  /**
   * What carries links to an endpoint (spec §2.4): the connection with the same key; or one whose peer calls itself by
   * what the address names as host, which is how an answer to `amqp://name` finds its way back; or a new one.
   */
  carrier(endpoint: Endpoint): LinkCarrier {
    const key = connectionKey(endpoint);
    const known = this.#dialled.get(key);
    if (known !== undefined) return known;
    const named = this.#byPeerId(endpoint);
    if (named !== undefined) return named;
    const connection = new Connection(endpoint, this.#settings, this.#events);
    this.#dialled.set(key, connection);
    return connection;
  }

  /** Closes everything. Resolves when every socket is gone. */
  async stop(): Promise<void> {
    const acceptors = [...this.#acceptors];
    this.#acceptors.clear();
    const connections = [...this.#dialled.values()];
    this.#dialled.clear();
    await Promise.all([
      ...acceptors.map((acceptor) => acceptor.close()),
      ...connections.map((connection) => connection.stop()),
    ]);
  }

  #byPeerId(endpoint: Endpoint): LinkCarrier | undefined {
    // A container-id names no port, so an address that names another than the default means a host.
    const { host, port, tls } = endpoint;
    const isDefaultPort = port === (tls ? 5671 : 5672);
    const name = (endpoint.user === undefined ? '' : `${endpoint.user}@`) + host + (isDefaultPort ? '' : `:${port}`);
    for (const connection of this.#accepted()) if (connection.peerId === name) return connection;
    for (const connection of this.#dialled.values()) if (connection.peerId === name) return connection;
    return undefined;
  }

  *#accepted(): Generator<AcceptedConnection> {
    for (const acceptor of this.#acceptors) yield* acceptor.connections;
  }
}
