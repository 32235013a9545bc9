import type { Clock } from '../clock.js';
import { LinkError } from '../errors.js';
import type { MessagingError, PeerError } from '../errors.js';
import type { AcceptedConnection } from '../link/connection/accepted-connection.js';
import type { LinkEnd } from '../link/session/link-options.js';
import type { LinkRequest } from '../link/session/link-request.js';
import type { Link } from '../link/session/link-table.js';
import type { BrokerEmitter, LinkEvent } from './broker-events.js';
import type { Fault, Injections } from './injection.js';
import type { BrokerNode, NodeTable } from './node-table.js';

/** What the links of a broker need of it. */
export interface LinkHost {
  readonly nodes: NodeTable;
  readonly injections: Injections;
  readonly events: BrokerEmitter;
  readonly clock: Clock;
  /** Whether filters that clients ask for are passed over. Otherwise their links are refused. */
  readonly ignoresFilters: boolean;
  /** The largest message taken, in bytes. */
  readonly maxMessageSize: number;
  /** Where a message of the anonymous terminus goes, by its `to`. */
  route(to: string | undefined): BrokerNode | PeerError;
  /** Closes what an injection says. */
  closeOnPurpose(
    connection: AcceptedConnection,
    link: Link | undefined,
    fault: Fault & { readonly type: 'close' },
  ): void;
}

/** Closes a link from here, and lets it deal with its end as with any other. */
export function closeAs(connection: AcceptedConnection, link: Link, error: PeerError): void {
  void connection.close(link, { error });
  link.closed(new LinkError(`The broker has closed the link (${error.condition}).`, { condition: error.condition }));
}

/** Why a link has ended, as its event says: nothing, when that was in peace. */
export function endOf(error: MessagingError, end: LinkEnd): PeerError | undefined {
  if (error.condition !== undefined) return { condition: error.condition, description: error.message };
  return end === 'lost' ? { condition: 'amqp:connection:forced', description: error.message } : undefined;
}

/** What is told of a link. */
export function linkEvent(
  request: LinkRequest,
  connection: AcceptedConnection,
  state: LinkEvent['state'],
  address: string | undefined,
  error?: PeerError,
): LinkEvent {
  const role = request.role === 'receiver' ? 'sender' : 'receiver';
  return { state, container: request.peerId, user: connection.user, name: request.name, role, address, error };
}
