import type { ConnectionState } from '../link/connection/peer-connection.js';
import type { Status } from '../queue/status.js';

/** A look at one connection. */
export interface ConnectionStats {
  /** Host and port of the address; for one that a peer has made, the peer's container-id. */
  readonly endpoint: string;
  /**
   * Host and port that are dialled or connected now, or were last: another than `endpoint` after a failover. For one that
   * a peer has made, where it comes from.
   */
  readonly host: string;
  /** Who has made it. */
  readonly direction: 'dialled' | 'accepted';
  /** Where it stands. */
  readonly state: ConnectionState;
}

/** A look at a messenger: what `stats` gives. Counts are since it was made. */
export interface MessengerStats {
  /** Its name. */
  readonly name: string;
  /** Messages on their way out. */
  readonly outgoing: {
    /** Messages put that have no outcome yet. */
    readonly pending: number;
    /** Their encoded bytes. */
    readonly bytes: number;
    /** Messages put. */
    readonly put: number;
    /** How many of them have ended how. */
    readonly ended: Readonly<Record<Exclude<Status, 'pending'>, number>>;
  };
  /** Messages on their way in. */
  readonly incoming: {
    /** Messages received that wait to be got. */
    readonly queued: number;
    /** Their encoded bytes. */
    readonly bytes: number;
    /** Messages that peers may still send. */
    readonly receiving: number;
    /** Messages received. */
    readonly received: number;
  };
  /** The connections there are. */
  readonly connections: readonly ConnectionStats[];
}
