import { LinkError, MessagingError } from '../../errors.js';
import type { OutgoingDelivery } from '../../queue/outgoing-delivery.js';

/** Losses with a message under way after which messages go out one by one. */
const LOSSES = 2;

/** Conditions of a peer that ends things for reasons of its own, whatever was sent (AMQP 1.0 §2.8.16, §2.8.18). */
const NOBODYS_FAULT: ReadonlySet<string | undefined> = new Set([
  undefined,
  'amqp:connection:forced',
  'amqp:connection:redirect',
  'amqp:link:detach-forced',
]);

/**
 * The messages that were under way whenever the peer has ended the link, its session or the connection with an error. A
 * message that the peer cannot stomach must not take the others along, nor go round for ever: after the second such loss
 * messages go out one by one, and the one that is alone under way at the next loss is given up.
 */
export class Suspects {
  readonly #losses = new Map<OutgoingDelivery, number>();
  #goAlone = false;

  /** True while no message may go out beside another. */
  get goAlone(): boolean {
    return this.#goAlone;
  }

  /**
   * The link was lost with these messages under way. Returns the error for the one that is to blame, which then is the only
   * one; `undefined` when nobody knows yet.
   */
  lost(underWay: readonly OutgoingDelivery[], error: MessagingError | undefined): LinkError | undefined {
    const condition = conditionOf(error);
    const [first] = underWay;
    if (first === undefined || NOBODYS_FAULT.has(condition)) return undefined;
    const losses = this.#losses.get(first) ?? 0;
    if (underWay.length === 1 && losses >= LOSSES) {
      const words = `The peer has failed each time the message was sent, ${losses + 1} times`;
      return new LinkError(`${words}: ${error?.message ?? ''}`, { condition, cause: error });
    }
    for (const delivery of underWay) this.#losses.set(delivery, (this.#losses.get(delivery) ?? 0) + 1);
    this.#look();
    return undefined;
  }

  /** A message has ended: it is no suspect any more. */
  ended(delivery: OutgoingDelivery): void {
    if (this.#losses.size > 0 && this.#losses.delete(delivery)) this.#look();
  }

  #look(): void {
    this.#goAlone = false;
    for (const [delivery, losses] of this.#losses) {
      if (delivery.status !== 'pending') this.#losses.delete(delivery);
      else if (losses >= LOSSES) this.#goAlone = true;
    }
  }
}

/** What the peer has said: of the link, or of the connection that was lost with it. */
function conditionOf(error: MessagingError | undefined): string | undefined {
  return error?.condition ?? (error?.cause instanceof MessagingError ? error.cause.condition : undefined);
}
