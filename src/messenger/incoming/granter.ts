import type { Clock, Timer } from '../../clock.js';
import type { ReceiverLink } from '../../link/session/receiver-link.js';
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
  readonly #clock: Clock;
  readonly #queued: () => number;
  readonly #isFull: () => boolean;
  readonly #common = new CreditScheduler<ReceiverLink>({
    grant: (link, credit) => link.issueCredit(credit),
    drain: (link) => link.drain(),
  });
  readonly #own = new OwnCredit<ReceiverLink>();
  readonly #shares = new WeakMap<Subscription, number>();
  readonly #links = new Map<ReceiverLink, Subscription | undefined>();
  /** Messages that have come in a row over one link and are not counted yet: nearly all of a tick do. */
  #arrived = 0;
  #arrivedOn: ReceiverLink | undefined;
  #isScheduled = false;
  #rebalanceTimer: Timer | undefined;

  /**
   * @param queued How many messages wait to be got.
   * @param isFull Whether they are so large that no more may come.
   */
  constructor(clock: Clock, queued: () => number, isFull: () => boolean) {
    this.#clock = clock;
    this.#queued = queued;
    this.#isFull = isFull;
  }

  /** Credit that peers have or could have. */
  get receiving(): number {
    let receiving = this.#common.ungranted;
    for (const link of this.#links.keys()) receiving += link.credit;
    return receiving;
  }

  /** Lets peers send this many in all; -1 keeps `automatic` on their way for each link, -2 grants nothing (spec §1.7). */
  recv(count: number, automatic?: number): void {
    this.#countArrivals();
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

  /** Lets the peer of a link send so many more, now or when it is open; `undefined` stands for every link there is. */
  grant(subscription: Subscription, link: ReceiverLink | undefined, count: number): void {
    this.#countArrivals();
    const links = link === undefined ? this.#links : [[link, subscription] as const];
    for (const [granted, owner] of links) {
      if (owner !== subscription) continue;
      granted.granted += count;
      granted.issueCredit(count);
    }
  }

  /** A link is attached, and has no credit. */
  opened(link: ReceiverLink, subscription: Subscription | undefined): void {
    this.#links.set(link, subscription);
    link.issueCredit(link.granted);
    this.#assign(link, subscription && this.#shares.get(subscription));
  }

  /** A link is gone, for now or for good: its credit goes back. */
  lost(link: ReceiverLink): void {
    this.#countArrivals();
    this.#links.delete(link);
    this.#own.delete(link);
    this.#common.remove(link);
    this.#schedule();
  }

  /** A message has come: it has used one credit. */
  received(link: ReceiverLink, isSettled = false): void {
    if (isSettled) this.#own.settledInQueue(link, 1);
    if (link !== this.#arrivedOn) {
      this.#countArrivals();
      this.#arrivedOn = link;
    }
    this.#arrived++;
    this.#schedule();
  }

  /** Half of a message has come, and the peer took it back: the credit it has used is given again. */
  aborted(link: ReceiverLink): void {
    // What came before has used its credit first.
    this.#countArrivals();
    if (link.granted > 0) {
      link.issueCredit(1);
    } else {
      this.received(link);
      if (!this.#own.has(link)) this.#common.usedInVain();
    }
    this.settled(link, 0);
  }

  /** A message has been got. `settled` is the link it came on, if it is settled: nobody else will tell that. */
  got(settled: ReceiverLink | undefined): void {
    if (settled !== undefined) this.#own.gotSettled(settled);
    this.#schedule();
  }

  /** Deliveries are settled now, and so many of them wait to be got. */
  settled(link: ReceiverLink, inQueue: number): void {
    if (inQueue > 0) this.#own.settledInQueue(link, inQueue);
    this.#pause();
    this.#own.run(link);
  }

  /** The peer has given back what it did not use. */
  drained(link: ReceiverLink): void {
    this.#countArrivals();
    // What the program has granted was not asked back.
    link.issueCredit(link.granted);
    if (this.#own.has(link)) this.#own.run(link);
    else this.#common.drained(link);
    this.#schedule();
  }

  /** Nothing is to be granted any more, until a link is opened. */
  stop(): void {
    if (this.#rebalanceTimer !== undefined) this.#clock.clearTimeout(this.#rebalanceTimer);
    this.#rebalanceTimer = undefined;
  }

  #assign(link: ReceiverLink, credit: number | undefined): void {
    this.#countArrivals();
    if (credit === undefined) {
      this.#own.delete(link);
      this.#common.add(link, link.credit - link.granted);
    } else {
      this.#common.remove(link);
      this.#own.set(link, credit);
    }
    this.#schedule();
  }

  /** The credit that messages have used was granted by the program, or by the scheduler, or is that of a share. */
  #countArrivals(): void {
    const link = this.#arrivedOn;
    if (link === undefined) return;
    const own = Math.min(this.#arrived, link.granted);
    link.granted -= own;
    if (!this.#own.has(link)) this.#common.received(link, this.#arrived - own);
    this.#arrived = 0;
    this.#arrivedOn = undefined;
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    this.#clock.nextTick(() => this.#run());
  }

  #pause(): void {
    const isFull = this.#isFull();
    this.#common.paused = isFull;
    this.#own.paused = isFull;
  }

  #run(): void {
    this.#isScheduled = false;
    this.#countArrivals();
    this.#pause();
    this.#common.run(this.#queued());
    if (!this.#common.starved) {
      this.stop();
    } else if (this.#rebalanceTimer === undefined) {
      this.#rebalanceTimer = this.#clock.setTimeout(() => {
        this.#rebalanceTimer = undefined;
        this.#common.rebalance();
        this.#run(); // whoever is asked may never answer
      }, REBALANCE_DELAY);
    }
  }
}
