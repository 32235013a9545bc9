import type { ReceiverLink } from '../link/receiver-link.js';
import { CreditScheduler } from './credit-scheduler.js';
import { OwnCredit } from './own-credit.js';
import type { Subscription } from './subscription.js';

/** How long a link may wait for credit before others are asked to give some back, in milliseconds (spec §4.3). */
const REBALANCE_DELAY = 250;

/**
 * Grants credit to receiver links: what `recv` says, shared among all of them by `CreditScheduler`, except for those with
 * a share of their own. What is to be granted is worked out at the end of the tick, once for all that has happened.
 */
export class Granter {
  readonly #queued: () => number;
  readonly #common = new CreditScheduler<ReceiverLink>({
    grant: (link, credit) => link.issueCredit(credit),
    drain: (link) => link.drain(),
  });
  readonly #own = new OwnCredit<ReceiverLink>();
  readonly #shares = new Map<Subscription, number>();
  readonly #links = new Map<ReceiverLink, Subscription | undefined>();
  #isScheduled = false;
  #rebalanceTimer: NodeJS.Timeout | undefined;

  /** @param queued How many messages wait to be got. */
  constructor(queued: () => number) {
    this.#queued = queued;
  }

  /** Credit that peers have or could have. */
  get receiving(): number {
    return this.#common.receiving + this.#own.granted;
  }

  /** Lets peers send this many in all; -1 keeps `automatic` on their way for each link, -2 grants nothing (spec §1.7). */
  recv(count: number, automatic?: number): void {
    if (count === -1) this.#common.setAutomatic(automatic);
    else if (count === -2) this.#common.setManual();
    else this.#common.setExplicit(Math.max(count, 0));
    this.#run();
  }

  /** Gives the links of a subscription, now and later, a share of their own; `undefined` lets them have the common one. */
  setShare(subscription: Subscription, credit: number | undefined): void {
    if (credit === undefined) this.#shares.delete(subscription);
    else this.#shares.set(subscription, credit);
    for (const [link, owner] of this.#links) if (owner === subscription) this.#assign(link, credit);
  }

  /** A link is attached, and has no credit. */
  opened(link: ReceiverLink, subscription: Subscription | undefined): void {
    this.#links.set(link, subscription);
    this.#assign(link, subscription && this.#shares.get(subscription));
  }

  /** A link is gone, for now or for good: its credit goes back. */
  lost(link: ReceiverLink): void {
    this.#links.delete(link);
    this.#own.delete(link);
    this.#common.remove(link);
    this.#schedule();
  }

  /** A message has come, or half of one that the peer then took back: it has used one credit. */
  received(link: ReceiverLink, isSettled = false): void {
    if (!this.#own.has(link)) this.#common.received(link);
    else if (isSettled) this.#own.cameSettled(link);
    this.#schedule();
  }

  /** A message has been got. */
  got(link: ReceiverLink, isSettled: boolean): void {
    if (isSettled && this.#own.size > 0) this.#own.gotSettled(link);
    this.#schedule();
  }

  /** A delivery has got its outcome. */
  settled(link: ReceiverLink): void {
    if (this.#own.size > 0) this.#own.run(link);
  }

  /** The peer has given back what it did not use. */
  drained(link: ReceiverLink): void {
    if (!this.#own.has(link)) this.#common.drained(link);
    this.#schedule();
  }

  /** Nothing is to be granted any more, until a link is opened. */
  stop(): void {
    clearTimeout(this.#rebalanceTimer);
    this.#rebalanceTimer = undefined;
  }

  #assign(link: ReceiverLink, credit: number | undefined): void {
    if (credit === undefined) {
      this.#own.delete(link);
      this.#common.add(link);
    } else {
      this.#common.remove(link);
      this.#own.set(link, credit);
    }
    this.#schedule();
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    process.nextTick(() => this.#run());
  }

  #run(): void {
    this.#isScheduled = false;
    this.#common.run(this.#queued());
    if (!this.#common.starved) {
      this.stop();
    } else if (this.#rebalanceTimer === undefined) {
      this.#rebalanceTimer = setTimeout(() => {
        this.#rebalanceTimer = undefined;
        this.#common.rebalance();
      }, REBALANCE_DELAY).unref();
    }
  }
}
