import type { Clock, Timer } from '../../clock.js';
import { LinkError } from '../../errors.js';
import type { RheaLink } from '../rhea/rhea-seam.js';
import { describe } from './link-attach.js';
import type { ReceiverLink } from './receiver-link.js';
import type { SenderLink } from './sender-link.js';

/** The time that a peer has to say why it refuses a link, in milliseconds. */
const REFUSAL_TIMEOUT = 1000;

/**
 * Waits for the reason of a refusal. A peer that refuses a link attaches no node, and says why in the detach that follows
 * (AMQP 1.0 §2.6.3). Some peers never name their nodes, though: the link is opened all the same when such a peer gives
 * credit, or says nothing and may wait for ours.
 *
 * @param refused Called when a peer that is to give credit has not, and has not said why either.
 * @returns The timer to clear when the link is gone.
 */
export function awaitRefusal(
  link: SenderLink | ReceiverLink,
  rhea: RheaLink,
  clock: Clock,
  refused: (error: LinkError) => void,
): Timer {
  if (link.role === 'receiver') return clock.setTimeout(() => link.opened(), REFUSAL_TIMEOUT);
  const timer = clock.setTimeout(() => {
    const words = `The peer has attached no node for ${describe(link)}, and has not said why. Check the address.`;
    refused(new LinkError(words));
  }, REFUSAL_TIMEOUT);
  const flow = rhea.on_flow.bind(rhea);
  rhea.on_flow = (frame) => {
    flow(frame);
    if ((frame.performative.link_credit ?? 0) === 0) return;
    rhea.on_flow = flow;
    clock.clearTimeout(timer);
    link.opened();
  };
  return timer;
}
