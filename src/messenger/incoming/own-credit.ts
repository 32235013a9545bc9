/** What the share of a link is worked out from. */
export interface CreditedLink {
  /** Messages the peer may still send. */
  readonly credit: number;
  /** Deliveries without an outcome, queued or got. */
  readonly unsettled: number;
  /** Deliveries that are settled and wait to be got: nobody else counts them. Kept by `OwnCredit`. */
  settledInQueue: number;
  issueCredit(count: number): void;
}

/**
 * Credit of links that have a share of their own, apart from what the others have in common: at most so many messages on
 * their way, queued, or got and without an outcome. It is what others call prefetch.
 */
export class OwnCredit<Link extends CreditedLink> {
  readonly #limits = new Map<Link, number>();
  #isPaused = false;

  /** Grants nothing while this is so. What is granted stays; what was held back is granted when it ends. */
  set paused(paused: boolean) {
    if (this.#isPaused === paused) return;
    this.#isPaused = paused;
    if (!paused) for (const link of this.#limits.keys()) this.run(link);
  }

  /** Gives a link a share, or another one. */
  set(link: Link, limit: number): void {
    this.#limits.set(link, limit);
    this.run(link);
  }

  /** Whether a link has a share. */
  has(link: Link): boolean {
    return this.#limits.has(link);
  }

  /** The link is gone, or has no share any more. */
  delete(link: Link): void {
    this.#limits.delete(link);
  }

  /** This many more of the deliveries that wait are settled. Counted for every link: it may have a share later. */
  settledInQueue(link: Link, count: number): void {
    link.settledInQueue += count;
  }

  /** A delivery that is settled has been got. */
  gotSettled(link: Link): void {
    link.settledInQueue--;
    this.run(link);
  }

  /** Grants a link what it lacks: when that is half its share, or when the peer has nothing left to send with. */
  run(link: Link): void {
    const limit = this.#limits.get(link);
    if (limit === undefined || this.#isPaused) return;
    const { credit, unsettled, settledInQueue } = link;
    const lacking = limit - credit - unsettled - settledInQueue;
    if (lacking > 0 && (credit === 0 || lacking >= limit / 2)) link.issueCredit(lacking);
  }
}
