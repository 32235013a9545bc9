import type { Clock } from '../clock.js';
import { LinkError } from '../errors.js';
import type { MessagingError, PeerError } from '../errors.js';
import type { AcceptedConnection } from '../link/connection/accepted-connection.js';
import type { LinkEnd } from '../link/session/link-options.js';
import type { LinkRequest } from '../link/session/link-request.js';
import type { Link } from '../link/session/link-table.js';
import type { BrokerEmitter, LinkEvent } from './broker-events.js';
import type { BrokerSettings } from './broker-options.js';
import type { Fault, Injections } from './injection.js';
import type { NodeTable } from './node-table.js';

/** The parts of a broker that all its links share. */
export class LinkContext {
  constructor(
    readonly settings: BrokerSettings,
    readonly nodes: NodeTable,
    readonly injections: Injections,
    readonly events: BrokerEmitter,
  ) {}

  get clock(): Clock {
    return this.settings.environment.clock;
  }
}

/** Closes what an injection says. A socket is cut without a word. */
export function closeOnPurpose(
  connection: AcceptedConnection,
  link: Link | undefined,
  { what, error }: Fault & { readonly type: 'close' },
): void {
  if (what === 'link' && link !== undefined) closeAs(connection, link, error);
  else if (what === 'connection') connection.stop(error);
  else connection.destroy();
}

/** Closes a link from here, and lets it deal with its end as with any other. */
export function closeAs(connection: AcceptedConnection, link: Link, error: PeerError): void {
  void connection.close(link, { error });
  link.closed(new LinkError(`The broker has closed the link (${error.condition}).`, { condition: error.condition }));
}

/** Makes the error that the event of a link's end has: none when the link was closed in order. */
export function endOf(error: MessagingError, end: LinkEnd): PeerError | undefined {
  if (error.condition !== undefined) return { condition: error.condition, description: error.message };
  return end === 'lost' ? { condition: 'amqp:connection:forced', description: error.message } : undefined;
}

/** Makes the event that tells of a link. */
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
