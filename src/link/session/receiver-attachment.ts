import { ProtocolError } from '../../errors.js';
import type { RheaError, RheaFlow, RheaLink } from '../rhea/rhea-seam.js';
import type { LinkCredit } from './link-credit.js';
import type { PartialDelivery } from './partial-delivery.js';
import type { Session } from './session.js';

/** A receiver link's time on one session: the flow frames it writes there, and the parts of a message that have come. */
export class ReceiverAttachment {
  readonly session: Session;
  /** A message of several frames that is not whole yet. */
  partial: PartialDelivery | undefined;
  /** Outcomes of its deliveries wait to be written. */
  isSettling = false;
  readonly #rhea: RheaLink;
  readonly #name: string;
  readonly #credit: LinkCredit;
  /** `silent` before our attach frame is written; `refused` once it is closed locally, when the peer may still send. */
  #state: 'silent' | 'open' | 'refused' = 'silent';

  /** @param name The link's, for errors. */
  constructor(session: Session, rhea: RheaLink, name: string, credit: LinkCredit) {
    this.session = session;
    this.#rhea = rhea;
    this.#name = name;
    this.#credit = credit;
    credit.attached(rhea.remote.attach?.initial_delivery_count ?? 0);
  }

  /** The handle by which the peer calls the link. */
  get handle(): number {
    return this.#rhea.remote.attach?.handle ?? 0;
  }

  /** True when it was closed locally: what the peer still sends is dropped. */
  get isRefused(): boolean {
    return this.#state === 'refused';
  }

  /** Our attach frame is written: credit may be issued, and what the program has granted is. */
  opened(): void {
    if (this.#state !== 'silent') return;
    this.#state = 'open';
    this.issue(this.#credit.manual);
  }

  /** Lets the peer send `count` more messages. Does nothing while nothing may be said of the link. */
  issue(count: number): void {
    if (this.#state !== 'open' || count <= 0) return;
    this.#credit.issue(count);
    this.#writeFlow();
  }

  /** Asks the peer to send what it has or give the credit back. */
  drain(): void {
    if (this.#state !== 'open') return;
    this.#credit.drain();
    this.#writeFlow();
  }

  /**
   * Takes all credit back, before the link is closed: what is released would come again otherwise. What is on its way is
   * dropped.
   */
  revoke(): void {
    if (this.#state !== 'open') return;
    if (this.#credit.issued > 0) this.#writeFlow(0);
    this.#state = 'refused';
  }

  /**
   * A delivery has come. Returns whether the peer had credit for it. Throws `ProtocolError` when the peer sends far more than
   * it may.
   */
  use(): boolean {
    this.#credit.use();
    if (!this.#credit.isOverrun) return true;
    this.#requireCredit();
    return false;
  }

  /** The message that was not whole yet is, or will never be. */
  endPartial(): void {
    this.partial?.end();
    this.partial = undefined;
  }

  /** The peer has taken back a message of which parts had come. Throws likewise. */
  useInVain(): void {
    this.issue(this.#credit.useInVain());
    this.#requireCredit();
  }

  /** The peer has told its state. Returns whether it has given back the credit that it did not use. */
  flow(flow: RheaFlow): boolean {
    const { delivery_count: deliveryCount } = flow;
    const underWay = this.partial === undefined ? 0 : 1;
    const granted = deliveryCount === undefined ? undefined : this.#credit.answered(deliveryCount, underWay);
    if (granted !== undefined) {
      // What the program has granted was not asked back.
      this.issue(granted);
      return true;
    }
    // A peer that asks and never reads gets no answers to pile up.
    if (flow.echo === true && this.#state === 'open' && !this.session.output.writer.blocked) this.#writeFlow();
    return false;
  }

  /** Closes the link. Nothing may be said of it any more. */
  refuse(error: RheaError): void {
    this.#state = 'refused';
    this.endPartial();
    // Nothing can come for it any more.
    this.#credit.detached();
    this.#rhea.close(error);
  }

  #requireCredit(): void {
    if (!this.#credit.isOverdrawn) return;
    throw new ProtocolError(`The peer sends messages on link ${this.#name} without credit.`, {
      condition: 'amqp:link:transfer-limit-exceeded',
    });
  }

  #writeFlow(credit = this.#credit.issued): void {
    const { deliveryCount, isDraining } = this.#credit;
    this.session.writeFlow(this.#rhea.local.handle, deliveryCount, credit, isDraining);
  }
}
