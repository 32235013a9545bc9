import { checkOutcome } from '../../codec/outcome.js';
import { StateError, TrackerError } from '../../errors.js';
import { ACCEPTED } from '../../message/outcome.js';
import type { Outcome } from '../../message/outcome.js';
import type { IncomingDelivery } from '../../queue/incoming-delivery.js';
import { RingBuffer } from '../../queue/ring-buffer.js';
import type { Status } from '../../queue/status.js';
import { TrackerWindow } from '../../queue/tracker-window.js';
import { WaiterLine } from '../../queue/waiter-line.js';
import type { Settings } from '../options/settings.js';

/** The number of deliveries to keep before ended ones are removed. */
const SMALLEST = 1024;

/**
 * The deliveries that the program has got: those without an outcome, and those whose trackers the messenger still
 * knows.
 *
 * At most `incomingWindow` deliveries are without an outcome. A loop waits for room. `get` does not wait: the oldest
 * delivery that `get` returned falls out of the window then, with the default outcome.
 */
export class IncomingWindow {
  readonly #settings: Settings;
  readonly #trackers = new TrackerWindow();
  /** Deliveries that may still get an outcome, the oldest first, with some ended ones among them. */
  #deliveries = new RingBuffer<IncomingDelivery>();
  /** Those that `get` returned and that may fall out of the window. */
  #got = new RingBuffer<IncomingDelivery>();
  /** The number of deliveries without an outcome. */
  #pending = 0;
  /** The size of both rings at which ended deliveries are removed. */
  #limit = SMALLEST;
  readonly #loops: WaiterLine<undefined>;
  #last: IncomingDelivery | undefined;

  constructor(settings: Settings) {
    this.#settings = settings;
    this.#loops = new WaiterLine(settings.environment.clock);
  }

  /** The delivery that the program got last. */
  get last(): IncomingDelivery | undefined {
    return this.#last;
  }

  /** The number of kept deliveries, including ended ones that have not been removed yet. */
  get size(): number {
    return this.#deliveries.size;
  }

  /** Adds a delivery that a loop returns and that has left its queue. Accepts it when there is no window. */
  giveByLoop(delivery: IncomingDelivery): void {
    delivery.sequence = this.#trackers.next();
    this.#last = delivery;
    if (!delivery.settled) this.#pending++;
    if (this.#settings.incomingWindow !== 0) this.#keep(delivery);
    else if (delivery.status === 'pending') delivery.finish(ACCEPTED);
  }

  /** Adds a delivery that `get` returns, likewise. Deliveries beyond the window fall out. */
  giveByGet(delivery: IncomingDelivery): void {
    this.giveByLoop(delivery);
    const { incomingWindow } = this.#settings;
    if (incomingWindow <= 0) return;
    if (!delivery.settled) this.#got.push(delivery);
    for (let oldest = this.#got.peek(); oldest !== undefined; oldest = this.#got.peek()) {
      if (oldest.status === 'pending') {
        if (this.#pending <= incomingWindow) break;
        this.#fallOut(oldest);
      }
      this.#got.shift();
    }
  }

  /** Notes that a delivery has ended, and wakes the loops that wait for room. */
  released(delivery: IncomingDelivery): void {
    // A delivery that ended before the program got it was never counted.
    if (delivery.sequence === 0) return;
    this.#pending--;
    if (this.#loops.size > 0) this.#loops.serveAll(undefined);
  }

  /** Waits until a loop may return another delivery; `undefined` when it may now. Rejects with the signal's reason. */
  room(signal: AbortSignal): Promise<void> | undefined {
    return this.#hasRoom ? undefined : this.#waitForRoom(signal);
  }

  /** Throws `StateError` when an outcome could have no effect. */
  requireWindow(call: string): void {
    if (this.#settings.incomingWindow !== 0) return;
    throw new StateError(
      `${call}() has no effect with incomingWindow 0: get() has accepted the message. Set a window.`,
    );
  }

  /**
   * Gives a delivery an outcome; the first outcome counts. Throws `TrackerError` for one that has left the window with
   * another outcome.
   */
  finish(delivery: IncomingDelivery, outcome: Outcome): void {
    checkOutcome(outcome);
    if (this.#hasLeft(delivery)) throw new TrackerError(leftTheWindow(delivery, this.#settings));
    delivery.finish(outcome);
  }

  /** Gives an outcome to all deliveries in the window up to the given or the last one. Earlier outcomes stay. */
  finishThrough(given: IncomingDelivery | undefined, outcome: Outcome): void {
    checkOutcome(outcome);
    const last = given ?? this.#last;
    if (last !== undefined) this.#eachThrough(last, (delivery) => delivery.finish(outcome));
  }

  /** Settles and forgets a delivery, or all up to it. Those without an outcome get the default outcome. */
  settle(delivery: IncomingDelivery, cumulative: boolean): void {
    const outcome = this.#settings.defaultOutcome;
    if (cumulative) {
      this.#eachThrough(delivery, (each) => {
        if (each.status === 'pending') each.finish(outcome);
      });
      this.#trackers.forgetThrough(delivery);
    } else {
      if (delivery.status === 'pending') delivery.finish(outcome);
      this.#trackers.forget(delivery);
    }
  }

  /** The status of a delivery, as long as it is remembered. */
  status(delivery: IncomingDelivery): Status | undefined {
    if (this.#trackers.isForgotten(delivery)) return undefined;
    const isKnown = delivery.status === 'pending' || this.#trackers.has(delivery, this.#settings.incomingWindow);
    return isKnown ? delivery.status : undefined;
  }

  get #hasRoom(): boolean {
    const { incomingWindow } = this.#settings;
    return incomingWindow <= 0 || this.#pending < incomingWindow;
  }

  async #waitForRoom(signal: AbortSignal): Promise<void> {
    while (!this.#hasRoom) await this.#loops.wait({ signal }, () => '');
  }

  /** True if a delivery has fallen out or was forgotten, or came settled and is beyond the window. */
  #hasLeft(delivery: IncomingDelivery): boolean {
    const { incomingWindow } = this.#settings;
    if (incomingWindow === 0) return false;
    if (this.#trackers.isForgotten(delivery)) return true;
    return delivery.status === 'settled' && !this.#trackers.has(delivery, incomingWindow);
  }

  #fallOut(delivery: IncomingDelivery): void {
    delivery.finish(this.#settings.defaultOutcome);
    this.#trackers.forget(delivery);
  }

  #keep(delivery: IncomingDelivery): void {
    this.#deliveries.push(delivery);
    for (let oldest = this.#deliveries.peek(); oldest !== undefined; oldest = this.#deliveries.peek()) {
      if (!this.#isDone(oldest)) break;
      this.#deliveries.shift();
    }
    if (this.#deliveries.size >= this.#limit || this.#got.size >= this.#limit) this.#closeUp();
  }

  /**
   * True if a delivery can change no more. A delivery that came settled can be marked only while it is among the last
   * ones. Without a limit to the window it counts as done at once, because it would be kept for ever.
   */
  #isDone(delivery: IncomingDelivery): boolean {
    const { status } = delivery;
    if (status !== 'settled') return status !== 'pending';
    const { incomingWindow } = this.#settings;
    return incomingWindow < 0 || !this.#trackers.has(delivery, incomingWindow);
  }

  /** Removes done deliveries at the old end, so that a loop that accepts one by one keeps the ring short. */
  #eachThrough({ sequence }: IncomingDelivery, end: (delivery: IncomingDelivery) => void): void {
    const deliveries = this.#deliveries;
    // Removes ended deliveries behind one that is still kept.
    let kept = 0;
    for (let delivery = deliveries.peek(); delivery !== undefined; delivery = deliveries.at(kept)) {
      if (delivery.sequence > sequence) break;
      if (!this.#trackers.isForgotten(delivery)) end(delivery);
      if (kept === 0 && this.#isDone(delivery)) deliveries.shift();
      else kept++;
    }
  }

  /** A delivery that waits for long must not keep the slots of all later ones. */
  #closeUp(): void {
    this.#deliveries = without(this.#deliveries, (delivery) => this.#isDone(delivery));
    this.#got = without(this.#got, ({ status }) => status !== 'pending');
    this.#limit = Math.max(SMALLEST, 2 * Math.max(this.#deliveries.size, this.#got.size));
  }
}

function without(
  deliveries: RingBuffer<IncomingDelivery>,
  isDone: (delivery: IncomingDelivery) => boolean,
): RingBuffer<IncomingDelivery> {
  const left = new RingBuffer<IncomingDelivery>();
  for (const delivery of deliveries) if (!isDone(delivery)) left.push(delivery);
  return left;
}

function leftTheWindow({ status }: IncomingDelivery, { incomingWindow }: Settings): string {
  return (
    `The message has left the window (incomingWindow ${incomingWindow}) and is ${status}, so this outcome has no effect. ` +
    'Make the window larger, or give each message its outcome before you get more.'
  );
}
