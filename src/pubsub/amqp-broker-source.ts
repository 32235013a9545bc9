import { MessagingError, PubSubError, StateError, asError } from '../errors.js';
import type { Delivery } from '../messenger/incoming/delivery.js';
import type { Subscription } from '../messenger/incoming/subscription.js';
import type { SubscribeOptions } from '../messenger/options/subscribe-options.js';
import { ClientQueue } from '../queue/client-queue.js';
import { pause } from '../wait.js';
import type { AmqpBrokerContext } from './amqp-broker-context.js';
import type { AmqpSource } from './amqp-broker-peer.js';
import { Backoff } from './backoff.js';

/** The terms of a source, besides its node. */
export interface SourceTerms {
  readonly selector: string | undefined;
  /** The credit: the most messages that may be here without an outcome. */
  readonly credit: number;
}

/** The peer may take so long to close a subscription, in milliseconds. */
const CLOSE_TIMEOUT = 5000;

/** The delay before a lost source is opened again. */
const REOPENING: Backoff = new Backoff({ delay: 500, maxDelay: 30_000 });

/**
 * A node of the peer, which is made if need be, and a subscription to it. When the peer ends the subscription, the
 * source opens it again until it is closed from here.
 */
export class AmqpBrokerSource {
  /** Settles when the subscription is open for the first time, or cannot be opened. */
  readonly ready: Promise<void>;
  readonly #source: AmqpSource;
  readonly #terms: SourceTerms;
  readonly #name: string;
  readonly #context: AmqpBrokerContext;
  readonly #received = new ClientQueue<Delivery>();
  readonly #ending = new AbortController();
  readonly #running: Promise<void>;
  #subscription: Subscription | undefined;
  #stream: AsyncIterable<Delivery> | undefined;
  #isOpened = false;

  /** @param name A name for the link that no other has. */
  constructor(source: AmqpSource, terms: SourceTerms, name: string, context: AmqpBrokerContext) {
    this.#source = source;
    this.#terms = terms;
    this.#name = name;
    this.#context = context;
    this.ready = this.#open();
    this.#running = this.ready.then(
      () => this.#run(),
      // `ready` rejects with the error, too.
      (error: unknown) => (this.#isEnding() ? undefined : context.health.ails(this, asError(error))),
    );
  }

  /** The name by which the peer knows the subscription, if it does: a connection has one link of that name. */
  get sharedName(): string | undefined {
    return this.#source.name;
  }

  /** The next message, or `null` when the source has ended, or nobody waits any more. */
  async next(signal: AbortSignal): Promise<Delivery | null> {
    let delivery: Delivery | null;
    try {
      delivery = await this.#received.pull({ signal });
    } catch {
      return null; // there is no other reason than the signal
    }
    if (delivery === null || !signal.aborted) return delivery;
    // The worker was ended after the queue had served it.
    if (this.#received.isStopped) delivery.release();
    else this.#received.push(delivery);
    return null;
  }

  /**
   * Ends the source. Messages that were received and not given out go back to the peer; a durable subscription stays
   * there.
   */
  async close(): Promise<void> {
    this.#ending.abort(new StateError('The subscription has ended.'));
    this.#context.health.recovers(this);
    this.#received.stop();
    for (let left = this.#received.tryPull(); left !== undefined; left = this.#received.tryPull()) left.release();
    // When the peer is gone it cannot be told. The broker tells its own listeners, and can do no more.
    await this.#subscription?.close({ timeout: CLOSE_TIMEOUT }).catch(this.#tell);
    await this.#running;
    if (this.#isOpened) await this.#source.remove?.(this.#context.manage).catch(this.#tell);
  }

  readonly #tell = (thrown: unknown): void => {
    this.#context.report.failed(thrown instanceof PubSubError ? thrown : notRemoved(this.#source.address, thrown));
  };

  async #open(): Promise<void> {
    await this.#source.prepare?.(this.#context.manage);
    if (this.#ending.signal.aborted) throw asError(this.#ending.signal.reason);
    const { messenger } = this.#context;
    const { signal } = this.#ending;
    this.#subscription = subscribeTo(this.#source, this.#context, { ...this.#terms, name: this.#name });
    // Before anything can come: what comes while nobody reads it goes another way.
    this.#stream = messenger.receive({ subscription: this.#subscription, signal });
    await this.#subscription.ready();
    this.#isOpened = true;
  }

  async #run(): Promise<void> {
    for (let failures = 0; !this.#isEnding(); failures++) {
      try {
        if (failures > 0) {
          const limits = { timeout: REOPENING.delayAfter(failures), signal: this.#ending.signal };
          await pause(this.#context.clock, limits);
          await this.#open();
          failures = 0;
          this.#context.health.recovers(this);
        }
        await this.#read();
      } catch (error) {
        if (this.#isEnding()) return;
        const failure = lost(this.#source.address, error);
        this.#context.report.failed(failure);
        this.#context.health.ails(this, failure);
      }
    }
  }

  #isEnding(): boolean {
    return this.#ending.signal.aborted;
  }

  async #read(): Promise<void> {
    for await (const delivery of this.#stream ?? []) {
      if (this.#received.isStopped) delivery.release();
      else this.#received.push(delivery);
    }
  }
}

/** Subscribes to a node. The name of the source, if it has one, counts before that of the options. */
export function subscribeTo(source: AmqpSource, context: AmqpBrokerContext, options: SubscribeOptions): Subscription {
  const { address, name = options.name, durable, shared, capabilities } = source;
  return context.messenger.subscribe(context.addressOf(address), { ...options, name, durable, shared, capabilities });
}

function notRemoved(address: string, thrown: unknown): PubSubError {
  const cause = asError(thrown);
  return new PubSubError(`The subscription to ${address} has ended here, but not at the peer. ${cause.message}`, {
    cause,
  });
}

function lost(address: string, thrown: unknown): PubSubError {
  const cause = asError(thrown);
  const condition = cause instanceof MessagingError ? cause.condition : undefined;
  return new PubSubError(`Nothing comes from ${address} any more; it is tried again. ${cause.message}`, {
    cause,
    condition,
  });
}
