import { hostAndPort } from '../address/endpoint.js';
import { RouteTable } from '../address/route-table.js';
import { diagnose, isDiagnosed } from '../diagnostics.js';
import { StateError, TimeoutError, asError } from '../errors.js';
import type { MessagingError } from '../errors.js';
import { Acceptor } from '../link/connection/acceptor.js';
import { connectionSettings } from '../link/connection/connection-settings.js';
import type { ConnectionSettings } from '../link/connection/connection-settings.js';
import type { PeerConnection } from '../link/connection/peer-connection.js';
import type { LinkRequest } from '../link/session/link-request.js';
import { ConnectionPool } from '../link/connection/pool.js';
import { logger } from '../log.js';
import type { IncomingDelivery } from '../queue/incoming-delivery.js';
import { OutgoingDelivery } from '../queue/outgoing-delivery.js';
import type { Tracker } from '../queue/tracker.js';
import { Activity } from './activity.js';
import type { ConfigChange, MessengerEvents } from './events.js';
import { Incoming } from './incoming/incoming.js';
import type { LinkTaker, MessengerContext } from './options/context.js';
import { KnownHosts } from './options/known-hosts.js';
import { resolveTimeout } from './options/option-checks.js';
import type { StopOptions, WaitOptions } from './options/options.js';
import { Outgoing } from './outgoing/outgoing.js';
import { Requests } from './requests.js';
import { SendError } from './outgoing/aborted-messages.js';
import type { Settings } from './options/settings.js';
import type { MessengerStats } from './stats.js';
import { Waits } from './options/waits.js';
import { following } from '../wait.js';

const log = logger('messenger');

/** The condition for peers that exceed a limit of `listen` (AMQP 1.0 §2.8.15). */
const TOO_MUCH = 'amqp:resource-limit-exceeded';

/** The most refused links that a peer may have at a time before it is disconnected. */
const LINKS_REFUSED = 16;

/** Emits the events of a messenger. */
export interface Teller {
  /** The number of listeners of an event. */
  listenerCount(name: keyof MessengerEvents): number;
  tell<Name extends keyof MessengerEvents>(name: Name, ...values: MessengerEvents[Name]): void;
}

/** The parts of a messenger, and its life cycle: made, stopped, used again, closed. */
export class Engine implements MessengerContext {
  readonly settings: Settings;
  readonly name: string;
  readonly routes: RouteTable = new RouteTable();
  readonly rewrites: RouteTable = new RouteTable();
  readonly hosts: KnownHosts = new KnownHosts();
  readonly pool: ConnectionPool;
  readonly outgoing: Outgoing;
  readonly incoming: Incoming;
  readonly requests: Requests;
  readonly waits: Waits;
  readonly dynamicNodes: Map<string, PeerConnection> = new Map();
  readonly #activity = new Activity();
  readonly #teller: Teller;
  readonly #connectionSettings: ConnectionSettings;
  #state: 'ready' | 'stopping' | 'closed' = 'ready';
  #stopping: Promise<void> | undefined;
  /** True if the caller of the stop reports the aborted messages. */
  #keepsAborted = false;
  #lastFailure: MessagingError | undefined;
  /** The number of received messages. */
  #count = 0;

  constructor(settings: Settings, teller: Teller) {
    this.settings = settings;
    this.#teller = teller;
    this.name = settings.name ?? settings.environment.randomUUID();
    this.waits = new Waits(settings);
    this.#connectionSettings = connectionSettings(this.name, settings);
    this.pool = this.#createPool();
    this.outgoing = new Outgoing(this);
    this.incoming = new Incoming(this);
    this.requests = new Requests(this, this.outgoing, this.incoming);
  }

  /** Throws when it is closed. */
  requireOpen(): void {
    if (this.#state === 'closed') throw new StateError('The messenger is closed. Make a new one.');
  }

  /** Throws when the messenger is closed or stopping. */
  requireReady(): void {
    if (this.#state === 'ready') return;
    this.requireOpen();
    throw new StateError('The messenger is stopping. Await stop() first.');
  }

  /** Reports an edit of the configuration. */
  configChanged(change: ConfigChange): void {
    this.#teller.tell('config', change);
  }

  /** Reports a failure, whether a call waits for it or not. One that concerns many links is reported once. */
  failed(error: MessagingError): void {
    if (this.#lastFailure === error) return;
    this.#lastFailure = error;
    log('%s', error.message);
    if (this.#teller.listenerCount('error') > 0) this.#teller.tell('error', error);
  }

  /** Connects to every peer whose host and port a route names. */
  async checkRoutes({ timeout, signal }: WaitOptions): Promise<void> {
    const limits = {
      timeout: resolveTimeout(timeout, this.settings.timeout),
      signal,
      onTimeout: () => 'Not every route could be connected to in time.',
    };
    await this.waits.promised(limits, this.outgoing.checkRoutes());
  }

  /** Waits for an activity. See `Messenger.work`. */
  async work(timeout: number, signal: AbortSignal | undefined): Promise<boolean> {
    if (this.#activity.take()) return true;
    const limits = {
      timeout: this.settings.passive ? 0 : resolveTimeout(timeout, undefined),
      signal,
      onTimeout: () => 'Nothing has happened.',
    };
    try {
      return await this.waits.bounded<boolean>(limits, (settle) =>
        this.#activity.next((happened) => settle.resolve(happened)),
      );
    } catch (error) {
      if (error instanceof TimeoutError) return false;
      throw error;
    }
  }

  drained(): void {
    this.#teller.tell('drain');
  }

  /** A snapshot of its figures. See `Messenger.stats`. */
  get stats(): MessengerStats {
    const { queued, bytes, receiving } = this.incoming;
    return {
      name: this.name,
      outgoing: this.outgoing.stats,
      incoming: { queued, bytes, receiving, received: this.#count },
      connections: this.pool.stats,
    };
  }

  /**
   * Stops. With `drain`, it rejects with a `SendError` for messages without an outcome at the time limit, after
   * everything is closed.
   */
  async stop(options: StopOptions): Promise<void> {
    if (options.drain !== true || this.#state !== 'ready') return this.#stopWithin(options);
    const { clock } = this.settings.environment;
    const startedAt = clock.now();
    const drained = await this.outgoing.send(-1, options).catch((error: unknown) => asError(error));
    this.#keepsAborted = true;
    if (drained === true || drained instanceof SendError) {
      const { timeout } = options;
      const left = timeout === undefined || timeout < 0 ? timeout : Math.max(1, timeout - (clock.now() - startedAt));
      await this.#stopWithin({ ...options, timeout: left });
    } else {
      // The time is over, the signal is aborted, or calls do not wait: the remaining messages are aborted and reported.
      await this.#stopWithin({});
    }
    if (drained instanceof SendError) throw drained;
    this.outgoing.throwAborted();
  }

  async #stopWithin(options: WaitOptions): Promise<void> {
    const onTimeout = (): string => 'Connections are still closing.';
    await this.waits.until(options, onTimeout, following(this.#stopOnce()));
  }

  /** Stops for good. */
  async close(options: StopOptions): Promise<void> {
    const stopped = this.stop(options);
    this.#state = 'closed';
    await stopped;
  }

  #createPool(): ConnectionPool {
    return new ConnectionPool(this.#connectionSettings, {
      stateChanged: ({ endpoint, host }, from, to, error) => {
        this.#activity.note();
        const change = { endpoint: hostAndPort(endpoint), host, from, to, error };
        if (isDiagnosed('connection')) diagnose('connection', { messenger: this.name, ...change });
        this.#teller.tell('connection', change);
        if (to === 'closed') this.incoming.sourcesChanged();
      },
      failed: (error) => this.failed(error),
      linkRequested: (request, connection) =>
        this.#linkRequested(request, connection, (wanted) => this.incoming.accept(wanted, connection)),
    });
  }

  received(delivery: IncomingDelivery, source: string | undefined): void {
    this.#count++;
    this.#activity.note();
    if (!isDiagnosed('received')) return;
    diagnose('received', { messenger: this.name, source, size: delivery.end - delivery.start });
  }

  ended(tracker: Tracker): void {
    this.#activity.note();
    if (isDiagnosed('outcome') && tracker instanceof OutgoingDelivery) {
      const { status, error, owner } = tracker;
      diagnose('outcome', { messenger: this.name, destination: owner.destination, status, error });
    }
    if (this.#teller.listenerCount('status') > 0) this.#teller.tell('status', tracker);
  }

  /** Concurrent calls share one stop. */
  #stopOnce(): Promise<void> {
    this.#stopping ??= this.#stopAll().finally(() => {
      this.#stopping = undefined;
    });
    return this.#stopping;
  }

  async #stopAll(): Promise<void> {
    if (this.#state === 'ready') this.#state = 'stopping';
    this.requests.stop();
    this.incoming.stop();
    const { outgoing: pending } = this.outgoing;
    this.outgoing.stop();
    await this.pool.stop();
    if (!this.#keepsAborted) {
      this.outgoing.forgetAborted();
      if (pending > 0) this.failed(new StateError(gaveUp(pending)));
    }
    this.#keepsAborted = false;
    this.incoming.resume();
    this.#becomeReady();
  }

  #becomeReady(): void {
    // Unless it was closed meanwhile.
    if (this.#state === 'stopping') this.#state = 'ready';
  }

  createAcceptor(tls: boolean, receive: LinkTaker): Acceptor {
    const { authenticator, isGuarded, maxConnections, maxConnectionsPerHost, maxSessions, maxLinks } =
      this.settings.listen;
    const { limits, tls: own } = this.#connectionSettings;
    const settings = {
      ...this.#connectionSettings,
      limits: { ...limits, channelMax: maxSessions - 1 },
      authenticator,
      asksForCertificate: isGuarded && (own.ca ?? own.caFile) !== undefined,
      maxConnections,
      maxConnectionsPerHost,
      // Refused links exist until the peer has answered.
      maxLinks: 2 * maxLinks + LINKS_REFUSED,
    };
    return new Acceptor(tls, settings, {
      linkRequested: (request, connection) => {
        if (connection.size < maxLinks) this.#linkRequested(request, connection, receive);
        else request.refuse({ condition: TOO_MUCH, description: `A connection may have ${maxLinks} links.` });
      },
      connectionClosed: () => this.incoming.sourcesChanged(),
    });
  }

  #linkRequested(request: LinkRequest, connection: PeerConnection, receive: LinkTaker): void {
    const { foreignTerminus } = request;
    if (foreignTerminus !== undefined) {
      const description = `A messenger has no ${foreignTerminus}: it takes and sends messages, without transactions.`;
      request.refuse({ condition: 'amqp:not-implemented', description });
      return;
    }
    if (request.role === 'receiver') receive(request, connection);
    else this.outgoing.accept(request, connection);
  }
}

function gaveUp(count: number): string {
  const messages = count === 1 ? '1 message was' : `${count} messages were`;
  return `${messages} given up, without an outcome when the messenger was stopped. Call send() first, or stop with drain.`;
}
