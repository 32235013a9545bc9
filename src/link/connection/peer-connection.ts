import type { LinkClose } from '../session/link-options.js';
import type { Link } from '../session/link-table.js';

/** Where a connection stands. Each change is announced as from → to. */
export type ConnectionState = 'closed' | 'connecting' | 'open' | 'reconnecting' | 'closing';

const AFTER: Readonly<Record<ConnectionState, readonly ConnectionState[]>> = {
  closed: ['connecting'],
  connecting: ['open', 'reconnecting', 'closing', 'closed'],
  open: ['reconnecting', 'closing', 'closed'],
  reconnecting: ['open', 'closing', 'closed'],
  closing: ['closed'],
};

/** Tells whether a connection may go from one state to another. */
export function mayFollow(from: ConnectionState, to: ConnectionState): boolean {
  return AFTER[from].includes(to);
}

/** A connection to a peer, which links are opened on: one that was dialled, or one that was accepted. */
export interface PeerConnection {
  /** Tells connections apart. It may hold a password: keep it in memory and never log it. */
  readonly key: string;
  /** The container-id of the peer, while it is connected. */
  readonly peerId: string | undefined;
  /** Attaches a link, now or when the connection is open. */
  open(link: Link): void;
  /** Closes a link. Its events tell nothing of it. Resolves when the peer knows, or is gone. */
  close(link: Link, how?: LinkClose): Promise<void>;
}
