import type { Clock } from '../../clock.js';
import type { IncomingDelivery } from '../../queue/incoming-delivery.js';
import { RingBuffer } from '../../queue/ring-buffer.js';
import { WaiterLine } from '../../queue/waiter-line.js';
import type { Settle } from '../../wait.js';

/**
 * Received deliveries that wait to be taken, in order. A withdrawn delivery keeps its slot in the ring and is skipped,
 * so withdrawing takes constant time.
 */
export class DeliveryQueue {
  #ring = new RingBuffer<IncomingDelivery>();
  readonly #takers: WaiterLine<IncomingDelivery>;
  /** The waits for a delivery that take none. */
  #watchers: Settle<true>[] = [];
  #size = 0;
  #bytes = 0;

  constructor(clock: Clock) {
    this.#takers = new WaiterLine(clock);
  }

  /** The number of waiting deliveries. */
  get size(): number {
    return this.#size;
  }

  /** The size of the waiting deliveries, in encoded bytes. */
  get bytes(): number {
    return this.#bytes;
  }

  /** True if no delivery waits. */
  get isEmpty(): boolean {
    return this.#size === 0;
  }

  /** Adds a delivery, or hands it to the `next` that has waited longest. */
  push(delivery: IncomingDelivery): void {
    if (this.#takers.size > 0 && this.#takers.serve(delivery)) delivery.leaveQueue();
    else this.#add(delivery);
  }

  /** Settles a wait when a delivery waits. Returns a function that cancels it. */
  watch(settle: Settle<true>): () => void {
    this.#watchers.push(settle);
    return () => (this.#watchers = this.#watchers.filter((watcher) => watcher !== settle));
  }

  /** True if a call waits for a delivery without taking one. */
  get isWatched(): boolean {
    return this.#watchers.length > 0;
  }

  /** Rejects the watching waits, because no delivery can come any more. */
  fail(error: Error): void {
    for (const watcher of this.#watchers.splice(0)) watcher.reject(error);
  }

  /** Takes the oldest delivery; `undefined` when there is none. */
  shift(): IncomingDelivery | undefined {
    while (this.#size > 0) {
      const delivery = this.#ring.shift();
      if (delivery?.isQueued !== true) continue;
      this.#leave(delivery);
      return delivery;
    }
    return undefined;
  }

  /** Takes the oldest delivery, or waits for one. Rejects with the signal's reason. */
  async next(signal: AbortSignal): Promise<IncomingDelivery> {
    return this.shift() ?? this.#takers.wait({ signal }, () => '');
  }

  /** Removes a delivery at any position. Does nothing when it has left. */
  withdraw(delivery: IncomingDelivery): void {
    if (!delivery.isQueued) return;
    this.#leave(delivery);
    if (this.#size === 0 || this.#ring.size > 2 * this.#size + 1024) this.#closeUp();
  }

  /** Moves the deliveries for which `belongs` returns true to another queue. Both keep the order. */
  moveTo(other: DeliveryQueue, belongs: (delivery: IncomingDelivery) => boolean): void {
    const deliveries = this.#ring.drain();
    this.#size = this.#bytes = 0;
    for (const delivery of deliveries) {
      if (!delivery.isQueued) continue;
      if (belongs(delivery)) other.push(delivery);
      else this.#add(delivery);
    }
  }

  #add(delivery: IncomingDelivery): void {
    this.#size++;
    this.#bytes += delivery.size;
    this.#ring.push(delivery);
    if (this.#watchers.length > 0) for (const watcher of this.#watchers.splice(0)) watcher.resolve(true);
  }

  #leave(delivery: IncomingDelivery): void {
    this.#size--;
    this.#bytes -= delivery.size;
    delivery.leaveQueue();
  }

  #closeUp(): void {
    const ring = new RingBuffer<IncomingDelivery>();
    for (const delivery of this.#ring) if (delivery.isQueued) ring.push(delivery);
    this.#ring = ring;
  }
}
