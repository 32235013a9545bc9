import type { MessagingError } from '../errors.js';
import type { ConnectionState } from '../link/connection/peer-connection.js';
import type { Tracker } from '../queue/tracker.js';

/** A connection has changed its state. */
export interface ConnectionChange {
  /** Host and port of the address. */
  readonly endpoint: string;
  /** Host and port of the current or last connection. After a failover they differ from `endpoint`. */
  readonly host: string;
  /** The previous state. */
  readonly from: ConnectionState;
  /** The new state. */
  readonly to: ConnectionState;
  /** The reason, unless the program caused the change. */
  readonly error: MessagingError | undefined;
}

/** The configuration file of a messenger has been edited, and its new routes and rewrites are in effect. */
export interface ConfigChange {
  /** The path of the file. */
  readonly path: string;
  /** Rules that never match, each in a sentence with file and line. */
  readonly warnings: readonly string[];
  /**
   * Settings that differ from those that the messenger was made with and need a new messenger, such as `sasl`. Settings
   * that were changed back are not named.
   */
  readonly needRestart: readonly string[];
}

/** The events of a `Messenger`, with the arguments of their listeners. */
export interface MessengerEvents {
  /**
   * A connection, link or subscription failed, or a message was invalid. Without a listener the error goes to the debug
   * log; it never ends the process. A call that waits for the failed object rejects as well, and trackers tell the
   * effect on messages.
   */
  error: [error: MessagingError];
  /** A connection has changed its state. */
  connection: [change: ConnectionChange];
  /** A message that was put has its outcome: `tracker.status` is no longer `pending`. */
  status: [tracker: Tracker];
  /** There is room for `put` again, after it has thrown `QueueFullError` or `ready` has waited. */
  drain: [];
  /**
   * The watched configuration file has been edited, and its new rules are in effect. An invalid edit is an `error`
   * event with the code `ERR_CONFIG`, and the rules stay as they were.
   */
  config: [change: ConfigChange];
}
