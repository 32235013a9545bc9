import { TimeoutError } from '../errors.js';
import { DeadlineHeap } from '../queue/deadline-heap.js';
import { SYSTEM_QUEUE_CLOCK, lifetimeOf } from '../queue/expiry.js';
import type { Expirable, QueueClock } from '../queue/expiry.js';
import type { OutgoingDelivery } from '../queue/outgoing-delivery.js';
import { WakeUp } from '../queue/wake-up.js';
import type { Destination } from './destination.js';

interface Expiring {
  readonly deadline: number;
  readonly delivery: OutgoingDelivery;
  readonly destination: Destination;
}

/** Ends messages whose `expiryTime` or `ttl` runs out while they are queued. Those without either cost nothing. */
export class OutgoingExpiry {
  readonly #clock: QueueClock;
  readonly #heap = new DeadlineHeap<Expiring>();
  readonly #wakeUp: WakeUp<OutgoingExpiry>;

  constructor(clock: QueueClock = SYSTEM_QUEUE_CLOCK) {
    this.#clock = clock;
    this.#wakeUp = new WakeUp<OutgoingExpiry>(clock, this, (expiry) => expiry.#expire());
  }

  /** How many milliseconds a message has left. Throws `OptionError` for a time that is none. */
  lifetimeOf(message: Expirable): number {
    return lifetimeOf(message, this.#clock);
  }

  /** Watches a message that has been queued. */
  add(delivery: OutgoingDelivery, destination: Destination, lifetime: number): void {
    if (lifetime === Infinity) return;
    this.#heap.push({ deadline: this.#clock.now() + lifetime, delivery, destination });
    this.#schedule();
  }

  /** Watches nothing any more. */
  stop(): void {
    this.#heap.clear();
    this.#wakeUp.cancel();
  }

  #expire(): void {
    const now = this.#clock.now();
    for (let next = this.#heap.peek(); next !== undefined && next.deadline <= now; next = this.#heap.peek()) {
      this.#heap.pop();
      const { delivery, destination } = next;
      // What the peer may have is the peer's to expire.
      if (delivery.status !== 'pending' || delivery.isSent) continue;
      delivery.finish('expired', new TimeoutError('The message expired before the peer took it.'));
      destination.link?.messageEnded();
    }
    this.#schedule();
  }

  #schedule(): void {
    const next = this.#heap.peek();
    if (next !== undefined) this.#wakeUp.at(next.deadline);
  }
}
