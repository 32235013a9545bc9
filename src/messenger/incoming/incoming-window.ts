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

/** Deliveries that it keeps before it looks for those that have ended. */
const SMALLEST = 1024;

/**
 * The deliveries that were given out to the program: those that have no outcome yet, and those whose trackers the
 * messenger still answers for.
 *
 * No more than `incomingWindow` deliveries are without an outcome. A loop waits until there is room. `get` does not: the
 * oldest delivery that `get` gave falls out then, with the default outcome.
 */
export class IncomingWindow {
  readonly #settings: Settings;
  readonly #trackers = new TrackerWindow();
  /** What was given out and may still be given an outcome, oldest first, with some that have ended among them. */
  #deliveries = new RingBuffer<IncomingDelivery>();
  /** Those of them that `get` gave and that may fall out. */
  #got = new RingBuffer<IncomingDelivery>();
  /** How many have no outcome. */
  #pending = 0;
  /** How many both rings may hold before those that have ended are taken out. */
  #limit = SMALLEST;
  readonly #loops: WaiterLine<undefined>;
  #last: IncomingDelivery | undefined;

  constructor(settings: Settings) {
    this.#settings = settings;
    this.#loops = new WaiterLine(settings.environment.clock);
  }

  /** The delivery that was given out last. */
  get last(): IncomingDelivery | undefined {
    return this.#last;
  }

  /** How many deliveries it keeps, with those that have ended and were not taken out yet. */
  get size(): number {
    return this.#deliveries.size;
  }

  /** Takes in a delivery that a loop gives out. It has left its queue. Without a window it is accepted. */
  giveByLoop(delivery: IncomingDelivery): void {
    delivery.sequence = this.#trackers.next();
    this.#last = delivery;
    if (!delivery.settled) this.#pending++;
    if (this.#settings.incomingWindow !== 0) this.#keep(delivery);
    else if (delivery.status === 'pending') delivery.finish(ACCEPTED);
  }

  /** Takes in a delivery that `get` gives out, likewise. What has no room any more falls out. */
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

  /** A delivery has ended, and whoever waits for room has another look. */
  released(delivery: IncomingDelivery): void {
    // What ended before it was given out was never counted.
    if (delivery.sequence === 0) return;
    this.#pending--;
    if (this.#loops.size > 0) this.#loops.serveAll(undefined);
  }

  /** Waits until a loop may give one more out; `undefined` when it may now. Rejects with the signal's reason. */
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
   * Gives a delivery an outcome; the first outcome counts. Throws `TrackerError` for one that has left the window: its
   * outcome is another already.
   */
  finish(delivery: IncomingDelivery, outcome: Outcome): void {
    checkOutcome(outcome);
    if (this.#hasLeft(delivery)) throw new TrackerError(leftTheWindow(delivery, this.#settings));
    delivery.finish(outcome);
  }

  /** Gives an outcome to everything in the window through a delivery, or through the last. First outcomes stay. */
  finishThrough(given: IncomingDelivery | undefined, outcome: Outcome): void {
    checkOutcome(outcome);
    const last = given ?? this.#last;
    if (last !== undefined) this.#eachThrough(last, (delivery) => delivery.finish(outcome));
  }

  /** Gives a delivery, or everything through it, the default outcome where there is none, and forgets it. */
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

  /** Where a delivery stands, as long as it is remembered. */
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

  /** Whether a delivery has fallen out, was forgotten, or came settled and is out of reach. */
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
   * Whether nothing can become of a delivery any more. What came settled may be marked while it is among the last ones;
   * without a limit to those, it would be kept for ever.
   */
  #isDone(delivery: IncomingDelivery): boolean {
    const { status } = delivery;
    if (status !== 'settled') return status !== 'pending';
    const { incomingWindow } = this.#settings;
    return incomingWindow < 0 || !this.#trackers.has(delivery, incomingWindow);
  }

  /** What is done at the old end is taken out: a loop that accepts one by one keeps the ring short. */
  #eachThrough({ sequence }: IncomingDelivery, end: (delivery: IncomingDelivery) => void): void {
    const deliveries = this.#deliveries;
    // Those that have ended, behind one that is still kept.
    let kept = 0;
    for (let delivery = deliveries.peek(); delivery !== undefined; delivery = deliveries.at(kept)) {
      if (delivery.sequence > sequence) break;
      if (!this.#trackers.isForgotten(delivery)) end(delivery);
      if (kept === 0 && this.#isDone(delivery)) deliveries.shift();
      else kept++;
    }
  }

  /** One that waits for long must not keep the places of all that came after it. */
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
