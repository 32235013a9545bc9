import type { Acceptor } from '../../link/connection/acceptor.js';
import type { LinkRequest } from '../../link/session/link-request.js';
import type { ConnectionPool } from '../../link/connection/pool.js';
import type { RouteTable } from '../../address/route-table.js';
import type { MessagingError } from '../../errors.js';
import type { IncomingDelivery } from '../../queue/incoming-delivery.js';
import type { Tracker } from '../../queue/tracker.js';
import type { PeerConnection } from '../../link/connection/peer-connection.js';
import type { KnownHosts } from './known-hosts.js';
import type { Settings } from './settings.js';
import type { Waits } from './waits.js';

/** Accepts or refuses a link that a peer attaches over a connection. */
export type LinkTaker = (request: LinkRequest, connection: PeerConnection) => void;

/** The interface of a messenger for its parts. */
export interface MessengerContext {
  /** The container-id. */
  readonly name: string;
  readonly settings: Settings;
  readonly pool: ConnectionPool;
  readonly routes: RouteTable;
  readonly rewrites: RouteTable;
  /** The hosts that the program has named. */
  readonly hosts: KnownHosts;
  readonly waits: Waits;
  /** The nodes that peers have made for subscriptions, by address: each is there for the connection it came by. */
  readonly dynamicNodes: Map<string, PeerConnection>;
  /** Makes an acceptor for a port. `receive` accepts the links on which peers want to send. */
  createAcceptor(tls: boolean, receive: LinkTaker): Acceptor;
  /** Reports a failure, whether a call waits for it or not. */
  failed(error: MessagingError): void;
  /** A message has come, by a subscription to `source`, or on a link that the peer attached (`undefined`). */
  received(delivery: IncomingDelivery, source: string | undefined): void;
  /** A message that was put has its outcome. */
  ended(tracker: Tracker): void;
  /** There is room again in the outgoing queue, after there was none. */
  drained(): void;
}
