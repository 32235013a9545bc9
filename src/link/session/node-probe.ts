import { LinkError } from '../../errors.js';
import type { MessagingError } from '../../errors.js';
import type { LinkOptions } from './link-options.js';
import { ReceiverLink } from './receiver-link.js';
import type { ReceiverLinkOwner } from './receiver-link.js';

/** The condition with which Artemis refuses a receiver that wants a queue where there are topics only, or the opposite. */
const OTHER_KIND = 'amqp:illegal-state';

/** The kind of node that a link is for: what its options state, or a queue, which is what nodes are where nobody says so. */
export interface WantedKind {
  readonly kind: 'queue' | 'topic';
  readonly isStated: boolean;
}

/**
 * Reads the kind of node that a link is for. `undefined` where it cannot be wrong: for the broker's own addresses, for a
 * queue of an address by its full name, and for subscriptions that outlive their link.
 */
export function wantedKind(options: LinkOptions): WantedKind | undefined {
  const { address, capabilities = [], durable = 0, terminusTimeout = 0 } = options;
  if (typeof address !== 'string' || address.includes('::') || /^(\$|activemq\.)/.test(address)) return undefined;
  if (capabilities.includes('topic')) return { kind: 'topic', isStated: true };
  if (capabilities.includes('queue')) return { kind: 'queue', isStated: true };
  const isSubscription = durable > 0 || terminusTimeout > 0 || capabilities.includes('shared');
  return isSubscription ? undefined : { kind: 'queue', isStated: false };
}

/** Tells whether a broker has refused a link because its node is of another kind. */
export function isOtherKind(error: MessagingError): boolean {
  return error.condition === OTHER_KIND;
}

/**
 * A receiver without credit that a sender goes behind on Artemis. A sender alone makes a topic of a new address, where its
 * messages are accepted and dropped, and it is let in as one for a queue where there are topics only, or the opposite, where
 * its messages are accepted and dropped, too. A receiver is refused where the kind is wrong, and otherwise has the node
 * made, or finds it. It stays until the sender is attached, so that an empty queue is not deleted meanwhile.
 */
export class NodeProbe implements ReceiverLinkOwner {
  readonly link: ReceiverLink;
  readonly #found: (error: LinkError | undefined) => void;

  /** @param found Is told once: nothing when the node is of that kind, else why not, or why it cannot be seen. */
  constructor(sender: LinkOptions, kind: WantedKind['kind'], found: (error: LinkError | undefined) => void) {
    this.#found = found;
    const { address } = sender;
    const name = `${sender.name}-probe`;
    const terms = { dynamic: false, presettled: false, maxMessageSize: 0, capabilities: [kind] };
    this.link = new ReceiverLink({ name, address, ...terms }, this);
  }

  opened(): void {
    this.#found(undefined);
  }

  received(): void {
    // Nothing comes without credit.
  }

  closed({ options: { address, capabilities = [] } }: ReceiverLink, cause: MessagingError): void {
    const [node, kind] = [address ?? '', capabilities.join()];
    const words = isOtherKind(cause)
      ? `${node} is no ${kind}, and would drop what is sent to it as one: take another address, or leave the capability out.`
      : `It cannot be seen whether ${node} is a queue or a topic: state its capability.`;
    this.#found(new LinkError(`${words} ${cause.message}`, { condition: cause.condition, cause }));
  }
}
