import { inspectAs } from '../inspect.js';

/** The state of a subscription. */
export type SubscriptionState = 'opening' | 'open' | 'failed' | 'closed';

/** The states that may follow each state. */
const NEXT: Readonly<Record<SubscriptionState, readonly SubscriptionState[]>> = {
  opening: ['open', 'failed', 'closed'],
  open: ['failed', 'closed'],
  failed: ['closed'],
  closed: [],
};

/** An attached subscriber, as a class that extends `Broker` returns it. */
export interface Attachment {
  /** Settles when the subscriber is attached, or cannot be. Left out: it is attached already. */
  readonly ready?: Promise<void> | undefined;
  /** Detaches it: no handler begins any more, and those that run are waited for. Called once. */
  detach(): void | Promise<void>;
}

/** A subscription to the messages of one type. It ends with `unsubscribe`, with `using`, or with its broker. */
export class Subscription implements Disposable, AsyncDisposable {
  static {
    inspectAs(this, (shown) => `Subscription { ${shown.name}, ${shown.#state} }`);
  }

  #state: SubscriptionState;
  #error: Error | undefined;
  readonly #ready: Promise<void>;
  readonly #attachment: Attachment;
  readonly #whenClosed: (subscription: Subscription) => void;
  #closing: Promise<void> | undefined;

  /** @internal */
  constructor(
    /** Tells it from others of its broker, in errors for instance. */
    readonly name: string,
    /** The name of the type of messages. */
    readonly messageName: string,
    /** The queue it works off, such as `mails` or `mails~2`; `undefined` for one of `subscribe`. */
    readonly queueName: string | undefined,
    attachment: Attachment,
    whenClosed: (subscription: Subscription) => void,
  ) {
    this.#attachment = attachment;
    this.#whenClosed = whenClosed;
    this.#state = attachment.ready === undefined ? 'open' : 'opening';
    this.#ready = attachment.ready ?? Promise.resolve();
    this.#ready.then(
      () => void this.#become('open'),
      (error: unknown) => {
        if (error instanceof Error && this.#become('failed')) this.#error = error;
      },
    );
  }

  /** The state of the subscription. It stays `open` while a lost connection is being opened again. */
  get state(): SubscriptionState {
    return this.#state;
  }

  /** True when the subscription has ended. */
  get closed(): boolean {
    return this.#state === 'closed';
  }

  /** Why it failed. */
  get error(): Error | undefined {
    return this.#error;
  }

  /** Waits until messages reach it. Rejects with why they cannot. May be called any number of times. */
  async ready(): Promise<this> {
    await this.#ready;
    return this;
  }

  /**
   * Ends the subscription. No handler begins after this call; it resolves when those that run are done, so a handler
   * must not wait for the end of its own subscription. The queue of `subscribeAsync` stays, and goes on to collect
   * messages. Calling it again waits for the same end.
   */
  unsubscribe(): Promise<void> {
    if (this.#closing !== undefined) return this.#closing;
    this.#become('closed');
    this.#whenClosed(this);
    this.#closing = this.#detach();
    return this.#closing;
  }

  /** Ends it at the end of a `using` block, without waiting for handlers that run. */
  [Symbol.dispose](): void {
    this.unsubscribe().catch(() => undefined); // whoever wants to know calls unsubscribe
  }

  /** Ends it at the end of an `await using` block. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.unsubscribe();
  }

  async #detach(): Promise<void> {
    await this.#attachment.detach();
  }

  #become(state: SubscriptionState): boolean {
    if (!NEXT[this.#state].includes(state)) return false;
    this.#state = state;
    return true;
  }
}
