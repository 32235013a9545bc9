import type { ConnectionState } from '../link/connection/peer-connection.js';
import type { Status } from '../queue/status.js';

/** A snapshot of one connection. */
export interface ConnectionStats {
  /** Host and port of the address; for an accepted connection, the peer's container-id. */
  readonly endpoint: string;
  /**
   * Host and port of the current or last connection. After a failover they differ from `endpoint`. For an accepted
   * connection, the address of the peer.
   */
  readonly host: string;
  /** The side that made the connection. */
  readonly direction: 'dialled' | 'accepted';
  /** The state of the connection. */
  readonly state: ConnectionState;
}

/** A snapshot of a messenger, as `stats` returns it. Counts begin when it was made. */
export interface MessengerStats {
  /** The name of the messenger. */
  readonly name: string;
  /** Outgoing messages. */
  readonly outgoing: {
    /** Messages that were put and have no outcome yet. */
    readonly pending: number;
    /** Their encoded bytes. */
    readonly bytes: number;
    /** Messages that were put. */
    readonly put: number;
    /** Messages that have ended, by status. */
    readonly ended: Readonly<Record<Exclude<Status, 'pending'>, number>>;
  };
  /** Incoming messages. */
  readonly incoming: {
    /** Received messages that wait to be got. */
    readonly queued: number;
    /** Their encoded bytes. */
    readonly bytes: number;
    /** Messages that peers may still send. */
    readonly receiving: number;
    /** Messages that were received. */
    readonly received: number;
  };
  /** The current connections. */
  readonly connections: readonly ConnectionStats[];
}
