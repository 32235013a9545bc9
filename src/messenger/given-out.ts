import { checkOutcome } from '../codec/outcome.js';
import { ACCEPTED } from '../message/outcome.js';
import type { Outcome } from '../message/outcome.js';
import type { IncomingDelivery } from '../queue/incoming-delivery.js';
import { IncomingWindow } from '../queue/incoming-window.js';
import type { Status } from '../queue/status.js';
import { TrackerWindow } from '../queue/tracker-window.js';
import type { Settings } from './settings.js';

/** The deliveries that have been given out, and what is said of them: one by one, or all through one (spec §1.8). */
export class GivenOut {
  readonly #settings: Settings;
  readonly #window = new IncomingWindow();
  readonly #trackers = new TrackerWindow();
  #last: IncomingDelivery | undefined;

  constructor(settings: Settings) {
    this.#settings = settings;
  }

  /** The last one. */
  get last(): IncomingDelivery | undefined {
    return this.#last;
  }

  /** Takes in one that is given out now. Without a window it is accepted. */
  add(delivery: IncomingDelivery): void {
    const { incomingWindow } = this.#settings;
    delivery.sequence = this.#trackers.next();
    this.#last = delivery;
    if (incomingWindow !== 0) this.#window.add(delivery, incomingWindow < 0 ? Infinity : incomingWindow);
    else if (delivery.status === 'pending') delivery.finish(ACCEPTED);
  }

  /** Gives one an outcome, or everything in the window through it, or through the last. */
  finish(given: IncomingDelivery | undefined, outcome: Outcome, cumulative: boolean): void {
    checkOutcome(outcome);
    const delivery = given ?? this.#last;
    if (delivery === undefined) return;
    if (given === undefined || cumulative) this.#window.finishThrough(delivery, outcome);
    // What is not remembered has slid out of the window, and was settled then.
    else if (this.#remembers(delivery)) delivery.finish(outcome);
  }

  /** Settles one, or everything in the window through it, and forgets it. */
  settle(delivery: IncomingDelivery, cumulative: boolean): void {
    if (cumulative) {
      this.#window.settleThrough(delivery);
      this.#trackers.forgetThrough(delivery);
    } else {
      delivery.settle();
      this.#trackers.forget(delivery);
    }
  }

  /** Where one stands, as long as it is remembered. */
  status(delivery: IncomingDelivery): Status | undefined {
    return this.#remembers(delivery) ? delivery.status : undefined;
  }

  #remembers(delivery: IncomingDelivery): boolean {
    return this.#trackers.has(delivery, this.#settings.incomingWindow);
  }
}
