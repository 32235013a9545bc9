import type { Clock, Timer } from '../../clock.js';
import type { ReceiverLink } from '../../link/session/receiver-link.js';
import { CreditScheduler } from './credit-scheduler.js';
import type { DeliveryQueue } from './delivery-queue.js';
import type { Source } from './source.js';

/** How long a link may wait for credit before others are asked to give some back, in milliseconds. */
const REBALANCE_DELAY = 250;

/**
 * Issues credit to receiver links: what `recv` says, shared among all of them by `CreditScheduler`, or a fixed number to
 * a link that has one of its own (what others call prefetch). What a link has used and what it holds, its `LinkCredit`
 * knows; what is wanted is worked out at the end of the tick, once for all that has happened.
 */
export class IncomingCredit {
  readonly #clock: Clock;
  readonly #queue: DeliveryQueue;
  readonly #isFull: () => boolean;
  readonly #shared = new CreditScheduler<ReceiverLink>();
  /** Links with a number of their own: at most so many messages on their way, queued, or got and without an outcome. */
  readonly #fixed = new Map<ReceiverLink, number>();
  readonly #attached = new Set<ReceiverLink>();
  #changed: ReceiverLink[] = [];
  #isPaused = false;
  #isScheduled = false;
  #rebalanceTimer: Timer | undefined;

  /**
   * @param queue What waits for `get`: it counts against the shared credit.
   * @param isFull Whether what waits is so large that no more may come.
   */
  constructor(clock: Clock, queue: DeliveryQueue, isFull: () => boolean) {
    this.#clock = clock;
    this.#queue = queue;
    this.#isFull = isFull;
  }

  /** Credit that peers have, or could have. */
  get receiving(): number {
    this.#lookAtChanged();
    let receiving = this.#shared.ungranted;
    for (const link of this.#attached) receiving += link.credit.issued;
    return receiving;
  }

  /** Lets peers send this many in all; -1 keeps `automatic` on their way for each link, -2 issues nothing. */
  recv(count: number, automatic?: number): void {
    this.#lookAtChanged();
    if (count === -1) this.#shared.setAutomatic(automatic);
    else if (count === -2) this.#shared.setManual();
    else this.#shared.setExplicit(Math.max(count, 0));
    this.#run();
  }

  /** A link is attached. It gets a fixed number, or with `undefined` a part of what is shared. */
  attached(link: ReceiverLink, fixed: number | undefined): void {
    this.#attached.add(link);
    if (fixed === undefined) {
      this.#fixed.delete(link);
      this.#shared.add(link);
    } else {
      this.#shared.remove(link);
      this.#fixed.set(link, fixed);
      this.#topUp(link, fixed);
    }
    this.#schedule();
  }

  /** Gives the links of a source, now and later, a fixed number each; `undefined` lets them share with the others. */
  setFixed(source: Source, fixed: number | undefined): void {
    source.fixedCredit = fixed;
    for (const link of source.attached) this.attached(link, fixed);
  }

  /**
   * Lets the peers of a source send so many more, besides what is issued here: now, or when its link is attached. With an
   * address to listen on, each peer that sends now gets as much.
   */
  grant({ link: dialled, attached }: Source, count: number): void {
    for (const link of dialled === undefined ? attached : [dialled]) {
      link.credit.manual += count;
      link.issueCredit(count);
    }
  }

  /** A link is gone, for now or for good: its credit goes back to the others. */
  lost(link: ReceiverLink): void {
    this.#attached.delete(link);
    this.#fixed.delete(link);
    this.#shared.remove(link);
    this.#schedule();
  }

  /** A message has come over a link or was released, or credit of it was returned. */
  changed(link: ReceiverLink): void {
    const { credit } = link;
    if (credit.isChanged) return;
    credit.isChanged = true;
    this.#changed.push(link);
    this.#schedule();
  }

  /** The outcomes of a link's deliveries are written: credit that answers them may go out in the same write. */
  outcomesWritten(link: ReceiverLink): void {
    const fixed = this.#fixed.get(link);
    if (fixed === undefined) return;
    this.#pause();
    this.#topUp(link, fixed);
  }

  /** Something has left the queue: shared credit may be issued for it. */
  taken(): void {
    this.#schedule();
  }

  /** Nothing is to be issued any more, until a link is attached. */
  stop(): void {
    if (this.#rebalanceTimer !== undefined) this.#clock.clearTimeout(this.#rebalanceTimer);
    this.#rebalanceTimer = undefined;
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    this.#clock.nextTick(() => this.#run());
  }

  #run(): void {
    this.#isScheduled = false;
    this.#pause();
    this.#lookAtChanged();
    this.#shared.run(this.#queue.size);
    if (!this.#shared.starved) {
      this.stop();
    } else if (this.#rebalanceTimer === undefined) {
      this.#rebalanceTimer = this.#clock.setTimeout(() => {
        this.#rebalanceTimer = undefined;
        this.#shared.rebalance();
        this.#run(); // whoever is asked may never answer
      }, REBALANCE_DELAY);
    }
  }

  #lookAtChanged(): void {
    const changed = this.#changed;
    if (changed.length === 0) return;
    this.#changed = [];
    for (const link of changed) {
      link.credit.isChanged = false;
      const fixed = this.#fixed.get(link);
      if (fixed !== undefined) this.#topUp(link, fixed);
      else this.#shared.changed(link);
    }
  }

  /** Issues what a link lacks: when that is half its number, or when the peer has nothing left to send with. */
  #topUp(link: ReceiverLink, fixed: number): void {
    // The peer would count a delivery twice whose outcome is still to be written.
    if (this.#isPaused || link.isSettling) return;
    const { issued, held } = link.credit;
    const lacking = fixed - issued - held;
    if (lacking > 0 && (issued === 0 || lacking >= fixed / 2)) link.issueCredit(lacking);
  }

  /** While too much waits nothing is issued. What was held back is issued when that ends. */
  #pause(): void {
    const isFull = this.#isFull();
    if (isFull === this.#isPaused) return;
    this.#isPaused = isFull;
    this.#shared.paused = isFull;
    if (!isFull) for (const [link, fixed] of this.#fixed) this.#topUp(link, fixed);
  }
}
