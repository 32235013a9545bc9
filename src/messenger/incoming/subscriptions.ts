import { baseOf, parseAddress } from '../../address/address.js';
import type { Address } from '../../address/address.js';
import { connectionKey, resolveEndpoint } from '../../address/endpoint.js';
import { redact } from '../../address/redact.js';
import { LinkError, ListenError, MessagingError, NoSourcesError, OptionError, StateError } from '../../errors.js';
import type { Acceptor } from '../../link/connection/acceptor.js';
import type { LinkRequest } from '../../link/session/link-request.js';
import type { ConnectionPool } from '../../link/connection/pool.js';
import { ReceiverLink } from '../../link/session/receiver-link.js';
import type { ReceiverLinkEvents } from '../../link/session/receiver-link.js';
import { hasCertificate } from '../../link/security/tls.js';
import type { DeliverySource, IncomingDelivery } from '../../queue/incoming-delivery.js';
import { receiverOptions, refusedTerm } from '../options/link-terms.js';
import { Origins } from './origins.js';
import type { Settings } from '../options/settings.js';
import { Source, absolute } from './source.js';
import { NO_TERMS, subscriptionKey } from '../options/subscribe-options.js';
import type { SubscribeOptions } from '../options/subscribe-options.js';
import { Subscription } from './subscription.js';
import type { SubscriptionHost } from './subscription.js';

/** What the sources of messages need from their messenger. */
export interface SourcesHost {
  readonly name: string;
  readonly settings: Settings;
  readonly pool: ConnectionPool;
  /** Makes the listening side for a `~` address. */
  createAcceptor(tls: boolean, subscription: Subscription): Acceptor;
  /** Something failed, whether a call waits for it or not. */
  failed(error: MessagingError): void;
}

/** What becomes of every link that receives, whoever has opened it. */
export interface LinkListener extends SubscriptionHost {
  readonly opened: (link: ReceiverLink, subscription: Subscription | undefined) => void;
  readonly received: (delivery: IncomingDelivery, link: ReceiverLink, subscription: Subscription | undefined) => void;
  /** Deliveries are settled; so many of them have not been got. */
  readonly settled: (link: ReceiverLink, inQueue: number) => void;
  readonly aborted: (link: ReceiverLink) => void;
  readonly drained: (link: ReceiverLink) => void;
  readonly lost: (link: ReceiverLink, aborted: readonly IncomingDelivery[]) => void;
  /** A source is gone: whoever waits has to look whether one is left. */
  readonly sourceLost: () => void;
}

/** Where messages come from: subscriptions, ports that are listened on, and links that peers have opened. */
export class Sources {
  readonly #host: SourcesHost;
  readonly #listener: LinkListener;
  readonly #byKey = new Map<string, Subscription>();
  readonly #sources = new Map<Subscription, Source>();
  readonly #origins = new Origins();
  #links = 0;
  #failure: MessagingError | undefined;
  /** Whether a call has told of the failure: then it is not held against one that waits for something else. */
  #isTold = false;

  constructor(host: SourcesHost, listener: LinkListener) {
    this.#host = host;
    this.#listener = listener;
  }

  /** Starts to receive from an address that has been routed, or to listen on it. Unless `isShared`, by a link of its own. */
  subscribe(routed: string, options: SubscribeOptions, isShared = true): Subscription {
    const address = parseAddress(routed);
    const endpoint = resolveEndpoint(address);
    const terms = subscriptionKey(options);
    // Two dynamic sources are two nodes, and a port that is listened on twice is an error to report.
    const isKnown = isShared && !endpoint.passive && endpoint.name !== '#';
    const key = isKnown
      ? `${connectionKey(endpoint)} ${JSON.stringify(endpoint.name)} ${terms}`
      : this.#host.settings.environment.randomUUID();
    const known = this.#byKey.get(key);
    if (known !== undefined) {
      this.#changeCredit(known, options);
      return known;
    }
    if (endpoint.passive && terms !== NO_TERMS) {
      throw new OptionError(
        'Of what subscribe() takes only credit is for an address to listen on: peers decide the rest.',
      );
    }
    if ([...this.#sources.values()].some((other) => other.hasNameOf(endpoint, options))) {
      throw new StateError(
        `${String(options.name)} is subscribed to at this peer. End that first, or take another name.`,
      );
    }
    const subscription = new Subscription(redact(routed), this.#listener);
    const source = new Source(baseOf(routed), endpoint, { ...options }, key);
    this.#failure = undefined;
    this.#byKey.set(key, subscription);
    this.#sources.set(subscription, source);
    if (endpoint.passive) this.#listen(subscription, source);
    else this.#receive(address, subscription, source);
    return subscription;
  }

  /** Takes a link that a peer wants to send on. `subscription` is what listens, if that is how the peer came. */
  accept(request: LinkRequest, subscription: Subscription | undefined): void {
    this.#links++;
    // What listens outlives the links of its peers.
    const events = this.#events(
      subscription,
      () => undefined,
      () => this.#listener.sourceLost(),
    );
    const address = request.dynamic ? `dynamic-${this.#host.settings.environment.randomUUID()}` : request.address;
    const link = request.receive(address, this.#host.settings.maxMessageSize, events);
    const { peerId } = request;
    this.#origins.add(link, subscription, peerId === undefined ? undefined : `amqp://${peerId}`);
  }

  /**
   * Ends a subscription. Resolves when the peer knows. With `keep`, what is durable there stays.
   * To have a durable one forgotten there must be a link, so without a connection it waits for the next.
   */
  async end(subscription: Subscription, keep: boolean): Promise<void> {
    const source = this.#sources.get(subscription);
    if (source === undefined) return;
    const { link, carrier, acceptor, options } = source;
    if (options.durable === true && !keep && link?.isAttached === false && !link.isClosed) {
      await source.settled();
      if (source.isEnded) return;
      if (subscription.error !== undefined) throw subscription.error;
    }
    source.isEnded = true;
    this.#forget(subscription, source);
    const error = new StateError('The subscription was ended.');
    subscription.ended('closed', error);
    const isGone = acceptor ? this.#host.pool.unlisten(acceptor) : link && carrier?.close(link, { keep });
    link?.closed(error);
    this.#listener.sourceLost();
    await isGone;
    if (acceptor !== undefined) this.#listener.sourceLost();
  }

  /** Whether a subscription is there. */
  isThere(subscription: Subscription): boolean {
    return this.#sources.has(subscription);
  }

  /** The link of a subscription; `undefined` when it listens, so that its links are those of its peers. */
  linkOf(subscription: Subscription): ReceiverLink | undefined {
    return this.#sources.get(subscription)?.link;
  }

  /** What a subscription was asked for; `undefined` when it has ended. */
  optionsOf(subscription: Subscription): SubscribeOptions | undefined {
    return this.#sources.get(subscription)?.options;
  }

  /** Where an answer to what came by a link goes: back. Throws when nobody knows where that is. */
  answerAddress(source: DeliverySource, replyTo: string): string {
    return this.#origins.answerAddress(source, replyTo);
  }

  /** Whether a delivery came over a link of this messenger. */
  has(source: DeliverySource): boolean {
    return this.#origins.of(source) !== undefined;
  }

  /** The subscription a delivery came by. */
  subscriptionOf(source: DeliverySource): Subscription | undefined {
    return this.#origins.of(source)?.subscription;
  }

  /**
   * Why no message can come any more, which whoever asks tells; `undefined` when one may: something listens, a link is
   * there or on its way, or, when no subscription has failed, a connection is there over which a peer may open a link to
   * send an answer.
   */
  tellExhausted(): NoSourcesError | undefined {
    const { pool } = this.#host;
    const failure = this.#failure;
    const isNews = failure !== undefined && !this.#isTold;
    if (pool.isListening || this.#links > 0 || (!isNews && !pool.isIdle)) return undefined;
    this.#isTold = true;
    const reason = failure === undefined ? 'Subscribe to an address first.' : failure.message;
    return new NoSourcesError(`There is nothing to receive from. ${reason}`, {
      cause: failure,
      condition: failure?.condition,
    });
  }

  /** The messenger stops: every subscription ends. */
  stop(): void {
    const error = new StateError('The messenger was stopped.');
    const sources = [...this.#sources];
    this.#byKey.clear();
    this.#sources.clear();
    for (const [subscription, { link }] of sources) {
      subscription.ended('closed', error);
      link?.closed(error);
    }
    this.#failure = undefined;
  }

  #listen(subscription: Subscription, source: Source): void {
    const { pool, settings } = this.#host;
    const { endpoint } = source;
    if (endpoint.tls && !hasCertificate(settings.tls)) {
      const error = new ListenError(
        'To listen with TLS a certificate and its key are needed: set certificate and privateKey, or tls.cert and tls.key.',
      );
      settings.environment.clock.nextTick(() => this.#failed(subscription, source, error));
      return;
    }
    const acceptor = this.#host.createAcceptor(endpoint.tls, subscription);
    source.acceptor = acceptor;
    pool.listen(acceptor, endpoint).then(
      (port) => subscription.opened(undefined, undefined, port),
      (error: unknown) => {
        this.#failed(
          subscription,
          source,
          error instanceof MessagingError ? error : new ListenError('Cannot listen.', { cause: error }),
        );
      },
    );
  }

  #receive(address: Address, subscription: Subscription, source: Source): void {
    const { name, settings, pool } = this.#host;
    const { endpoint, options } = source;
    const carrier = pool.carrier(endpoint);
    const opened = (link: ReceiverLink): boolean => {
      const refused = refusedTerm(link);
      if (refused === undefined) {
        subscription.opened(absolute(address, link.remoteAddress), link.remoteAddress);
        source.settle();
        return true;
      }
      void carrier.close(link);
      link.closed(new LinkError(refused, { condition: 'amqp:not-implemented' }));
      return false;
    };
    const closed = (error: MessagingError): void => {
      this.#failed(subscription, source, error);
      source.settle();
    };
    const events: ReceiverLinkEvents = {
      ...this.#events(subscription, opened, closed),
      lost: (link, aborted) => {
        subscription.lost();
        this.#listener.lost(link, aborted);
      },
    };
    this.#links++;
    const link = new ReceiverLink(receiverOptions(name, endpoint.name, settings, options), events);
    source.link = link;
    source.carrier = carrier;
    this.#origins.add(link, subscription, source.base);
    carrier.open(link);
  }

  #events(
    subscription: Subscription | undefined,
    whenOpened: (link: ReceiverLink) => boolean | undefined,
    whenClosed: (error: MessagingError) => void,
  ): ReceiverLinkEvents {
    const { opened, received, settled, aborted, drained, lost } = this.#listener;
    return {
      opened: (link) => {
        if (whenOpened(link) !== false) opened(link, subscription);
      },
      received: (delivery, link) => received(delivery, link, subscription),
      settled,
      aborted,
      drained,
      lost,
      closed: (_link, error) => {
        this.#links--;
        whenClosed(error);
      },
    };
  }

  /** Whoever subscribes again may want another share of credit. */
  #changeCredit(subscription: Subscription, { credit }: SubscribeOptions): void {
    const source = this.#sources.get(subscription);
    if (source !== undefined && credit !== undefined) source.options = { ...source.options, credit };
  }

  #forget(subscription: Subscription, { key }: Source): void {
    this.#sources.delete(subscription);
    if (this.#byKey.get(key) === subscription) this.#byKey.delete(key);
  }

  #failed(subscription: Subscription, source: Source, error: MessagingError): void {
    if (subscription.error !== undefined) return;
    this.#forget(subscription, source);
    subscription.ended('failed', error);
    this.#failure = error;
    this.#isTold = false;
    this.#host.failed(error);
    this.#listener.sourceLost();
  }
}
