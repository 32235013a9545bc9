import type { OutgoingDelivery } from '../../queue/outgoing-delivery.js';
import type { RheaLink } from '../rhea/rhea-seam.js';
import type { PendingOutput } from './pending-output.js';
import type { ReceiverLink } from './receiver-link.js';
import type { SenderLink } from './sender-link.js';

type Link = SenderLink | ReceiverLink;

/** What a peer owes an answer for, and how much it has answered and taken so far. */
export interface OwedAnswers {
  /** Links that it has not attached. */
  readonly attaches: readonly { readonly link: Link; readonly rhea: RheaLink }[];
  /** Links that it has not closed, and for which somebody waits. */
  readonly detaches: readonly RheaLink[];
  /** Of each sender link, the message that waits longest for its outcome. */
  readonly deliveries: readonly OutgoingDelivery[];
  /** Frames with outcomes since the connection was opened. */
  readonly outcomes: number;
  /** Bytes that the socket has taken. */
  readonly written: number;
  /** True when it has not taken all. */
  readonly isBehind: boolean;
}

/** Gathers it from the links of a connection. */
export function owedAnswers(
  links: ReadonlyMap<Link, { readonly rhea: RheaLink; readonly isAttached: boolean }>,
  detaching: ReadonlyMap<RheaLink, { readonly resolve: (() => void) | undefined }>,
  { outcomes, writer: { appended, written } }: PendingOutput,
): OwedAnswers {
  const attaches: { link: Link; rhea: RheaLink }[] = [];
  const deliveries: OutgoingDelivery[] = [];
  for (const [link, { rhea, isAttached }] of links) {
    const oldest = link.role === 'sender' ? link.oldestUnsettled : undefined;
    if (!isAttached) attaches.push({ link, rhea });
    else if (oldest !== undefined) deliveries.push(oldest);
  }
  const detaches = [...detaching].flatMap(([rhea, { resolve }]) => (resolve === undefined ? [] : [rhea]));
  return { attaches, detaches, deliveries, outcomes, written, isBehind: appended > written };
}
