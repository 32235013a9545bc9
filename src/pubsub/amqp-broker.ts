import { SYSTEM_CLOCK } from '../clock.js';
import type { Clock } from '../clock.js';
import { MessagingError, OptionError, PubSubError, QueueFullError } from '../errors.js';
import { parseAddress } from '../address/address.js';
import { redact } from '../address/redact.js';
import type { Message as AmqpMessage, Properties } from '../message/message.js';
import type { Delivery } from '../messenger/incoming/delivery.js';
import { Messenger } from '../messenger/messenger.js';
import type { MessengerOptions } from '../messenger/options/options.js';
import type { MessengerStats } from '../messenger/stats.js';
import type { Tracker } from '../queue/tracker.js';
import { toAmqp } from './amqp-broker-codec.js';
import { AmqpBrokerContext } from './amqp-broker-context.js';
import { deliverDirect, deliverQueued } from './amqp-broker-delivery.js';
import { Management } from './amqp-broker-management.js';
import type { AmqpPeer } from './amqp-broker-peer.js';
import { peerOf } from './amqp-broker-peers.js';
import type { AmqpPeerName } from './amqp-broker-peers.js';
import { subscribeTo } from './amqp-broker-source.js';
import type { AmqpBrokerSource } from './amqp-broker-source.js';
import { AmqpBrokerSources } from './amqp-broker-sources.js';
import { Broker } from './broker.js';
import { enclose } from './envelope.js';
import type { Health } from './health.js';
import type { Message } from './message.js';
import { TopologyError } from './errors.js';
import { checkNames } from '../check-options.js';
import { DEFAULT_DEAD_LETTER } from './options.js';
import type { PublishOptions } from './options.js';
import type { DirectSubscriber, QueueSubscriber } from './subscriber.js';
import type { Attachment } from './subscription.js';

/** The options of an `AmqpBroker`. */
export interface AmqpBrokerOptions {
  /** The address of the peer: `amqps://user:password@host:port`. */
  url: string;
  /** The kind of the peer, or an object that describes one. */
  peer: AmqpPeerName | AmqpPeer;
  /** The options of the connection: TLS, SASL, reconnecting and so on. */
  connection?: AmqpBrokerConnection | undefined;
  /**
   * Makes the application properties of a published message, which selectors can read. Default none. When it throws,
   * `publish` rejects with.
   */
  properties?: ((message: Message) => Properties) | undefined;
  /** The source of the time for back-offs. Default the clocks of the machine. */
  clock?: Clock | undefined;
}

/** A look at an `AmqpBroker`. */
export interface AmqpBrokerStats {
  /** Messages that were published and that the peer has not said anything of yet. */
  readonly publishing: number;
  /** The number of subscriptions in each state. */
  readonly subscriptions: Readonly<Record<'opening' | 'open' | 'failed', number>>;
  /** The counters of the messenger that the broker uses. They count messages of every type. */
  readonly messenger: MessengerStats;
}

/** The options of a `Messenger` that a broker leaves to its user. */
export type AmqpBrokerConnection = Omit<
  MessengerOptions,
  | 'incomingWindow'
  | 'outgoingWindow'
  | 'blocking'
  | 'passive'
  | 'closeIdleAfter'
  | 'senderSettleMode'
  | 'receiverSettleMode'
  | 'capabilities'
>;

const OPTIONS = ['url', 'peer', 'connection', 'properties', 'clock'];

/** The credit of a source for a subscription of `subscribe`. */
const DIRECT_CREDIT = 100;

/** Any value above 0: each published message is known until the peer has it. */
const OUTGOING_WINDOW = 1024;

/**
 * A broker on an AMQP 1.0 peer, for as many processes and machines as the peer reaches. `publish` resolves when the peer
 * has the message. A subscription of `subscribe` gets what is published while it is attached, in each process;
 * those of `subscribeAsync` with one queue name share a queue that the peer keeps. Messages of a queue are delivered at
 * least once: a handler may see one again after a lost connection.
 */
export class AmqpBroker extends Broker {
  readonly #context: AmqpBrokerContext;
  readonly #properties: AmqpBrokerOptions['properties'];
  readonly #sources: AmqpBrokerSources;
  /** The publications that `close` waits for. */
  readonly #publishing = new Set<Promise<void>>();

  /** @throws OptionError for an option that is unknown or cannot be; AddressError for an invalid URL. */
  constructor(options: AmqpBrokerOptions) {
    checkNames('an AmqpBroker', options, OPTIONS);
    const { url, peer, connection = {}, properties, clock = SYSTEM_CLOCK } = options;
    super(clock);
    const { host, name, passive } = parseAddress(url);
    if (host === undefined || passive || (name !== undefined && name !== '')) {
      throw new OptionError('Option url must be the address of a host, such as amqp://broker.example.com:5672.');
    }
    const base = url.replace(/\/$/, '');
    const kind = peerOf(peer);
    const { capabilities = [] } = kind;
    const windows = { outgoingWindow: OUTGOING_WINDOW, incomingWindow: -1 };
    const messenger = new Messenger({ ...connection, capabilities, ...windows });
    const management = new Management(base, kind.managementNode, connection);
    this.#properties = properties;
    this.#context = new AmqpBrokerContext(base, kind, messenger, management, clock, this.report);
    this.#sources = new AmqpBrokerSources(this.#context);
    messenger.on('connection', (change) => {
      this.#context.health.changed(change);
      this.connectionChanged(change);
    });
  }

  /**
   * The health of the broker, for a probe that asks whether a process is alive and ready. It is `up` before the broker
   * needs a connection, and `down` while the broker connects. A handler that fails does not change it.
   */
  health(): Health {
    return this.#context.health.health;
  }

  /** A look at it: what is on its way, how its subscriptions stand, and what the messenger that it uses counts. */
  stats(): AmqpBrokerStats {
    const states = { opening: 0, open: 0, failed: 0 };
    for (const { state } of this.subscriptions) if (state !== 'closed') states[state]++;
    return { publishing: this.#publishing.size, subscriptions: states, messenger: this.#context.messenger.stats() };
  }

  protected override deliver(message: Message, name: string, options: PublishOptions): Promise<void> {
    return track(this.#publishing, this.#publish(message, name, options));
  }

  protected override attach(subscriber: DirectSubscriber): Attachment {
    const { messageName, name, selector, isNamed } = subscriber;
    const node = this.#context.peer.direct(messageName, isNamed ? name : undefined);
    const source = this.#sources.open({ messageName, node, selector, credit: DIRECT_CREDIT });
    const ending = new AbortController();
    const worker = work(source, ending.signal, (delivery) => deliverDirect(subscriber, delivery, this.#context));
    return {
      ready: source.ready,
      detach: async () => {
        ending.abort();
        await worker;
        await source.close();
      },
    };
  }

  protected override attachQueue(subscriber: QueueSubscriber): Attachment {
    const { messageName, selector, signal, work: settings } = subscriber;
    const { queueName, concurrency, deadLetter } = settings;
    const node = this.#context.peer.queue(messageName, queueName, deadLetter);
    const source = this.#sources.share({ messageName, node, selector, credit: concurrency });
    const workers = Array.from({ length: concurrency }, () =>
      work(source, signal, (delivery) => deliverQueued(subscriber, delivery, this.#context)),
    );
    return {
      ready: source.ready,
      detach: async () => {
        await Promise.all(workers);
        await this.#sources.release(source);
      },
    };
  }

  protected override async removeQueue(messageName: string, queueName: string): Promise<void> {
    const node = this.#context.peer.queue(messageName, queueName, DEFAULT_DEAD_LETTER);
    if (node.delete !== undefined) {
      await node.delete(this.#context.manage);
    } else if (node.durable === true) {
      const subscription = subscribeTo(node, this.#context, { credit: 0 });
      await (await subscription.ready()).unsubscribe();
    } else {
      throw new TopologyError(`This peer cannot delete ${node.address} over AMQP 1.0. Use its own tools.`);
    }
  }

  /** Queues stay at the peer; but what is being published is on its way there. */
  protected override async drained(): Promise<void> {
    await Promise.allSettled(this.#publishing);
  }

  protected override async end(): Promise<void> {
    this.#context.health.closed();
    await this.#context.messenger.close();
  }

  async #publish(message: Message, name: string, options: PublishOptions): Promise<void> {
    // Every subscription made here before this call gets the message.
    await this.#sources.opened(name);
    const envelope = enclose(message, name, options, this.#context.clock.wallNow());
    const { ttl } = options;
    const address = this.#context.addressOf(this.#context.peer.addressOf(name));
    const tracker = await this.#put({
      ...toAmqp(envelope, ttl),
      ...(this.#properties === undefined ? {} : { properties: this.#properties(message) }),
      address,
    });
    const status = await tracker.outcome();
    if (status === 'accepted' || (status === 'released' && this.#context.peer.releasesUnrouted)) return;
    const { error } = tracker;
    throw new PubSubError(`${redact(address)} has not taken "${name}": ${status}. ${error?.message ?? ''}`, {
      cause: error,
      condition: error instanceof MessagingError ? error.condition : undefined,
    });
  }

  /** Puts a message as soon as there is room. */
  async #put(message: AmqpMessage): Promise<Tracker> {
    for (;;) {
      try {
        return this.#context.messenger.put(message);
      } catch (error) {
        if (!(error instanceof QueueFullError)) throw error;
        await this.#context.messenger.ready();
      }
    }
  }
}

/** Handles what comes, one after the other, until the signal is aborted or the source has ended. */
async function work(
  source: AmqpBrokerSource,
  signal: AbortSignal,
  handle: (delivery: Delivery) => Promise<void>,
): Promise<void> {
  for (let next = await source.next(signal); next !== null; next = await source.next(signal)) await handle(next);
}

/** Keeps a promise in a set while it is pending. */
function track<Result>(pending: Set<Promise<Result>>, promise: Promise<Result>): Promise<Result> {
  pending.add(promise);
  const forget = (): void => void pending.delete(promise);
  promise.then(forget, forget);
  return promise;
}
