import type { Clock } from '../../clock.js';
import { lifetimeOf } from '../../queue/expiry.js';
import type { Expirable } from '../../queue/expiry.js';
import { TimeoutError } from '../../errors.js';
import type { SenderLink } from '../../link/session/sender-link.js';
import type { Deadline, OutgoingDelivery } from '../../queue/outgoing-delivery.js';
import { WakeUp } from '../../queue/wake-up.js';
import { Destination } from './destination.js';

/** Messages looked at, for each millisecond until the next look: about a tenth of the time goes into looking at most. */
const LOOKED_AT_PER_MS = 2500;

/** The deadline of all messages of one turn that have so many milliseconds. */
interface SharedDeadline extends Deadline {
  readonly lifetime: number;
  /** Never, until the turn ends. */
  time: number;
}

/**
 * Ends messages whose `expiryTime` or `ttl` runs out while they wait to be sent. What a peer may have is the peer's to
 * expire.
 *
 * Nearly every message leaves at once, so none is kept account of: when the earliest deadline comes, all that wait are
 * looked at. With many that is not done for every deadline, and a message may expire late by a millisecond for every
 * 2500 that wait.
 */
export class OutgoingExpiry {
  readonly #links: ReadonlySet<Pick<SenderLink, 'eachQueued'>>;
  readonly #clock: Clock;
  readonly #wakeUp: WakeUp<OutgoingExpiry>;
  /**
   * The deadlines of this turn. Time begins when it ends: nothing can leave or expire before, and to read the clock for
   * every message would cost more than all else here.
   */
  #fresh: SharedDeadline[] = [];
  #latest: SharedDeadline | undefined;
  /** When it may look again. */
  #notBefore = -Infinity;

  /** @param links Where messages wait to be sent. */
  constructor(links: ReadonlySet<Pick<SenderLink, 'eachQueued'>>, clock: Clock) {
    this.#links = links;
    this.#clock = clock;
    this.#wakeUp = new WakeUp<OutgoingExpiry>(clock, this, (expiry) => expiry.look());
  }

  /** How many milliseconds a message has left. Throws `OptionError` for a time that is none. */
  lifetimeOf(message: Expirable): number {
    return lifetimeOf(message, this.#clock);
  }

  /** Sees to a message that has just been queued and has so many milliseconds from the end of this turn on. */
  add(delivery: OutgoingDelivery, lifetime: number): void {
    const latest = this.#latest;
    delivery.expiry = latest?.lifetime === lifetime ? latest : this.#addDeadline(lifetime);
  }

  /** Ends what has no time left, now. Also to be called when messages come back from a peer. */
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

  /** Ends a message that has no time left. */
  expire(delivery: OutgoingDelivery): void {
    Destination.end(delivery, 'expired', new TimeoutError('The message expired before a peer took it.'));
  }

  /** Looks no more, until a message is added. */
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
