import { TimeoutError } from '../errors.js';
import { Heap } from '../queue/heap.js';
import { SYSTEM_QUEUE_CLOCK, lifetimeOf } from '../queue/expiry.js';
import type { Expirable, QueueClock } from '../queue/expiry.js';
import type { OutgoingDelivery } from '../queue/outgoing-delivery.js';
import { WakeUp } from '../queue/wake-up.js';
import type { Destination } from './destination.js';

/** Messages that are watched, before those that have ended are looked for. */
const SMALLEST = 1024;

interface Expiring {
  readonly deadline: number;
  readonly delivery: OutgoingDelivery;
  readonly destination: Destination;
}

/** Ends messages whose `expiryTime` or `ttl` runs out while they are queued. Those without either cost nothing. */
export class OutgoingExpiry {
  readonly #clock: QueueClock;
  readonly #heap = new Heap<Expiring>(({ deadline }) => deadline);
  /** Their time is over, but a peer may have them. */
  readonly #overdue = new Set<Expiring>();
  /** How many may be watched before those that have ended are looked for. */
  #limit = SMALLEST;
  readonly #wakeUp: WakeUp<OutgoingExpiry>;

  constructor(clock: QueueClock = SYSTEM_QUEUE_CLOCK) {
    this.#clock = clock;
    this.#wakeUp = new WakeUp<OutgoingExpiry>(clock, this, (expiry) => expiry.#expire());
  }

  /** How many messages are watched. */
  get size(): number {
    return this.#heap.size + this.#overdue.size;
  }

  /** How many milliseconds a message has left. Throws `OptionError` for a time that is none. */
  lifetimeOf(message: Expirable): number {
    return lifetimeOf(message, this.#clock);
  }

  /** Watches a message that has been queued. One that has no time left ends at once. */
  add(delivery: OutgoingDelivery, destination: Destination, lifetime: number): void {
    if (lifetime === Infinity) return;
    if (lifetime <= 0) {
      end(delivery, destination);
      return;
    }
    if (this.size >= this.#limit) this.#forgetEnded();
    this.#heap.push({ deadline: this.#clock.now() + lifetime, delivery, destination });
    this.#schedule();
  }

  /** Messages have come back from a peer that did not say what became of them: some may be overdue. */
  cameBack(): void {
    for (const expiring of this.#overdue) {
      const { delivery, destination } = expiring;
      if (delivery.isSent) continue;
      this.#overdue.delete(expiring);
      if (delivery.status === 'pending') end(delivery, destination);
    }
  }

  /** Watches nothing any more. */
  stop(): void {
    this.#heap.clear();
    this.#overdue.clear();
    this.#wakeUp.cancel();
  }

  #expire(): void {
    const now = this.#clock.now();
    for (let next = this.#heap.peek(); next !== undefined && next.deadline <= now; next = this.#heap.peek()) {
      this.#heap.pop();
      if (next.delivery.status !== 'pending') continue;
      // What the peer may have is the peer's to expire, as long as it has it.
      if (next.delivery.isSent) this.#overdue.add(next);
      else end(next.delivery, next.destination);
    }
    this.#schedule();
  }

  /** Most end long before their time, and need not be remembered until then. */
  #forgetEnded(): void {
    this.#heap.keep(isPending);
    for (const expiring of this.#overdue) if (!isPending(expiring)) this.#overdue.delete(expiring);
    this.#limit = Math.max(SMALLEST, this.size * 2);
  }

  #schedule(): void {
    const next = this.#heap.peek();
    if (next !== undefined) this.#wakeUp.at(next.deadline);
  }
}

function isPending({ delivery }: Expiring): boolean {
  return delivery.status === 'pending';
}

function end(delivery: OutgoingDelivery, { link }: Destination): void {
  delivery.finish('expired', new TimeoutError('The message expired before a peer took it.'));
  link?.messageEnded();
}
