/**
 * Messages a peer may send beyond the credit it has: some brokers do so around a drain or a redelivery. More is taken
 * for an attempt to fill the memory.
 */
export const CREDIT_TOLERANCE = 1024;

/** The largest credit that the wire has room for (AMQP 1.0 §2.7.4, `link-credit`). */
const MAX_LINK_CREDIT = 0xffff_ffff;

/**
 * The credit of one receiver link: how much was issued to the peer, and how many deliveries hold it. It outlives
 * connections, as the link does. It is pure arithmetic; `ReceiverAttachment` writes the flow frames.
 */
export class LinkCredit {
  /** Of what is issued, how much the program has granted by `Subscription.grant`. Messages use it first. */
  manual = 0;
  /** True when something has changed that whoever issues the credit has not looked at yet. Written by it only. */
  isChanged = false;
  #issued = 0;
  #held = 0;
  #deliveryCount = 0;
  #returned = 0;
  #isDraining = false;
  #overrun = 0;

  /** Messages that the peer may still send. */
  get issued(): number {
    return this.#issued;
  }

  /** Of those, how many the messenger has granted, and not the program. */
  get pooled(): number {
    return Math.max(0, this.#issued - this.manual);
  }

  /** Deliveries that have come and are not released: they wait in a queue, or have no outcome. */
  get held(): number {
    return this.#held;
  }

  /** The number of deliveries that the peer has made, modulo 2³² (AMQP 1.0 §2.6.7). */
  get deliveryCount(): number {
    return this.#deliveryCount;
  }

  /** True when the peer was asked to use its credit or to give it back, and has not answered yet. */
  get isDraining(): boolean {
    return this.#isDraining;
  }

  /** The link is attached: the peer has no credit, and counts its deliveries from this number. */
  attached(initialDeliveryCount: number): void {
    this.#issued = 0;
    this.#deliveryCount = initialDeliveryCount;
    this.#isDraining = false;
    this.#overrun = 0;
  }

  /** The link is not attached any more: what the peer has not used is returned. */
  detached(): void {
    this.#giveBack();
  }

  /** Lets the peer send `count` more messages. */
  issue(count: number): void {
    this.#issued = Math.min(this.#issued + count, MAX_LINK_CREDIT);
    this.#overrun = 0;
  }

  /** The peer is asked to use what it has, or to give it back. */
  drain(): void {
    this.#isDraining = true;
  }

  /** True when the peer has sent more than it may, since it was last given credit. */
  get isOverrun(): boolean {
    return this.#overrun > 0;
  }

  /** True when the peer has sent far more than it may. */
  get isOverdrawn(): boolean {
    return this.#overrun > CREDIT_TOLERANCE;
  }

  /** A delivery has come: it uses a credit, and holds it until `release`. */
  use(): void {
    this.#held++;
    this.#take();
  }

  /** A delivery is released: it is settled, and no queue has it. */
  release(): void {
    this.#held--;
  }

  /**
   * The peer has taken back a message of which parts had come. It has used a credit, and no delivery holds it. Returns
   * how much to issue again: 1 when the program had granted it, and 0 when it is returned to the messenger.
   */
  useInVain(): 0 | 1 {
    const wasManual = this.manual > 0;
    this.#take();
    if (wasManual) this.manual++;
    else this.#returned++;
    return wasManual ? 1 : 0;
  }

  /**
   * The peer has told its delivery-count. When it has answered a drain, it has moved its count past the credit it does not
   * use (AMQP 1.0 §2.6.7), and that credit is returned.
   *
   * @param underWay 1 while a message is not whole: the peer has counted it, and here it counts when it is whole.
   * @returns How much to issue again, since the program had granted it; `undefined` when no drain was answered.
   */
  answered(deliveryCount: number, underWay: 0 | 1): number | undefined {
    if (!this.#isDraining) return undefined;
    const unused = Math.max(0, (deliveryCount - underWay - this.#deliveryCount) | 0);
    if (unused < this.#issued - underWay) return undefined;
    this.#deliveryCount = (deliveryCount - underWay) >>> 0;
    // Messages use first what the program has granted, so the one under way does.
    const granted = Math.max(0, this.manual - underWay);
    this.#returned += Math.max(0, this.#issued - underWay - granted);
    this.#issued = Math.min(this.#issued, underWay);
    this.#isDraining = false;
    return granted;
  }

  /** Tells how much of what the messenger had granted was returned unused since the last call. */
  takeReturned(): number {
    const returned = this.#returned;
    this.#returned = 0;
    return returned;
  }

  #take(): void {
    this.#deliveryCount = (this.#deliveryCount + 1) >>> 0;
    if (this.#issued === 0) {
      this.#overrun++;
      return;
    }
    this.#issued--;
    if (this.manual > 0) this.manual--;
    // Messages have used it all up, so a drain is over, whether the peer says so or not (AMQP 1.0 §2.6.7).
    if (this.#issued === 0) this.#isDraining = false;
  }

  #giveBack(): void {
    this.#returned += this.pooled;
    this.#issued = 0;
    this.#isDraining = false;
  }
}
