/** The messages per link that automatic credit keeps granted and queued (Messenger's `recv(-1)`). */
export const AUTOMATIC_CREDIT = 1024;

/**
 * A link that has fallen below this part of its share is topped up. Proton waits until a fifth is left, and by then a
 * fast sender has run out of credit. The total credit is the same.
 */
const LOW_SHARE = 0.5;

/** A receiver link that shares credit with others. */
export interface CreditedLink {
  readonly credit: {
    /** The unused credit that the scheduler has granted. */
    readonly pooled: number;
    /** Returns how much of that credit the peer returned unused since the last call. Messages have used the rest. */
    takeReturned(): number;
  };
  /** Issues more credit. */
  issueCredit(count: number): void;
  /** Asks the peer to return unused credit. Returns false when it cannot be asked. */
  drain(): boolean;
}

/** The credit of a link that has some. */
interface Grant<Link> {
  readonly link: Link;
  credit: number;
  /** True while it is among the grants that `run` looks at. */
  isLow: boolean;
}

/**
 * Shares credit among receiver links (docs/semantics.md, "Credit"). Credit that no link has yet is in a pool, and links
 * without credit wait in line for a share of it. When the pool is empty and a link still waits, a later `rebalance`
 * takes credit back from links that do not use it. Pure arithmetic: it knows no socket and no clock.
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
  /** Links with credit, in the order of granting. */
  readonly #credited = new Map<Link, Grant<Link>>();
  /** Unused credit that links had when they were added. It did not come from the pool, so it does not return there. */
  readonly #brought = new Map<Link, number>();
  /** Links without credit, in the order of their arrival. */
  readonly #blocked = new Set<Link>();
  readonly #draining = new Set<Link>();
  /**
   * Links with credit that may be below their share, and some that have none any more. Each run empties it, so it is an
   * array: a `Set` would get a new table each time, in the old generation.
   */
  #low: Grant<Link>[] = [];

  /** Credit that is granted or waits for a link, as in `Messenger.receiving`. */
  get receiving(): number {
    return this.#pool + this.#granted;
  }

  /** Credit that waits for a link. */
  get ungranted(): number {
    return this.#pool;
  }

  /** True if a link waits and another could be drained for it, by `rebalance`. */
  get starved(): boolean {
    const mayGrant = this.#mode !== 'manual' && !this.#isPaused;
    return mayGrant && this.#blocked.size > 0 && this.#credited.size > this.#draining.size;
  }

  /** `recv(n)`: raises the total credit to this number. Granted credit is never taken back. */
  setExplicit(count: number): void {
    this.#mode = 'explicit';
    this.#pool = Math.max(count - this.#granted, 0);
    this.#sharesChanged();
  }

  /** `recv(-1)`: `run` fills the pool as messages leave the queue. `credit` is per link. */
  setAutomatic(credit: number = AUTOMATIC_CREDIT): void {
    this.#mode = 'automatic';
    this.#automatic = credit;
    this.#sharesChanged();
  }

  /** `recv(-2)`: the scheduler grants no credit. */
  setManual(): void {
    this.#mode = 'manual';
    this.#pool = 0;
  }

  /** While true, grants no credit. Granted credit stays. */
  set paused(paused: boolean) {
    this.#isPaused = paused;
  }

  /** True if a link shares credit here. */
  has(link: Link): boolean {
    return this.#credited.has(link) || this.#blocked.has(link);
  }

  /** Adds a link that was attached, or attached again with credit. */
  add(link: Link): void {
    if (this.has(link)) return;
    link.credit.takeReturned();
    this.#place(link, 0);
    if (this.#credited.has(link)) this.#brought.set(link, link.credit.pooled);
    this.#sharesChanged();
  }

  /** Removes a link. Its credit returns to the pool. */
  remove(link: Link): void {
    if (!this.has(link)) return;
    this.changed(link);
    const left = this.#credited.get(link)?.credit ?? 0;
    this.#granted -= left;
    this.#takeBack(link, left, 0);
    this.#brought.delete(link);
    this.#credited.delete(link);
    this.#blocked.delete(link);
    this.#draining.delete(link);
    this.#dropUncredited();
    this.#sharesChanged();
  }

  /** Notes that messages have used credit of a link, or that its peer has returned some. `run` tops it up. */
  changed(link: Link): void {
    if (!this.has(link)) return;
    const counted = this.#credited.get(link)?.credit ?? 0;
    const returned = Math.min(link.credit.takeReturned(), counted);
    this.#takeBack(link, returned, counted - returned - link.credit.pooled);
    this.#place(link, counted);
  }

  /** Grants credit where possible. `queued` is the number of messages that wait to be got. */
  run(queued: number): void {
    if (this.#mode === 'manual' || this.#isPaused) return;
    const links = this.#credited.size + this.#blocked.size;
    if (links === 0) return;
    if (this.#mode === 'automatic') this.#pool = Math.max(this.#automatic * links - this.#granted - queued, 0);
    const share = this.#share;
    for (const link of this.#blocked) {
      if (this.#pool === 0) return;
      this.#blocked.delete(link);
      this.#grant(this.#addCredited(link), Math.min(this.#pool, share));
    }
    if (this.#pool === 0) return;
    const low = this.#low;
    this.#low = [];
    for (const grant of low) if (this.#staysLow(grant)) this.#low.push(grant);
  }

  /**
   * Drains links with credit until their credit covers a share for every waiting link. A link that has not answered the
   * last drain may never do so, so others are drained then.
   */
  rebalance(): void {
    if (!this.starved) return;
    let wanted = this.#blocked.size * this.#share;
    for (const { link, credit } of this.#credited.values()) {
      if (wanted <= 0) break;
      if (this.#draining.has(link) || !link.drain()) continue;
      wanted -= credit;
      this.#draining.add(link);
    }
  }

  /**
   * Returns credit to the pool, except for credit that the link had when it was added. The `used` messages use that
   * first.
   */
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

  /** Tops up a link that is below its share. Returns true if the next run has to look at it again. */
  #staysLow(grant: Grant<Link>): boolean {
    if (!this.#isCredited(grant)) return false;
    if (this.#pool === 0 || this.#draining.has(grant.link)) return true;
    const share = this.#share;
    if (grant.credit < share * LOW_SHARE) this.#grant(grant, Math.min(this.#pool, share - grant.credit));
    // An automatic share also grows when messages are got, without a change of the link.
    const fullShare = this.#mode === 'automatic' ? this.#automatic : share;
    grant.isLow = grant.credit < fullShare * LOW_SHARE;
    return grant.isLow;
  }

  #grant(grant: Grant<Link>, credit: number): void {
    this.#pool -= credit;
    this.#granted += credit;
    grant.credit += credit;
    grant.link.issueCredit(credit);
  }

  #addCredited(link: Link): Grant<Link> {
    const grant = { link, credit: 0, isLow: false };
    this.#credited.set(link, grant);
    return grant;
  }

  #addLow(grant: Grant<Link>): void {
    if (grant.isLow) return;
    grant.isLow = true;
    if (this.#low.length > 2 * this.#credited.size) this.#dropUncredited();
    this.#low.push(grant);
  }

  /** A link that has lost all its credit gets another grant. */
  #isCredited(grant: Grant<Link>): boolean {
    return this.#credited.get(grant.link) === grant;
  }

  #dropUncredited(): void {
    this.#low = this.#low.filter((grant) => this.#isCredited(grant));
  }

  /** Updates the counted credit of a link from `counted`, and the lists that the link belongs to. */
  #place(link: Link, counted: number): void {
    const credit = link.credit.pooled;
    this.#granted += credit - counted;
    if (credit > 0) {
      this.#blocked.delete(link);
      const grant = this.#credited.get(link) ?? this.#addCredited(link);
      grant.credit = credit;
      this.#addLow(grant);
    } else {
      this.#credited.delete(link);
      this.#draining.delete(link);
      this.#blocked.add(link);
    }
  }

  /** Another mode or number of links changes the shares, so every link may be below its share. */
  #sharesChanged(): void {
    for (const grant of this.#credited.values()) this.#addLow(grant);
  }
}
