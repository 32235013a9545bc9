import type { DeliveryOwner, OutgoingDelivery } from '../queue/outgoing-delivery.js';
import type { ConsumerLink } from './consumer.js';
import type { MessageLine } from './message-line.js';
import type { QueueContext } from './queue-context.js';
import { redeliver } from './redelivery.js';
import { StoredMessage } from './stored-message.js';

/** Messages a browser is given before others get their turn. */
const BATCH = 256;

/**
 * The links that look at the messages of a queue without taking them away: distribution-mode `copy` (AMQP 1.0 §3.5.3). Each
 * sees every message that waits once, in order, and then those that come. The outcomes that it gives them change nothing.
 */
export class Browsers implements DeliveryOwner {
  readonly #line: MessageLine;
  readonly #context: QueueContext;
  /** The place of the message each has seen last. */
  readonly #places = new Map<ConsumerLink, number>();

  constructor(
    readonly destination: string,
    line: MessageLine,
    context: QueueContext,
  ) {
    this.#line = line;
    this.#context = context;
  }

  /** The number of such links. */
  get size(): number {
    return this.#places.size;
  }

  /** Adds one. */
  add(link: ConsumerLink): void {
    this.#places.set(link, -1);
  }

  /** Takes one out, with the copies that it has. */
  remove(link: ConsumerLink): void {
    this.#places.delete(link);
    for (const copy of link.takeAll()) this.deliveryEnded(copy);
  }

  /** Gives each what it has not seen, as far as its credit goes. */
  advanceAll(): void {
    for (const link of this.#places.keys()) this.advance(link);
  }

  /** Gives one what it has not seen, as far as its credit goes. One for which there is no memory is closed. */
  advance(link: ConsumerLink): void {
    const place = this.#places.get(link);
    const wanted = Math.min(link.available, BATCH);
    if (place === undefined || wanted <= 0) return;
    const { clock, output, memory } = this.#context;
    const now = clock.now();
    for (const message of this.#line.after(place, wanted)) {
      const refusal = memory.refusal(message.size);
      if (refusal !== undefined) {
        this.#places.delete(link);
        this.#context.defer(() => link.close(refusal));
        return;
      }
      this.#places.set(link, message.place);
      if (message.deadline <= now) continue;
      const copy = redeliver(output, message, { owner: this, deliveryCount: message.deliveryCount });
      copy.stampTtl(now);
      memory.add(copy);
      link.send(copy);
    }
  }

  /** A copy is dealt with, whatever was said of it: the queue has the message still. */
  deliveryEnded(copy: OutgoingDelivery): void {
    if (copy instanceof StoredMessage) this.#context.memory.remove(copy);
  }
}
