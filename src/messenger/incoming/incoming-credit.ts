import type { Clock, Timer } from '../../clock.js';
import type { ReceiverLink } from '../../link/session/receiver-link.js';
import { CreditScheduler } from './credit-scheduler.js';
import type { DeliveryQueue } from './delivery-queue.js';
import type { Source } from './source.js';

/** The time that a link waits for credit before others are drained, in milliseconds. */
const REBALANCE_DELAY = 250;

/**
 * Issues credit to receiver links: the credit of `recv`, which `CreditScheduler` shares among them, or a fixed number
 * for a link with credit of its own (prefetch in other libraries). The `LinkCredit` of a link knows its used and held
 * credit. The wanted credit is computed at the end of the tick, once for all changes.
 */
export class IncomingCredit {
  readonly #clock: Clock;
  readonly #queue: DeliveryQueue;
  readonly #isFull: () => boolean;
  readonly #shared = new CreditScheduler<ReceiverLink>();
  /** Links with fixed credit: the most messages that are on their way, queued, or got and without an outcome. */
  readonly #fixed = new Map<ReceiverLink, number>();
  readonly #attached = new Set<ReceiverLink>();
  #changed: ReceiverLink[] = [];
  #isPaused = false;
  #isScheduled = false;
  #rebalanceTimer: Timer | undefined;

  /**
   * @param queue The messages that wait for `get`. They count against the shared credit.
   * @param isFull Returns true if the waiting messages have reached `maxIncoming`.
   */
  constructor(clock: Clock, queue: DeliveryQueue, isFull: () => boolean) {
    this.#clock = clock;
    this.#queue = queue;
    this.#isFull = isFull;
  }

  /** The credit that peers have, or could have. */
  get receiving(): number {
    this.#lookAtChanged();
    let receiving = this.#shared.ungranted;
    for (const link of this.#attached) receiving += link.credit.issued;
    return receiving;
  }

  /** Sets the total credit; -1 keeps `automatic` messages on their way for each link, -2 issues no credit. */
  recv(count: number, automatic?: number): void {
    this.#lookAtChanged();
    if (count === -1) this.#shared.setAutomatic(automatic);
    else if (count === -2) this.#shared.setManual();
    else this.#shared.setExplicit(Math.max(count, 0));
    this.#run();
  }

  /** Adds an attached link, with fixed credit, or with `undefined` for a share of the common credit. */
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

  /** Sets the fixed credit of each link of a source, now and later; `undefined` lets them share the common credit. */
  setFixed(source: Source, fixed: number | undefined): void {
    source.fixedCredit = fixed;
    for (const link of source.attached) this.attached(link, fixed);
  }

  /**
   * Issues extra credit to the peers of a source, now or when its link is attached. For an address to listen on, each
   * connected peer that sends gets this number.
   */
  grant({ link: dialled, attached }: Source, count: number): void {
    for (const link of dialled === undefined ? attached : [dialled]) {
      link.credit.manual += count;
      link.issueCredit(count);
    }
  }

  /** Removes a lost or closed link. Its credit goes to the others. */
  lost(link: ReceiverLink): void {
    this.#attached.delete(link);
    this.#fixed.delete(link);
    this.#shared.remove(link);
    this.#schedule();
  }

  /** Notes that a message of a link has come or was released, or that its credit was returned. */
  changed(link: ReceiverLink): void {
    const { credit } = link;
    if (credit.isChanged) return;
    credit.isChanged = true;
    this.#changed.push(link);
    this.#schedule();
  }

  /** Notes that the outcomes of a link are written, so that new credit can go out in the same write. */
  outcomesWritten(link: ReceiverLink): void {
    const fixed = this.#fixed.get(link);
    if (fixed === undefined) return;
    this.#pause();
    this.#topUp(link, fixed);
  }

  /** Notes that a message has left the queue, so that shared credit can be issued for it. */
  taken(): void {
    this.#schedule();
  }

  /** Issues no more credit, until a link is attached. */
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
        this.#run(); // the drained link may never answer
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

  /** Issues missing credit to a link when half of its number is missing, or when the peer has none left. */
  #topUp(link: ReceiverLink, fixed: number): void {
    // The peer would count a delivery twice if its outcome is not written before.
    if (this.#isPaused || link.isSettling) return;
    const { issued, held } = link.credit;
    const lacking = fixed - issued - held;
    if (lacking > 0 && (issued === 0 || lacking >= fixed / 2)) link.issueCredit(lacking);
  }

  /** Issues no credit while too many bytes wait. The held-back credit is issued afterwards. */
  #pause(): void {
    const isFull = this.#isFull();
    if (isFull === this.#isPaused) return;
    this.#isPaused = isFull;
    this.#shared.paused = isFull;
    if (!isFull) for (const [link, fixed] of this.#fixed) this.#topUp(link, fixed);
  }
}
