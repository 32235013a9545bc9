import { checkOutcome } from '../../codec/outcome.js';
import { ACCEPTED } from '../../message/outcome.js';
import type { Outcome } from '../../message/outcome.js';
import type { IncomingDelivery } from '../../queue/incoming-delivery.js';
import { IncomingWindow } from '../../queue/incoming-window.js';
import type { Status } from '../../queue/status.js';
import { TrackerWindow } from '../../queue/tracker-window.js';
import { WaiterLine } from '../../queue/waiter-line.js';
import type { Settings } from '../options/settings.js';

/** The deliveries that have been given out, and what is said of them: one by one, or all through one (spec §1.8). */
export class GivenOut {
  readonly #settings: Settings;
  readonly #window = new IncomingWindow();
  readonly #trackers = new TrackerWindow();
  readonly #loops: WaiterLine<undefined>;
  #last: IncomingDelivery | undefined;

  constructor(settings: Settings) {
    this.#settings = settings;
    this.#loops = new WaiterLine(settings.environment.clock);
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

  /**
   * Waits until one more can be given out and none slides out of the window for it; `undefined` when it can be now. Not
   * for `get`, which may be called again and again before anything is said of what it gave.
   */
  room(signal: AbortSignal): Promise<void> | undefined {
    return this.#hasRoom ? undefined : this.#waitForRoom(signal);
  }

  /** Some may have ended: whoever waits for room has another look. */
  someEnded(): void {
    if (this.#loops.size > 0) this.#loops.serveAll(undefined);
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

  get #hasRoom(): boolean {
    const { incomingWindow } = this.#settings;
    return incomingWindow <= 0 || this.#window.hasRoom(incomingWindow);
  }

  async #waitForRoom(signal: AbortSignal): Promise<void> {
    while (!this.#hasRoom) await this.#loops.wait({ signal }, () => '');
  }

  #remembers(delivery: IncomingDelivery): boolean {
    return this.#trackers.has(delivery, this.#settings.incomingWindow);
  }
}
