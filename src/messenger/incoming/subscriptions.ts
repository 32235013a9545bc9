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

/** The incoming side of a messenger, as the table of subscriptions sees it. */
export interface SourceOwner extends LinkReceiver, SubscriptionOwner {
  /** A source is gone: whoever waits has to look whether one is left. */
  sourcesChanged(): void;
}

/** Where messages come from: subscriptions, ports that are listened on, and links that peers have made. */
export class Subscriptions {
  readonly #context: MessengerContext;
  readonly #owner: SourceOwner;
  readonly #byKey = new Map<string, Source>();
  readonly #sources = new Map<Subscription, Source>();
  #links = 0;
  #failure: MessagingError | undefined;
  /** Whether a call has told of the failure: then it is not held against one that waits for something else. */
  #isTold = false;

  constructor(context: MessengerContext, owner: SourceOwner) {
    this.#context = context;
    this.#owner = owner;
  }

  /** Starts to receive from an address that has been routed, or to listen on it. Unless `isShared`, by a link of its own. */
  subscribe(routed: string, options: SubscribeOptions, isShared = true): Source {
    const address = parseAddress(routed);
    const endpoint = resolveEndpoint(address);
    const terms = subscriptionKey(options);
    // Two dynamic sources are two nodes, and a port that is listened on twice is an error to report.
    const isKnown = isShared && !endpoint.passive && endpoint.name !== '#';
    const key = isKnown ? `${connectionKey(endpoint)} ${JSON.stringify(endpoint.name)} ${terms}` : this.#randomUUID();
    const known = this.#byKey.get(key);
    if (known !== undefined) {
      // Whoever subscribes again may want another number of credit.
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

  /** Takes a link that a peer wants to send on. `source` is what listens, if that is how the peer came. */
  accept(request: LinkRequest, connection: PeerConnection, source: Source | undefined): void {
    this.#links++;
    const link = new IncomingLink(this.#owner, source, connection);
    const address = request.dynamic ? `dynamic-${this.#randomUUID()}` : request.address;
    request.receive(address, this.#context.settings.maxMessageSize, link);
  }

  /**
   * Ends a subscription. Resolves when the peer knows. With `keep`, what is durable there stays.
   * To have a durable one forgotten there must be a link, so without a connection it waits for the next.
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

  /** The source of a subscription; `undefined` when it has ended or is of another messenger. */
  sourceOf(subscription: Subscription): Source | undefined {
    return this.#sources.get(subscription);
  }

  /** A link is attached. Returns whether the peer has agreed to what it was asked for; if not, the link is closed. */
  linkOpened(link: ReceiverLink, source: Source | undefined): boolean {
    // Those that peers have made have nothing to agree to, and a port is listened on whoever comes.
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

  /** A link is gone for good, and with it its subscription, unless that listens. */
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
   * Says why no message can come any more, and remembers that the caller tells it; `undefined` when one may come: something
   * listens, a link is there or on its way, or, when no subscription has failed, a connection is there over which a peer
   * may open a link to send an answer.
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

  /** The messenger stops: every subscription ends. */
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

  /** Throws when an address cannot be subscribed to with these options. */
  #check(endpoint: Source['endpoint'], options: SubscribeOptions, terms: string): void {
    if (endpoint.passive && terms !== NO_TERMS) {
      throw new OptionError(
        'Of what subscribe() takes only credit is for an address to listen on: peers decide the rest.',
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
