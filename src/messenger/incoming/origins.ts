import { StateError } from '../../errors.js';
import type { DeliverySource } from '../../queue/incoming-delivery.js';
import type { Subscription } from './subscription.js';

interface Origin {
  readonly subscription: Subscription | undefined;
  readonly wayBack: string | undefined;
}

/** Where deliveries came from, by the link they came over: every link that ever received for a messenger. */
export class Origins {
  readonly #origins = new WeakMap<DeliverySource, Origin>();
  /** The last that was asked for: most messages come over the same link as the one before. */
  #latest: DeliverySource | undefined;
  #latestOrigin: Origin | undefined;

  /** A link is made. `wayBack` is where answers to what comes over it go: an address without a node. */
  add(source: DeliverySource, subscription: Subscription | undefined, wayBack: string | undefined): void {
    this.#origins.set(source, { subscription, wayBack });
  }

  /** Where what comes over a link is from; `undefined` for a link of another messenger. */
  of(source: DeliverySource): Origin | undefined {
    if (source === this.#latest) return this.#latestOrigin;
    const origin = this.#origins.get(source);
    if (origin === undefined) return undefined;
    this.#latest = source;
    this.#latestOrigin = origin;
    return origin;
  }

  /** Where an answer to what came over a link goes: back. Throws `StateError`. */
  answerAddress(source: DeliverySource, replyTo: string): string {
    const base = this.of(source)?.wayBack;
    if (base !== undefined) return `${base}/${replyTo}`;
    throw new StateError('The connection or subscription the message came by is gone, and with it the way back.');
  }
}
