import type { PeerError } from '../../errors.js';
import type { Link } from './link-table.js';

/** How a link is closed from here. */
export interface LinkClose {
  /** What the peer is told. Default: nothing is wrong. */
  readonly error?: PeerError | undefined;
  /** Only detach: what is durable at the peer stays (AMQP 1.0 §2.6.4). Default false. */
  readonly keep?: boolean | undefined;
}

/** What carries links: a connection dialled from here, or one that was accepted. */
export interface LinkCarrier {
  /** The container-id of the peer, while it is connected. */
  readonly peerId: string | undefined;
  /** Attaches a link, now or when the connection is open. */
  open(link: Link): void;
  /** Closes a link. Its events tell nothing of it. Resolves when the peer knows, or is gone. */
  close(link: Link, how?: LinkClose): Promise<void>;
}
