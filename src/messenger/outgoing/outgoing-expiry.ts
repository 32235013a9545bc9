import type { Clock } from '../../clock.js';
import { lifetimeOf } from '../../queue/expiry.js';
import type { Expirable } from '../../queue/expiry.js';
import { TimeoutError } from '../../errors.js';
import type { SenderLink } from '../../link/session/sender-link.js';
import type { Deadline, OutgoingDelivery } from '../../queue/outgoing-delivery.js';
import { WakeUp } from '../../queue/wake-up.js';
import { Destination } from './destination.js';

/**
 * The number of checked messages for each millisecond until the next check, so that checks take at most about a tenth
 * of the time.
 */
const LOOKED_AT_PER_MS = 2500;

/** The deadline that all messages of one tick with the same lifetime share. */
interface SharedDeadline extends Deadline {
  readonly lifetime: number;
  /** `Infinity` until the tick ends. */
  time: number;
}

/**
 * Ends messages that expire while they wait to be sent. A message that the peer may have is the peer's to expire.
 *
 * Nearly every message leaves at once, so there is no index by deadline: at the earliest deadline, all waiting messages
 * are checked. With many messages this is not done for every deadline, so a message may expire late by a millisecond
 * for every 2500 that wait.
 */
export class OutgoingExpiry {
  readonly #links: ReadonlySet<Pick<SenderLink, 'eachQueued'>>;
  readonly #clock: Clock;
  readonly #wakeUp: WakeUp<OutgoingExpiry>;
  /**
   * The deadlines of this tick. Lifetimes begin at its end, because no message can leave or expire before, and reading
   * the clock for every message would cost more than everything else here.
   */
  #fresh: SharedDeadline[] = [];
  #latest: SharedDeadline | undefined;
  /** The earliest time of the next check. */
  #notBefore = -Infinity;

  /** @param links The links whose messages wait to be sent. */
  constructor(links: ReadonlySet<Pick<SenderLink, 'eachQueued'>>, clock: Clock) {
    this.#links = links;
    this.#clock = clock;
    this.#wakeUp = new WakeUp<OutgoingExpiry>(clock, this, (expiry) => expiry.look());
  }

  /** The remaining lifetime of a message in milliseconds. Throws `OptionError` for an invalid time. */
  lifetimeOf(message: Expirable): number {
    return lifetimeOf(message, this.#clock);
  }

  /** Adds a message that has just been queued, with its lifetime from the end of this tick. */
  add(delivery: OutgoingDelivery, lifetime: number): void {
    const latest = this.#latest;
    delivery.expiry = latest?.lifetime === lifetime ? latest : this.#addDeadline(lifetime);
  }

  /** Ends expired messages. Also called when messages are queued again after a lost connection. */
  look(): void {
    const now = this.#clock.now();
    const overdue: OutgoingDelivery[] = [];
    let earliest = Infinity;
    let count = 0;
    for (const link of this.#links) {
      link.eachQueued((delivery) => {
        count++;
        const { expiry, status } = delivery;
        if (expiry === undefined || status !== 'pending') return;
        if (expiry.time <= now) overdue.push(delivery);
        else if (expiry.time < earliest) earliest = expiry.time;
      });
    }
    this.#notBefore = now + count / LOOKED_AT_PER_MS;
    this.#schedule(earliest);
    for (const delivery of overdue) this.expire(delivery);
  }

  /** Ends an expired message. */
  expire(delivery: OutgoingDelivery): void {
    Destination.end(delivery, 'expired', new TimeoutError('The message expired before a peer took it.'));
  }

  /** Stops until a message is added. */
  stop(): void {
    this.#fresh = [];
    this.#latest = undefined;
    this.#wakeUp.cancel();
  }

  #addDeadline(lifetime: number): SharedDeadline {
    if (this.#fresh.length === 0) this.#clock.nextTick(() => this.#turnEnded());
    const deadline = { lifetime, time: Infinity };
    this.#fresh.push(deadline);
    this.#latest = deadline;
    return deadline;
  }

  #turnEnded(): void {
    const now = this.#clock.now();
    let earliest = Infinity;
    for (const deadline of this.#fresh) {
      deadline.time = now + deadline.lifetime;
      earliest = Math.min(earliest, deadline.time);
    }
    this.#fresh = [];
    this.#latest = undefined;
    this.#schedule(earliest);
  }

  #schedule(deadline: number): void {
    if (deadline !== Infinity) this.#wakeUp.at(Math.max(deadline, this.#notBefore));
  }
}
