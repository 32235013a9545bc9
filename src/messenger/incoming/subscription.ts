import { inspectAs } from '../../inspect.js';
import { OptionError } from '../../errors.js';
import type { MessagingError } from '../../errors.js';
import { MAX_CREDIT } from '../options/option-checks.js';
import type { WaitOptions } from '../options/options.js';
import type { Settle } from '../../wait.js';

/** The state of a subscription. */
export type SubscriptionState = 'opening' | 'open' | 'failed' | 'closed';

/** The owner of the subscriptions of a messenger. */
export interface SubscriptionOwner {
  /** Ends a subscription. With `keep`, a durable subscription stays at the peer. */
  endSubscription(subscription: Subscription, keep: boolean, options: WaitOptions): Promise<void>;
  /** Issues extra credit to the peers of a subscription. */
  grant(subscription: Subscription, credit: number): void;
  /** Waits, within the limits of a call. */
  wait<Value>(options: WaitOptions, onTimeout: string, start: (settle: Settle<Value>) => () => void): Promise<Value>;
}

/** A source of messages: an address to receive from, or one to listen on. */
export class Subscription {
  static {
    inspectAs(this, (shown) => `Subscription { ${shown.source}, ${shown.#state} }`);
  }

  #state: SubscriptionState = 'opening';
  /** True if a link is attached or a port is open now. */
  #isAttached = false;
  #address: string | undefined;
  #port: number | undefined;
  #error: MessagingError | undefined;
  #node: string | undefined;
  readonly #owner: SubscriptionOwner;
  #whenReady: Settle<this>[] = [];

  /** @internal */
  constructor(
    /** The subscribed address, without credentials. */
    readonly source: string,
    owner: SubscriptionOwner,
  ) {
    this.#owner = owner;
  }

  /** The state of the subscription. It stays `open` while a lost connection is opened again. */
  get state(): SubscriptionState {
    return this.#state;
  }

  /**
   * The address of the source, as told by the peer. It is needed for a dynamic source. `undefined` until it is known.
   */
  get address(): string | undefined {
    return this.#address;
  }

  /** The listening port, for a `~` address; useful with port 0. `undefined` until it is known. */
  get port(): number | undefined {
    return this.#port;
  }

  /** The error, if the subscription has failed. */
  get error(): MessagingError | undefined {
    return this.#error;
  }

  /**
   * Waits until the subscription is attached or listens, again after a lost connection. Rejects with the error of the
   * subscription. May be called any number of times.
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
   * Ends the subscription for good. The peer deletes it, even a durable one, and delivers messages without an outcome
   * to others. Its messages in `incoming` are removed. A listening port is closed with its connections. Calling it
   * again does nothing.
   *
   * @param options By default there is no time limit. A durable subscription whose connection is lost waits for the
   * next connection.
   * @throws TimeoutError when the peer has not answered in time.
   */
  async unsubscribe(options: WaitOptions = {}): Promise<void> {
    await this.#owner.endSubscription(this, false, options);
  }

  /** As `unsubscribe`, but a durable subscription stays at the peer and collects messages (AMQP 1.0 §2.6.4). */
  async close(options: WaitOptions = {}): Promise<void> {
    await this.#owner.endSubscription(this, true, options);
  }

  /**
   * Issues credit besides that of `recv` and of the option `credit`. With `credit: 0` or `recv(-2)` it is the only
   * credit. Unused credit is issued again after a lost connection. With an address to listen on, each connected peer
   * that sends gets this number.
   *
   * @throws OptionError when it is not a whole number from 1 up.
   */
  grant(credit: number): void {
    if (!Number.isInteger(credit) || credit < 1 || credit > MAX_CREDIT) {
      throw new OptionError(`grant() takes a whole number from 1 to ${MAX_CREDIT}.`);
    }
    this.#owner.grant(this, credit);
  }

  /** The name of the node at the peer, which other clients of the same broker can use. @internal */
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

  /** The connection is lost or closed. @internal */
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
