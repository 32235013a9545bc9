import type { Clock } from '../clock.js';
import type { Output } from '../codec/output.js';
import type { DeliveryOwner } from '../queue/outgoing-delivery.js';
import type { ConsumerLink } from './consumer.js';
import type { MessageLine } from './message-line.js';
import { redeliver } from './redelivery.js';

/** Messages a browser is given before others get their turn. */
const BATCH = 256;

/**
 * Those who look at the messages of a queue without taking them away: distribution-mode `copy` (AMQP 1.0 §3.5.3). Each
 * sees every message that waits once, in order, and then those that come. What they say of them changes nothing.
 */
export class Browsers implements DeliveryOwner {
  readonly #line: MessageLine;
  readonly #output: Output;
  readonly #clock: Clock;
  /** The place of the message each has seen last. */
  readonly #places = new Map<ConsumerLink, number>();

  constructor(
    readonly destination: string,
    line: MessageLine,
    output: Output,
    clock: Clock,
  ) {
    this.#line = line;
    this.#output = output;
    this.#clock = clock;
  }

  /** How many there are. */
  get size(): number {
    return this.#places.size;
  }

  /** Adds one. */
  add(link: ConsumerLink): void {
    this.#places.set(link, -1);
  }

  /** Takes one out. */
  remove(link: ConsumerLink): void {
    this.#places.delete(link);
  }

  /** Gives each what it has not seen, as far as its credit goes. */
  advanceAll(): void {
    for (const link of this.#places.keys()) this.advance(link);
  }

  /** Gives one what it has not seen, as far as its credit goes. */
  advance(link: ConsumerLink): void {
    const place = this.#places.get(link);
    const wanted = Math.min(link.available, BATCH);
    if (place === undefined || wanted <= 0) return;
    const now = this.#clock.now();
    for (const message of this.#line.after(place, wanted)) {
      this.#places.set(link, message.place);
      if (message.deadline <= now) continue;
      const copy = redeliver(this.#output, message, { owner: this, deliveryCount: message.deliveryCount });
      copy.stampTtl(now);
      link.send(copy);
    }
  }

  deliveryEnded(): void {
    // The queue has the message still.
  }
}
