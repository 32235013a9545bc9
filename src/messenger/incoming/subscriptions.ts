import { parseAddress } from '../../address/address.js';
import { connectionKey, resolveEndpoint } from '../../address/endpoint.js';
import { redact } from '../../address/redact.js';
import { LinkError, ListenError, MessagingError, NoSourcesError, OptionError, StateError } from '../../errors.js';
import type { PeerConnection } from '../../link/connection/peer-connection.js';
import type { LinkRequest } from '../../link/session/link-request.js';
import { ReceiverLink } from '../../link/session/receiver-link.js';
import { hasCertificate } from '../../link/security/tls.js';
import type { MessengerContext } from '../options/context.js';
import { refusedTerm } from '../options/granted-terms.js';
import { receiverOptions } from '../options/link-terms.js';
import { NO_TERMS, subscriptionKey } from '../options/subscribe-options.js';
import type { SubscribeOptions } from '../options/subscribe-options.js';
import { IncomingLink } from './incoming-link.js';
import type { LinkReceiver } from './incoming-link.js';
import { Source, absoluteAddress } from './source.js';
import { Subscription } from './subscription.js';
import type { SubscriptionOwner } from './subscription.js';

/** The owner of the table of subscriptions. */
export interface SourceOwner extends LinkReceiver, SubscriptionOwner {
  /** A subscription has ended: calls that wait must check whether one is left. */
  sourcesChanged(): void;
}

/** The sources of messages: subscriptions, listening ports, and links that peers have attached. */
export class Subscriptions {
  readonly #context: MessengerContext;
  readonly #owner: SourceOwner;
  readonly #byKey = new Map<string, Source>();
  readonly #sources = new Map<Subscription, Source>();
  #links = 0;
  #failure: MessagingError | undefined;
  /** True if a call has reported the failure. Later calls that wait for other subscriptions do not report it again. */
  #isTold = false;

  constructor(context: MessengerContext, owner: SourceOwner) {
    this.#context = context;
    this.#owner = owner;
  }

  /** Starts to receive from a routed address, or to listen on it. Makes a link of its own unless `isShared`. */
  subscribe(routed: string, options: SubscribeOptions, isShared = true): Source {
    const address = parseAddress(routed);
    const endpoint = resolveEndpoint(address);
    const terms = subscriptionKey(options);
    // Two dynamic sources are two nodes, and listening twice on a port is an error to report.
    const isKnown = isShared && !endpoint.passive && endpoint.name !== '#';
    const key = isKnown ? `${connectionKey(endpoint)} ${JSON.stringify(endpoint.name)} ${terms}` : this.#randomUUID();
    const known = this.#byKey.get(key);
    if (known !== undefined) {
      // A repeated `subscribe` may change the credit.
      if (options.credit !== undefined) {
        known.options = { ...known.options, credit: options.credit };
        this.#owner.credit.setFixed(known, options.credit);
      }
      return known;
    }
    this.#check(endpoint, options, terms);
    this.#context.hosts.add(endpoint);
    const subscription = new Subscription(redact(routed), this.#owner);
    const source = new Source(subscription, address, endpoint, { ...options }, key);
    this.#failure = undefined;
    this.#byKey.set(key, source);
    this.#sources.set(subscription, source);
    if (endpoint.passive) this.#listen(source);
    else this.#receive(source);
    return source;
  }

  /**
   * Accepts a link on which a peer wants to send. `source` is the listening subscription, if the peer connected to one.
   */
  accept(request: LinkRequest, connection: PeerConnection, source: Source | undefined): void {
    this.#links++;
    const link = new IncomingLink(this.#owner, source, connection);
    const address = request.dynamic ? `dynamic-${this.#randomUUID()}` : request.address;
    request.receive(address, this.#context.settings.maxMessageSize, link);
  }

  /**
   * Ends a subscription. Resolves when the peer has answered. With `keep`, a durable subscription stays at the peer. To
   * delete a durable subscription, a link is needed, so without a connection it waits for the next one.
   */
  async end(subscription: Subscription, keep: boolean): Promise<void> {
    const source = this.#sources.get(subscription);
    if (source === undefined) return;
    const { link, connection, acceptor, options } = source;
    if (options.durable === true && !keep && link?.isAttached === false && !link.isClosed) {
      await source.settled();
      if (source.isEnded) return;
      if (subscription.error !== undefined) throw subscription.error;
    }
    source.isEnded = true;
    this.#forget(source);
    const error = new StateError('The subscription was ended.');
    subscription.ended('closed', error);
    const isGone = acceptor ? this.#context.pool.unlisten(acceptor) : link && connection?.close(link, { keep });
    link?.closed(error);
    source.handler?.ended(error);
    this.#owner.sourcesChanged();
    await isGone;
    if (acceptor !== undefined) this.#owner.sourcesChanged();
  }

  /** The source of a subscription; `undefined` when it has ended or belongs to another messenger. */
  sourceOf(subscription: Subscription): Source | undefined {
    return this.#sources.get(subscription);
  }

  /** A link is attached. Returns false, and closes the link, when the peer has not granted its options. */
  linkOpened(link: ReceiverLink, source: Source | undefined): boolean {
    // Links that peers have attached ask for no options.
    if (source?.link !== link) return true;
    const refused = refusedTerm(link);
    if (refused === undefined) {
      const address = absoluteAddress(source, link.remoteAddress);
      if (source.endpoint.name === '#') this.#nodeMade(source, address);
      source.subscription.opened(address, link.remoteAddress);
      source.settle();
      return true;
    }
    void source.connection?.close(link);
    link.closed(new LinkError(refused, { condition: 'amqp:not-implemented' }));
    return false;
  }

  /** A link is closed for good. Its subscription ends, unless it listens. */
  linkClosed(link: ReceiverLink, source: Source | undefined, error: MessagingError): void {
    this.#links--;
    if (source?.link === link) {
      this.#failed(source, error);
      source.settle();
    } else {
      this.#owner.sourcesChanged();
    }
  }

  /**
   * Returns the reason why no message can come any more, and remembers that the caller reports it. Returns `undefined`
   * when a message may come: a subscription listens, a link is attached or being attached, or, when no subscription has
   * failed, there is a connection over which a peer may attach a link for an answer.
   */
  tellExhausted(): NoSourcesError | undefined {
    const { pool } = this.#context;
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

  /** The messenger stops: ends every subscription. */
  stop(): void {
    const error = new StateError('The messenger was stopped.');
    const sources = [...this.#sources.values()];
    this.#byKey.clear();
    this.#sources.clear();
    this.#context.dynamicNodes.clear();
    for (const { subscription, link, handler } of sources) {
      subscription.ended('closed', error);
      link?.closed(error);
      handler?.ended(error);
    }
    this.#failure = undefined;
  }

  /** Throws when these options cannot be used with an address. */
  #check(endpoint: Source['endpoint'], options: SubscribeOptions, terms: string): void {
    if (endpoint.passive && terms !== NO_TERMS) {
      throw new OptionError(
        'For an address to listen on, subscribe() takes only the option credit: peers decide the others.',
      );
    }
    if (options.durable === true && options.shared !== 'global' && this.#context.settings.name === undefined) {
      throw new OptionError(
        'A durable subscription belongs to the messenger by its name: set the option name, the same at each start.',
      );
    }
    if ([...this.#sources.values()].some((other) => other.hasNameOf(endpoint, options))) {
      throw new StateError(
        `${String(options.name)} is subscribed to at this peer. End that first, or take another name.`,
      );
    }
  }

  #listen(source: Source): void {
    const { pool, settings } = this.#context;
    const { endpoint, subscription } = source;
    if (endpoint.tls && !hasCertificate(settings.tls)) {
      const error = new ListenError(
        'To listen with TLS a certificate and its key are needed: set certificate and privateKey, or tls.cert and tls.key.',
      );
      settings.environment.clock.nextTick(() => this.#failed(source, error));
      return;
    }
    const acceptor = this.#context.createAcceptor(endpoint.tls, (request, connection) =>
      this.accept(request, connection, source),
    );
    source.acceptor = acceptor;
    pool.listen(acceptor, endpoint).then(
      (port) => subscription.opened(undefined, undefined, port),
      (error: unknown) => {
        this.#failed(
          source,
          error instanceof MessagingError ? error : new ListenError('Cannot listen.', { cause: error }),
        );
      },
    );
  }

  #receive(source: Source): void {
    const { name, settings, pool } = this.#context;
    const { endpoint, options } = source;
    const connection = pool.connectionTo(endpoint);
    const owner = new IncomingLink(this.#owner, source, connection);
    this.#links++;
    source.link = new ReceiverLink(receiverOptions(name, endpoint.name, settings, options), owner);
    source.connection = connection;
    connection.open(source.link);
  }

  #randomUUID(): string {
    return this.#context.settings.environment.randomUUID();
  }

  /** Remembers the connection of a node that the peer has made, in the place of the one it had made before. */
  #nodeMade({ subscription, connection }: Source, address: string | undefined): void {
    const { dynamicNodes } = this.#context;
    dynamicNodes.delete(subscription.address ?? '');
    if (address !== undefined && connection !== undefined) dynamicNodes.set(address, connection);
  }

  #forget(source: Source): void {
    if (source.endpoint.name === '#') this.#context.dynamicNodes.delete(source.subscription.address ?? '');
    this.#sources.delete(source.subscription);
    if (this.#byKey.get(source.key) === source) this.#byKey.delete(source.key);
  }

  #failed(source: Source, error: MessagingError): void {
    const { subscription, handler } = source;
    if (subscription.error !== undefined) return;
    this.#forget(source);
    subscription.ended('failed', error);
    this.#failure = error;
    this.#isTold = false;
    this.#context.failed(error);
    handler?.ended(error);
    this.#owner.sourcesChanged();
  }
}
