import type { MessagingError } from '../errors.js';
import type { ConnectionState } from '../link/connection/peer-connection.js';
import type { Tracker } from '../queue/tracker.js';

/** A connection has changed its state. */
export interface ConnectionChange {
  /** Host and port of the address. */
  readonly endpoint: string;
  /** Host and port that are dialled or connected now, or were last: another than `endpoint` after a failover. */
  readonly host: string;
  /** What it was. */
  readonly from: ConnectionState;
  /** What it is. */
  readonly to: ConnectionState;
  /** Why, when it was not asked for. */
  readonly error: MessagingError | undefined;
}

/** The configuration file of a messenger has been edited, and its routes and rewrites hold from now on. */
export interface ConfigChange {
  /** The file. */
  readonly path: string;
  /** Rules that never match, each in a sentence with file and line. */
  readonly warnings: readonly string[];
  /**
   * Settings that are not what the messenger was made with and count only for a new one, such as `sasl`. What has been
   * changed back is not among them.
   */
  readonly needRestart: readonly string[];
}

/** The events of a `Messenger`, by name, with what their listeners get. */
export interface MessengerEvents {
  /**
   * A connection, link or subscription failed, or a message made no sense. Without a listener it goes to the debug log
   * and never ends the process. A call that waits for what has failed rejects as well, and trackers tell what it means for
   * messages.
   */
  error: [error: MessagingError];
  /** A connection has changed its state. */
  connection: [change: ConnectionChange];
  /** A message that was put has its outcome: `tracker.status` is no longer `pending`. */
  status: [tracker: Tracker];
  /** There is room for `put` again, after it has thrown `QueueFullError` or `ready` has waited. */
  drain: [];
  /**
   * The configuration file that is watched has been edited, and its new rules hold. An edit that cannot be used is an
   * `error` with the code `ERR_CONFIG`, and the rules stay as they were.
   */
  config: [change: ConfigChange];
}
