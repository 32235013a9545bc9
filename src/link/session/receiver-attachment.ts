import { ProtocolError } from '../../errors.js';
import type { PartialDelivery } from './partial-delivery.js';
import type { RheaError, RheaFlow, RheaLink } from '../rhea/rhea-seam.js';
import type { Session } from './session.js';

/**
 * Messages a peer may send beyond the credit it has: some brokers do so around a drain or a redelivery. More is taken
 * for an attempt to fill the memory, and ends the link.
 */
const CREDIT_TOLERANCE = 1024;

/** All that the wire has room for (AMQP 1.0 §2.7.4, `link-credit`). */
const MOST_CREDIT = 0xffff_ffff;

/** A receiver link's time on one session: the credit it has given there, and what of a message has come. */
export class ReceiverAttachment {
  readonly session: Session;
  /** A message of several frames that is not whole yet. */
  partial: PartialDelivery | undefined;
  /** Outcomes of its deliveries wait to be written. */
  isSettling = false;
  readonly #rhea: RheaLink;
  readonly #name: string;
  /** `silent` before our attach frame is written; `refused` once it is closed from here, when the peer may still send. */
  #state: 'silent' | 'open' | 'draining' | 'refused' = 'silent';
  #overrun = 0;

  /** @param name The link's, for errors. */
  constructor(session: Session, rhea: RheaLink, name: string) {
    this.session = session;
    this.#rhea = rhea;
    this.#name = name;
    rhea.credit = 0;
    rhea.delivery_count = rhea.remote.attach?.initial_delivery_count ?? 0;
  }

  /** How the peer calls the link. */
  get handle(): number {
    return this.#rhea.remote.attach?.handle ?? 0;
  }

  /** How many messages the peer may still send. */
  get credit(): number {
    return this.#rhea.credit;
  }

  /** Whether it was closed from here: what the peer still sends is dropped. */
  get isRefused(): boolean {
    return this.#state === 'refused';
  }

  /** Our attach frame is written: credit may be given. */
  opened(): void {
    if (this.#state === 'silent') this.#state = 'open';
  }

  /** Lets the peer send `count` more messages. Does nothing while nothing may be said of the link. */
  give(count: number): void {
    if (this.#isSilent || count <= 0) return;
    this.#rhea.credit = Math.min(this.#rhea.credit + count, MOST_CREDIT);
    this.#overrun = 0;
    this.#writeFlow();
  }

  /** Asks the peer to send what it has or give the credit back. */
  drain(): void {
    if (this.#isSilent) return;
    this.#state = 'draining';
    this.#writeFlow();
  }

  /** A delivery has come: it took one credit. Throws `ProtocolError` when the peer sends far more than it may. */
  use(): void {
    const rhea = this.#rhea;
    rhea.delivery_count = (rhea.delivery_count + 1) >>> 0;
    if (rhea.credit > 0) {
      rhea.credit--;
      // Messages have used it all up, so a drain is over, whether the peer says so or not (AMQP 1.0 §2.6.7).
      if (rhea.credit === 0 && this.#state === 'draining') this.#state = 'open';
    } else if (++this.#overrun > CREDIT_TOLERANCE) {
      throw new ProtocolError(`The peer sends messages on link ${this.#name} without credit.`, {
        condition: 'amqp:link:transfer-limit-exceeded',
      });
    }
  }

  /** The peer has told its state. Returns whether it has given back the credit it did not use. */
  flow(flow: RheaFlow): boolean {
    const rhea = this.#rhea;
    if (this.#state === 'draining' && flow.delivery_count !== undefined) {
      // AMQP 1.0 §2.6.7: the sender answers by moving its delivery-count past the credit it does not use.
      const unused = Math.max(0, (flow.delivery_count - rhea.delivery_count) | 0);
      if (unused < rhea.credit) return false;
      rhea.delivery_count = flow.delivery_count;
      rhea.credit = 0;
      this.#state = 'open';
      return true;
    }
    // One that asks and never reads gets no answers to pile up.
    if (flow.echo === true && !this.#isSilent && !this.session.host.writer.blocked) this.#writeFlow();
    return false;
  }

  /** Closes the link. Nothing may be said of it any more. */
  refuse(error: RheaError): void {
    this.#state = 'refused';
    this.partial = undefined;
    this.#rhea.close(error);
  }

  get #isSilent(): boolean {
    return this.#state === 'silent' || this.#state === 'refused';
  }

  #writeFlow(): void {
    this.session.writeFlow(this.#rhea, this.#state === 'draining');
  }
}
