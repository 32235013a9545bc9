import type { OutgoingDelivery } from '../../queue/outgoing-delivery.js';
import { SendError } from './send-error.js';

/** Failed messages that a `SendError` names. Beyond it they are only counted. */
const MAX_NAMED = 100;

/** The messages that were given up, until some `send` has told of them. */
export class GivenUp {
  readonly #named: OutgoingDelivery[] = [];
  #count = 0;

  /** A message was given up. */
  add(delivery: OutgoingDelivery): void {
    this.#count++;
    if (this.#named.length < MAX_NAMED) this.#named.push(delivery);
  }

  /** Somebody has been told of this one already. */
  remove(delivery: OutgoingDelivery): void {
    const index = this.#named.indexOf(delivery);
    if (index < 0) return;
    this.#named.splice(index, 1);
    this.#count--;
  }

  /** Takes over what another list has. */
  take(other: GivenUp): void {
    this.#count += other.#count;
    this.#named.push(...other.#named.splice(0, MAX_NAMED - this.#named.length));
    other.clear();
  }

  /** Whoever gave them up knows. */
  clear(): void {
    this.#count = 0;
    this.#named.length = 0;
  }

  /** Throws what there is to tell, once. */
  throwIfAny(): void {
    if (this.#count === 0) return;
    const named = [...this.#named];
    const what = this.#count === 1 ? 'A message' : `${this.#count} messages`;
    this.clear();
    const reasons = new Set(named.map(({ owner, error }) => `${owner.destination}: ${error?.message ?? ''}`));
    const [first, ...more] = reasons;
    const others = more.length === 0 ? '' : ` And ${more.length} more reasons; see the trackers.`;
    throw new SendError(`${what} could not be sent. ${first ?? ''}${others}`, named);
  }
}
