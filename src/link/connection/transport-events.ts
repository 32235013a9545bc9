import type { MessagingError } from '../../errors.js';
import type { RheaLink } from '../rhea/rhea-seam.js';
import type { Link } from '../session/link-table.js';
import type { Transport } from './transport.js';

/** What a transport tells the connection it carries. */
export interface TransportEvents {
  /** The peer's open frame has come. */
  opened(transport: Transport): void;
  /** The peer has said which SASL mechanisms it has. Not told where the peer is the one to choose. */
  mechanismsOffered?(names: readonly string[]): void;
  /** What to say of a peer that refuses us, and of the words it has for it. Not asked where the peer is the one to log in. */
  readonly describeRefusal?: (words: string | undefined) => string;
  /** It is over, once and for all, and its links are detached. `error` is undefined when it was closed from here. */
  closed(transport: Transport, error: MessagingError | undefined): void;
  /** The peer has closed a link; the link's own events are told next. */
  linkClosed(link: Link): void;
  /** The peer has attached a link. To be answered before this returns, by `accept` or by closing it. */
  linkRequested(transport: Transport, link: RheaLink): void;
}
