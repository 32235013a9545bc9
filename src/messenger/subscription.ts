import { inspectAs } from '../inspect.js';
import type { MessagingError } from '../errors.js';

/** Where a subscription stands. */
export type SubscriptionState = 'opening' | 'open' | 'failed' | 'closed';

/** A source of messages: an address that is received from, or one that is listened on. */
export class Subscription {
  static {
    inspectAs(this, (shown) => `Subscription { ${shown.source}, ${shown.#state} }`);
  }

  #state: SubscriptionState = 'opening';
  #address: string | undefined;
  #port: number | undefined;
  #error: MessagingError | undefined;
  #whenReady: { resolve: () => void; reject: (error: Error) => void }[] = [];

  constructor(
    /** What was subscribed to, without credentials. */
    readonly source: string,
  ) {}

  /** Where it stands. A lost connection that is being opened again leaves it `open`. */
  get state(): SubscriptionState {
    return this.#state;
  }

  /** The address of the source, as the peer has told it: needed for a dynamic source. `undefined` until it is known. */
  get address(): string | undefined {
    return this.#address;
  }

  /** The port that is listened on, for a `~` address; useful with port 0. `undefined` until it is known. */
  get port(): number | undefined {
    return this.#port;
  }

  /** Why it failed. */
  get error(): MessagingError | undefined {
    return this.#error;
  }

  /** Waits until it is attached or listening. Rejects with why it failed. May be called any number of times. */
  ready(): Promise<this> {
    if (this.#state === 'open') return Promise.resolve(this);
    if (this.#error !== undefined) return Promise.reject(this.#error);
    return new Promise((resolve, reject) => this.#whenReady.push({ resolve: () => resolve(this), reject }));
  }

  /** @internal */
  opened(address: string | undefined, port?: number): void {
    if (this.#state === 'failed' || this.#state === 'closed') return;
    this.#state = 'open';
    this.#address = address ?? this.#address;
    this.#port = port ?? this.#port;
    for (const { resolve } of this.#whenReady.splice(0)) resolve();
  }

  /** @internal */
  ended(state: 'failed' | 'closed', error: MessagingError): void {
    if (this.#state === 'failed' || this.#state === 'closed') return;
    this.#state = state;
    this.#error = error;
    for (const { reject } of this.#whenReady.splice(0)) reject(error);
  }
}
