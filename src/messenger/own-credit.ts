/** What the share of a link is worked out from. */
export interface CreditedLink {
  /** Messages the peer may still send. */
  readonly credit: number;
  /** Deliveries without an outcome, queued or got. */
  readonly unsettled: number;
  issueCredit(count: number): void;
}

interface Share {
  readonly limit: number;
  /** Deliveries that came settled and wait to be got: nobody else counts them. */
  settled: number;
}

/**
 * Credit of links that have a share of their own, apart from what the others have in common: at most so many messages on
 * their way, queued, or got and without an outcome. It is what others call prefetch.
 */
export class OwnCredit<Link extends CreditedLink> {
  readonly #shares = new Map<Link, Share>();

  /** Credit granted. */
  get granted(): number {
    let granted = 0;
    for (const link of this.#shares.keys()) granted += link.credit;
    return granted;
  }

  /** How many links have a share. */
  get size(): number {
    return this.#shares.size;
  }

  /** Gives a link a share, or another one. */
  set(link: Link, limit: number): void {
    this.#shares.set(link, { limit, settled: this.#shares.get(link)?.settled ?? 0 });
    this.run(link);
  }

  /** Whether a link has a share. */
  has(link: Link): boolean {
    return this.#shares.has(link);
  }

  /** The link is gone, or has no share any more. Returns whether it had one. */
  delete(link: Link): boolean {
    return this.#shares.delete(link);
  }

  /** A message has come that needs no outcome. */
  cameSettled(link: Link): void {
    const share = this.#shares.get(link);
    if (share !== undefined) share.settled++;
  }

  /** Such a message has been got. */
  gotSettled(link: Link): void {
    const share = this.#shares.get(link);
    if (share === undefined) return;
    share.settled = Math.max(0, share.settled - 1);
    this.run(link);
  }

  /** Grants a link what it lacks: when that is half its share, or when the peer has nothing left to send with. */
  run(link: Link): void {
    const share = this.#shares.get(link);
    if (share === undefined) return;
    const { credit, unsettled } = link;
    const lacking = share.limit - credit - unsettled - share.settled;
    if (lacking > 0 && (credit === 0 || lacking >= share.limit / 2)) link.issueCredit(lacking);
  }
}
