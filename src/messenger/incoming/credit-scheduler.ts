/** Messages that automatic credit keeps granted and queued per link (Messenger's `recv(-1)`). */
export const AUTOMATIC_CREDIT = 1024;

/**
 * A link that has fallen below this part of its share is topped up. The original waits until a fifth is left, by which
 * time a quick sender has run dry; how much is granted in all is the same.
 */
const LOW_SHARE = 0.5;

/** A receiver link, as far as credit is shared with it. */
export interface CreditedLink {
  readonly credit: {
    /** Messages that the peer may still send, of what was granted by the scheduler. */
    readonly pooled: number;
    /** Tells how much of that was returned unused since the last call. The rest of what is gone, messages have used. */
    takeReturned(): number;
  };
  /** Lets the peer send this many more. */
  issueCredit(count: number): void;
  /** Asks the peer to give back what it does not use. Returns false when it cannot be asked. */
  drain(): boolean;
}

/**
 * Shares credit among receiver links (docs/semantics.md, "Credit"). There is a pool of credit that no link has yet; links
 * without credit wait in line for a share of it. When the pool is empty and a link still waits, `rebalance`, called some
 * time later, takes credit back from links that do not use it. Pure arithmetic: it knows no socket and no clock.
 *
 * A run looks only at links whose credit has changed, and at those that wait: with a thousand links it costs no more than
 * with one.
 */
export class CreditScheduler<Link extends CreditedLink> {
  #mode: 'explicit' | 'automatic' | 'manual' = 'explicit';
  #automatic = AUTOMATIC_CREDIT;
  #isPaused = false;
  #pool = 0;
  #granted = 0;
  /** Links with credit, and how much of it is counted as granted. In the order they got it. */
  readonly #credited = new Map<Link, number>();
  /** What links had when they came, and may still have of it: the pool has not granted it, so it does not go back there. */
  readonly #brought = new Map<Link, number>();
  /** Links without, first come first. */
  readonly #blocked = new Set<Link>();
  readonly #draining = new Set<Link>();
  /** Links with credit that may be below their share. */
  readonly #low = new Set<Link>();

  /** Credit that is granted or waits for a link: `receiving` of the messenger. */
  get receiving(): number {
    return this.#pool + this.#granted;
  }

  /** Credit that waits for a link. */
  get ungranted(): number {
    return this.#pool;
  }

  /** Whether a link waits and another could be drained for it: time to think of `rebalance`. */
  get starved(): boolean {
    const mayGrant = this.#mode !== 'manual' && !this.#isPaused;
    return mayGrant && this.#blocked.size > 0 && this.#credited.size > this.#draining.size;
  }

  /** `recv(n)`: this many in all, as far as they are not granted already. What is granted is never taken back. */
  setExplicit(count: number): void {
    this.#mode = 'explicit';
    this.#pool = Math.max(count - this.#granted, 0);
    this.#sharesChanged();
  }

  /** `recv(-1)`: the pool follows what is queued; `run` fills it. `credit` is for each link. */
  setAutomatic(credit: number = AUTOMATIC_CREDIT): void {
    this.#mode = 'automatic';
    this.#automatic = credit;
    this.#sharesChanged();
  }

  /** `recv(-2)`: nothing is granted from here. */
  setManual(): void {
    this.#mode = 'manual';
    this.#pool = 0;
  }

  /** Grants nothing while this is so. What is granted stays. */
  set paused(paused: boolean) {
    this.#isPaused = paused;
  }

  /** Whether it shares credit with a link. */
  has(link: Link): boolean {
    return this.#credited.has(link) || this.#blocked.has(link);
  }

  /** A link has been attached, or has come back with credit. */
  add(link: Link): void {
    if (this.has(link)) return;
    link.credit.takeReturned();
    this.#place(link, 0);
    if (this.#credited.has(link)) this.#brought.set(link, link.credit.pooled);
    this.#sharesChanged();
  }

  /** A link is gone: its credit goes back to the pool. */
  remove(link: Link): void {
    if (!this.has(link)) return;
    this.changed(link);
    const left = this.#credited.get(link) ?? 0;
    this.#granted -= left;
    this.#takeBack(link, left, 0);
    this.#brought.delete(link);
    this.#credited.delete(link);
    this.#blocked.delete(link);
    this.#draining.delete(link);
    this.#low.delete(link);
    this.#sharesChanged();
  }

  /** Messages have used credit of a link, or its peer has returned some. `run` tops it up. */
  changed(link: Link): void {
    if (!this.has(link)) return;
    const counted = this.#credited.get(link) ?? 0;
    const returned = Math.min(link.credit.takeReturned(), counted);
    this.#takeBack(link, returned, counted - returned - link.credit.pooled);
    this.#place(link, counted);
  }

  /** Grants what can be granted. `queued` is how many messages wait to be got. */
  run(queued: number): void {
    if (this.#mode === 'manual' || this.#isPaused) return;
    const links = this.#credited.size + this.#blocked.size;
    if (links === 0) return;
    if (this.#mode === 'automatic') this.#pool = Math.max(this.#automatic * links - this.#granted - queued, 0);
    const share = this.#share;
    for (const link of this.#blocked) {
      if (this.#pool === 0) return;
      this.#blocked.delete(link);
      this.#grant(link, 0, Math.min(this.#pool, share));
    }
    for (const link of this.#low) {
      if (this.#pool === 0) return;
      if (!this.#draining.has(link)) this.#topUp(link);
    }
  }

  /**
   * Drains credited links until what they hold covers a share for every link that waits. One that has not answered since
   * the last time may never do so: others have to give then.
   */
  rebalance(): void {
    if (!this.starved) return;
    let wanted = this.#blocked.size * this.#share;
    for (const [link, credit] of this.#credited) {
      if (wanted <= 0) break;
      if (this.#draining.has(link) || !link.drain()) continue;
      wanted -= credit;
      this.#draining.add(link);
    }
  }

  /** Credit comes back to the pool, but for what the link had when it came. Messages, `used` of them, use that first. */
  #takeBack(link: Link, credit: number, used: number): void {
    const brought = Math.max(0, (this.#brought.get(link) ?? 0) - Math.max(0, used));
    if (brought > credit) this.#brought.set(link, brought - credit);
    else this.#brought.delete(link);
    if (this.#mode === 'explicit') this.#pool += Math.max(0, credit - brought);
  }

  get #share(): number {
    const links = this.#credited.size + this.#blocked.size;
    return Math.max(Math.floor((this.#pool + this.#granted) / links), 1);
  }

  #topUp(link: Link): void {
    const held = this.#credited.get(link) ?? 0;
    const share = this.#share;
    if (held < share * LOW_SHARE) this.#grant(link, held, Math.min(this.#pool, share - held));
    // An automatic share grows again as messages are got, without anything happening to the link.
    const fullShare = this.#mode === 'automatic' ? this.#automatic : share;
    if ((this.#credited.get(link) ?? 0) >= fullShare * LOW_SHARE) this.#low.delete(link);
  }

  #grant(link: Link, held: number, credit: number): void {
    this.#pool -= credit;
    this.#granted += credit;
    this.#credited.set(link, held + credit);
    link.issueCredit(credit);
  }

  /** Counts the credit that a link has now, where `counted` was counted before, and puts the link where it belongs. */
  #place(link: Link, counted: number): void {
    const credit = link.credit.pooled;
    this.#granted += credit - counted;
    if (credit > 0) {
      this.#blocked.delete(link);
      this.#credited.set(link, credit);
      this.#low.add(link);
    } else {
      this.#credited.delete(link);
      this.#draining.delete(link);
      this.#low.delete(link);
      this.#blocked.add(link);
    }
  }

  /** Another mode, or another number of links, makes other shares: every link may be below its own. */
  #sharesChanged(): void {
    for (const link of this.#credited.keys()) this.#low.add(link);
  }
}
