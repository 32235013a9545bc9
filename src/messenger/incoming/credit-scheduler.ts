/** Messages that automatic credit keeps granted and queued per link (spec §1.7). */
export const AUTOMATIC_CREDIT = 1024;

/** The most messages that a peer may be asked for at a time: half of what the wire has room for (AMQP 1.0 §2.7.4). */
export const MAX_CREDIT = 0x7fff_ffff;

/**
 * A link that has fallen below this part of its share is topped up. The original waits until a fifth is left, by which
 * time a quick sender has run dry; how much is granted in all is the same.
 */
const LOW_SHARE = 0.5;

/** What the scheduler has done to a link. */
export interface CreditActions<Link> {
  /** Let the peer send this many more. */
  grant(link: Link, credit: number): void;
  /** Ask the peer to give back what it does not use. Returns false when it cannot be asked. */
  drain(link: Link): boolean;
}

/**
 * Shares credit among receiver links (spec §4.3). There is a pool of credit that nobody has yet; links without credit
 * wait in line for a share of it. When the pool is empty and a link still waits, `rebalance`, called some time later,
 * takes credit back from links that do not use it. Pure arithmetic: it knows no socket and no clock.
 */
export class CreditScheduler<Link> {
  readonly #actions: CreditActions<Link>;
  #mode: 'explicit' | 'automatic' | 'manual' = 'explicit';
  #automatic = AUTOMATIC_CREDIT;
  #isPaused = false;
  #pool = 0;
  #granted = 0;
  /** Links with credit, and how much. In the order they got it. */
  readonly #credited = new Map<Link, number>();
  /** Links without, first come first. */
  readonly #blocked = new Set<Link>();
  readonly #draining = new Set<Link>();

  constructor(actions: CreditActions<Link>) {
    this.#actions = actions;
  }

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
  }

  /** `recv(-1)`: the pool follows what is queued; `run` fills it. `credit` is for each link. */
  setAutomatic(credit: number = AUTOMATIC_CREDIT): void {
    this.#mode = 'automatic';
    this.#automatic = credit;
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

  /** A link has been attached, or has come back with this much credit. */
  add(link: Link, credit = 0): void {
    if (this.#credited.has(link)) return;
    if (credit <= 0) {
      this.#blocked.add(link);
      return;
    }
    this.#granted += credit;
    this.#credited.set(link, credit);
  }

  /** A link is gone: its credit goes back to the pool (spec §4.5). */
  remove(link: Link): void {
    this.#takeBack(link);
    this.#blocked.delete(link);
    this.#draining.delete(link);
  }

  /** Messages have come over a link: each has used a credit. `run` tops it up. */
  received(link: Link, count = 1): void {
    const credit = this.#credited.get(link);
    if (credit === undefined) return;
    if (credit > count) {
      this.#granted -= count;
      this.#credited.set(link, credit - count);
    } else {
      this.#granted -= credit;
      this.#credited.delete(link);
      this.#draining.delete(link);
      this.#blocked.add(link);
    }
  }

  /** A credit was used, and no message has come by it: `recv(n)` asks for messages. */
  usedInVain(): void {
    if (this.#mode === 'explicit') this.#pool++;
  }

  /** The peer has given back what it did not use. */
  drained(link: Link): void {
    this.#draining.delete(link);
    this.#takeBack(link);
    this.#blocked.add(link);
  }

  /** Grants what can be granted. `queued` is how many messages wait to be got. */
  run(queued: number): void {
    if (this.#mode === 'manual' || this.#isPaused) return;
    const links = this.#credited.size + this.#blocked.size;
    if (links === 0) return;
    if (this.#mode === 'automatic') this.#pool = Math.max(this.#automatic * links - this.#granted - queued, 0);
    const share = this.#share;
    for (const link of this.#blocked) {
      if (this.#pool === 0) break;
      this.#blocked.delete(link);
      this.#grant(link, 0, Math.min(this.#pool, share));
    }
    for (const [link, credit] of this.#credited) this.#topUp(link, credit);
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
      if (this.#draining.has(link) || !this.#actions.drain(link)) continue;
      wanted -= credit;
      this.#draining.add(link);
    }
  }

  get #share(): number {
    const links = this.#credited.size + this.#blocked.size;
    return Math.max(Math.floor((this.#pool + this.#granted) / links), 1);
  }

  #topUp(link: Link, credit: number): void {
    if (this.#pool === 0 || this.#blocked.size > 0 || this.#draining.has(link)) return;
    const share = this.#share;
    if (credit < share * LOW_SHARE) this.#grant(link, credit, Math.min(this.#pool, share - credit));
  }

  #grant(link: Link, held: number, credit: number): void {
    this.#pool -= credit;
    this.#granted += credit;
    this.#credited.set(link, held + credit);
    this.#actions.grant(link, credit);
  }

  #takeBack(link: Link): void {
    const credit = this.#credited.get(link) ?? 0;
    this.#credited.delete(link);
    this.#granted -= credit;
    if (this.#mode === 'explicit') this.#pool += credit;
  }
}
