import { v4 as uuid } from 'uuid';
import { parseAddress } from '../address/address.js';
import type { Address } from '../address/address.js';
import { connectionKey, resolveEndpoint } from '../address/endpoint.js';
import type { Endpoint } from '../address/endpoint.js';
import { redact } from '../address/redact.js';
import { ListenError, MessagingError, NoSourcesError, StateError } from '../errors.js';
import type { Acceptor } from '../link/acceptor.js';
import type { LinkRequest } from '../link/link-request.js';
import type { ConnectionPool } from '../link/pool.js';
import { ReceiverLink } from '../link/receiver-link.js';
import type { ReceiverLinkEvents } from '../link/receiver-link.js';
import type { DeliverySource } from '../queue/incoming-delivery.js';
import type { Settings } from './options.js';
import { Subscription } from './subscription.js';

/** What the sources of messages need from their messenger. */
export interface SourcesHost {
  readonly name: string;
  readonly settings: Settings;
  readonly pool: ConnectionPool;
  /** Makes the listening side for a `~` address. */
  createAcceptor(tls: boolean, subscription: Subscription): Acceptor;
  /** Something failed that no call is waiting for. */
  failed(error: MessagingError): void;
}

/** What becomes of every link that receives, whoever has opened it. */
export type LinkListener = Required<
  Pick<ReceiverLinkEvents, 'opened' | 'received' | 'aborted' | 'drained' | 'lost'>
> & {
  /** A source is gone: whoever waits has to look whether one is left. */
  sourceLost(): void;
};

/** Where messages come from: subscriptions, ports that are listened on, and links that peers have opened. */
export class Sources {
  readonly #host: SourcesHost;
  readonly #listener: LinkListener;
  readonly #subscriptions = new Map<string, Subscription>();
  /** Every link that ever received for this messenger: a tracker of another one is told by its link. */
  readonly #known = new WeakMap<DeliverySource, Subscription | undefined>();
  /** The links that subscriptions have opened. */
  readonly #receivers = new Set<ReceiverLink>();
  #links = 0;
  #failure: MessagingError | undefined;
  /** Whether a call has told of the failure: then it is not held against one that waits for something else. */
  #isTold = false;

  constructor(host: SourcesHost, listener: LinkListener) {
    this.#host = host;
    this.#listener = listener;
  }

  /** Starts to receive from an address that has been routed, or to listen on it. */
  subscribe(routed: string): Subscription {
    const address = parseAddress(routed);
    const endpoint = resolveEndpoint(address);
    // Two dynamic sources are two nodes, and a port that is listened on twice is an error to report.
    const isShared = !endpoint.passive && endpoint.name !== '#';
    const key = isShared ? `${connectionKey(endpoint)} ${JSON.stringify(endpoint.name)}` : uuid();
    const known = this.#subscriptions.get(key);
    if (known !== undefined) return known;
    const subscription = new Subscription(redact(routed));
    this.#failure = undefined;
    this.#subscriptions.set(key, subscription);
    if (endpoint.passive) this.#listen(endpoint, subscription, () => this.#subscriptions.delete(key));
    else this.#receive(address, endpoint, subscription, () => this.#subscriptions.delete(key));
    return subscription;
  }

  /** Takes a link that a peer wants to send on. `subscription` is what listens, if that is how the peer came. */
  accept(request: LinkRequest, subscription: Subscription | undefined): void {
    this.#links++;
    // What listens outlives the links of its peers.
    const events = this.#events(
      () => undefined,
      () => this.#listener.sourceLost(),
    );
    this.#known.set(request.receive(request.address, this.#host.settings.maxMessageSize, events), subscription);
  }

  /** Whether a delivery came over a link of this messenger. */
  has(source: DeliverySource): boolean {
    return this.#known.has(source);
  }

  /** The subscription a delivery came by. */
  subscriptionOf(source: DeliverySource): Subscription | undefined {
    return this.#known.get(source);
  }

  /**
   * Why no message can come any more; `undefined` when one may: something listens, a link is there or on its way, or,
   * when no subscription has failed, a connection is there over which a peer may open a link to send an answer.
   */
  get exhausted(): NoSourcesError | undefined {
    const { pool } = this.#host;
    const failure = this.#failure;
    const isNews = failure !== undefined && !this.#isTold;
    if (pool.isListening || this.#links > 0 || (!isNews && !pool.isIdle)) return undefined;
    const reason = failure === undefined ? 'Subscribe to an address first.' : failure.message;
    return new NoSourcesError(`There is nothing to receive from. ${reason}`, {
      cause: failure,
      condition: failure?.condition,
    });
  }

  /** The messenger stops: every subscription ends. */
  stop(): void {
    const error = new StateError('The messenger was stopped.');
    for (const subscription of this.#subscriptions.values()) subscription.ended('closed', error);
    this.#subscriptions.clear();
    for (const link of [...this.#receivers]) link.closed(error);
    this.#failure = undefined;
  }

  /** A call has told why no message can come. */
  failureTold(): void {
    this.#isTold = true;
  }

  #listen(endpoint: Endpoint, subscription: Subscription, forget: () => void): void {
    const { pool, settings } = this.#host;
    if (endpoint.tls && (settings.tls.cert === undefined || settings.tls.key === undefined)) {
      const error = new ListenError(
        'To listen with TLS a certificate and its key are needed: set tls.cert and tls.key.',
      );
      process.nextTick(() => {
        forget();
        this.#failed(subscription, error);
      });
      return;
    }
    const acceptor = this.#host.createAcceptor(endpoint.tls, subscription);
    pool.add(acceptor);
    acceptor.listen(endpoint).then(
      (port) => subscription.opened(undefined, port),
      (error: unknown) => {
        pool.remove(acceptor);
        forget();
        this.#failed(
          subscription,
          error instanceof MessagingError ? error : new ListenError('Cannot listen.', { cause: error }),
        );
      },
    );
  }

  #receive(address: Address, endpoint: Endpoint, subscription: Subscription, forget: () => void): void {
    const { name, settings, pool } = this.#host;
    const dynamic = endpoint.name === '#';
    const options = {
      name: `${name}-receiver-${uuid()}`,
      address: dynamic ? undefined : (endpoint.name ?? null),
      dynamic,
      presettled: false,
      maxMessageSize: settings.maxMessageSize,
    };
    const opened = (link: ReceiverLink): void => subscription.opened(absolute(address, link.remoteAddress));
    const events = this.#events(opened, (error) => {
      forget();
      this.#failed(subscription, error);
    });
    this.#links++;
    const link = new ReceiverLink(options, events);
    this.#receivers.add(link);
    this.#known.set(link, subscription);
    pool.carrier(endpoint).open(link);
  }

  #events(whenOpened: (link: ReceiverLink) => void, whenClosed: (error: MessagingError) => void): ReceiverLinkEvents {
    const { opened, received, aborted, drained, lost } = this.#listener;
    return {
      opened: (link) => {
        whenOpened(link);
        opened(link);
      },
      received,
      aborted,
      drained,
      lost,
      closed: (link, error) => {
        this.#receivers.delete(link);
        this.#links--;
        whenClosed(error);
      },
    };
  }

  #failed(subscription: Subscription, error: MessagingError): void {
    subscription.ended('failed', error);
    if (error instanceof StateError) return;
    this.#failure = error;
    this.#isTold = false;
    this.#host.failed(error);
    this.#listener.sourceLost();
  }
}

/** The address of a source as others can use it: with the host it was reached by, without credentials (spec §1.5). */
function absolute({ scheme, host, port }: Address, remote: string | undefined): string | undefined {
  if (remote === undefined || /^amqps?:/.test(remote)) return remote;
  const authority = (host?.includes(':') ? `[${host}]` : (host ?? '')) + (port === undefined ? '' : `:${port}`);
  return `${scheme === undefined ? '' : `${scheme}://`}${authority}/${remote}`;
}
