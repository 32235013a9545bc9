import { inspectAs } from '../../inspect.js';
import { OptionError } from '../../errors.js';
import type { MessagingError } from '../../errors.js';
import { MAX_CREDIT } from '../options/option-checks.js';
import type { WaitOptions } from '../options/options.js';
import type { Settle } from '../../wait.js';

/** Where a subscription stands. */
export type SubscriptionState = 'opening' | 'open' | 'failed' | 'closed';

/** The incoming side of a messenger, as its subscriptions see it. */
export interface SubscriptionOwner {
  /** Ends a subscription; with `keep`, what is durable at the peer stays. */
  endSubscription(subscription: Subscription, keep: boolean, options: WaitOptions): Promise<void>;
  /** Lets the peers of a subscription send so many more. */
  grant(subscription: Subscription, credit: number): void;
  /** Waits, within the limits of a call. */
  wait<Value>(options: WaitOptions, onTimeout: string, start: (settle: Settle<Value>) => () => void): Promise<Value>;
}

/** A source of messages: an address that is received from, or one that is listened on. */
export class Subscription {
  static {
    inspectAs(this, (shown) => `Subscription { ${shown.source}, ${shown.#state} }`);
  }

  #state: SubscriptionState = 'opening';
  /** Whether there is a link now, or a port. */
  #isAttached = false;
  #address: string | undefined;
  #port: number | undefined;
  #error: MessagingError | undefined;
  #node: string | undefined;
  readonly #owner: SubscriptionOwner;
  #whenReady: Settle<this>[] = [];

  /** @internal */
  constructor(
    /** What was subscribed to, without credentials. */
    readonly source: string,
    owner: SubscriptionOwner,
  ) {
    this.#owner = owner;
  }

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

  /**
   * Waits until it is attached or listening, again if its connection was lost. Rejects with why it failed. May be called
   * any number of times.
   *
   * @param options By default there is no time limit.
   * @throws TimeoutError when the peer has not answered in time.
   */
  ready(options: WaitOptions = {}): Promise<this> {
    if (this.#isAttached) return Promise.resolve(this);
    if (this.#error !== undefined) return Promise.reject(this.#error);
    const onTimeout = 'The peer has not answered whether the subscription is open.';
    return this.#owner.wait<this>(options, onTimeout, (settle) => {
      this.#whenReady.push(settle);
      return () => (this.#whenReady = this.#whenReady.filter((other) => other !== settle));
    });
  }

  /**
   * Ends it for good: the peer forgets it, a durable one too, and gives what has no outcome to others. What of it waits
   * in `incoming` is taken out. A port is listened on no longer, and the connections that came by it are closed. Calling
   * it again does nothing.
   *
   * @param options By default there is no time limit. A durable subscription whose connection is lost waits for the next.
   * @throws TimeoutError when the peer has not answered in time.
   */
  async unsubscribe(options: WaitOptions = {}): Promise<void> {
    await this.#owner.endSubscription(this, false, options);
  }

  /** As `unsubscribe`, but a durable subscription stays at the peer and gathers messages (AMQP 1.0 §2.6.4). */
  async close(options: WaitOptions = {}): Promise<void> {
    await this.#owner.endSubscription(this, true, options);
  }

  /**
   * Lets the peer send this many more, besides what `recv` and `credit` grant: with `credit: 0` or `recv(-2)`, all that it
   * may send. What it has not used is granted again after a lost connection. With an address to listen on, each peer that
   * sends now gets as much.
   *
   * @throws OptionError when it is not a whole number from 1 up.
   */
  grant(credit: number): void {
    if (!Number.isInteger(credit) || credit < 1 || credit > MAX_CREDIT) {
      throw new OptionError(`grant() takes a whole number from 1 to ${MAX_CREDIT}.`);
    }
    this.#owner.grant(this, credit);
  }

  /** The name of the node as the peer knows it: what peers of the same broker answer to. @internal */
  get node(): string | undefined {
    return this.#node;
  }

  /** @internal */
  opened(address: string | undefined, node: string | undefined, port?: number): void {
    if (this.#state === 'failed' || this.#state === 'closed') return;
    this.#state = 'open';
    this.#isAttached = true;
    this.#node = node;
    this.#address = address ?? this.#address;
    this.#port = port ?? this.#port;
    for (const waiting of this.#whenReady.splice(0)) waiting.resolve(this);
  }

  /** Its connection is lost, for now or for good. @internal */
  lost(): void {
    this.#isAttached = false;
  }

  /** @internal */
  ended(state: 'failed' | 'closed', error: MessagingError): void {
    if (this.#state === 'failed' || this.#state === 'closed') return;
    this.#state = state;
    this.#isAttached = false;
    this.#error = error;
    for (const waiting of this.#whenReady.splice(0)) waiting.reject(error);
  }
}
