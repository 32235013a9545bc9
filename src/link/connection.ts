import type { Endpoint } from '../address/endpoint.js';
import { AuthenticationError, ConnectionError, DecodeError, ProtocolError } from '../errors.js';
import type { MessagingError } from '../errors.js';
import { logger } from '../log.js';
import type { Clock } from './clock.js';
import { dial } from './dial.js';
import { failureError, located } from './connection-errors.js';
import { mayFollow } from './lifecycle.js';
import type { ConnectionState } from './lifecycle.js';
import type { TransportLimits } from './limits.js';
import type { LinkCarrier, LinkClose } from './link-carrier.js';
import { LinkRequest } from './link-request.js';
import { reconnectDelay } from './reconnect.js';
import { MAX_REDIRECTS, RedirectError } from './redirect.js';
import type { ReconnectPolicy } from './reconnect.js';
import { QUIET_CONNECTION } from './rhea-seam.js';
import type { RheaContainer } from './rhea-seam.js';
import { mechanismsFor } from './sasl.js';
import type { Link } from './link-table.js';
import type { TlsOptions } from './tls.js';
import { Transport } from './transport.js';

const log = logger('connection');

/** A connection open this long was a good one: the next reconnect starts from the shortest delay. Milliseconds. */
const STABLE = 5000;

/** What every connection of a messenger shares. Times are in milliseconds. */
export interface ConnectionSettings {
  readonly container: RheaContainer;
  readonly limits: TransportLimits;
  readonly reconnect: ReconnectPolicy;
  readonly connectTimeout: number;
  readonly tls: TlsOptions;
  readonly allowInsecureMechs: boolean;
  /** How long a connection without links stays open. Default for ever. */
  readonly closeIdleAfter?: number;
  readonly clock: Clock;
  /** A number from 0 up to 1: `Math.random`, unless a test says otherwise. */
  readonly random: () => number;
}

/** What a connection tells. */
export interface ConnectionEvents {
  stateChanged(connection: Connection, from: ConnectionState, to: ConnectionState, error?: MessagingError): void;
  /** The peer wants a link, over a connection that was dialled from here. To be answered before this returns. */
  linkRequested(request: LinkRequest): void;
}

/**
 * A connection to one endpoint that stays while sockets come and go. Links opened on it are attached again on each new
 * socket, also those opened while there is none.
 */
export class Connection implements LinkCarrier {
  readonly endpoint: Endpoint;
  readonly #settings: ConnectionSettings;
  readonly #events: ConnectionEvents;
  readonly #links = new Set<Link>();
  /** Links the peer has attached. They end with the socket: the peer is the one to attach them again. */
  readonly #guests = new Set<Link>();
  #state: ConnectionState = 'closed';
  #transport: Transport | undefined;
  /** For the attempt to connect, the next attempt, or the end of an idle connection: there is one of them at a time. */
  #timer: NodeJS.Timeout | undefined;
  /** What is dialled: the endpoint itself, unless a peer has sent us on. */
  #target: Endpoint;
  #redirects = 0;
  #attempt = 0;
  #openedAt = 0;
  /** Whether it has ever been of use. Until then, a refusal counts as one of the first attempt. */
  #isProven = false;
  #whenOpen: { resolve: () => void; reject: (error: Error) => void }[] = [];
  #whenClosed: (() => void)[] = [];

  constructor(endpoint: Endpoint, settings: ConnectionSettings, events: ConnectionEvents) {
    this.endpoint = endpoint;
    this.#target = endpoint;
    this.#settings = settings;
    this.#events = events;
  }

  get state(): ConnectionState {
    return this.#state;
  }

  /** The container-id of the peer, while the connection is open. */
  get peerId(): string | undefined {
    return this.#state === 'open' ? this.#transport?.peerId : undefined;
  }

  open(link: Link): void {
    this.#links.add(link);
    if (this.#state === 'open') this.#attach(link);
    else if (this.#state === 'closed') this.#connect('connecting');
  }

  close(link: Link, how?: LinkClose): Promise<void> {
    this.#forget(link);
    return this.#transport?.links.detach(link, how) ?? Promise.resolve();
  }

  /** Connects, without a link if need be. Resolves when it is open; rejects with why it cannot be. */
  opened(): Promise<void> {
    if (this.#state === 'open') return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.#whenOpen.push({ resolve, reject });
      if (this.#state === 'closed') this.#connect('connecting');
    });
  }

  /** Closes it. Its links are told; resolves when the socket is gone. Closing twice waits for the same end. */
  stop(): Promise<void> {
    if (this.#state === 'closed') return Promise.resolve();
    return new Promise((resolve) => {
      this.#whenClosed.push(resolve);
      if (this.#state === 'closing') return;
      const waiting = this.#state === 'reconnecting' && this.#transport === undefined;
      this.#become('closing');
      this.#cancelTimer();
      if (waiting) this.#end(undefined);
      else this.#transport?.close();
    });
  }

  #connect(state: 'connecting' | 'reconnecting'): void {
    const endpoint = this.#target;
    const settings = this.#settings;
    if (this.#state !== state) this.#become(state);
    let mechanisms;
    let socket;
    try {
      mechanisms = mechanismsFor(endpoint, settings.allowInsecureMechs, (frame) => transport.gate.write(frame));
      socket = dial(endpoint, settings.tls, () => socketReady());
    } catch (error) {
      // Told in a later turn, as every other failure to connect is.
      process.nextTick(() => this.#end(located(failureError(error), this.#name)));
      return;
    }
    let socketReady = (): void => undefined;
    const rhea = settings.container.create_connection({
      ...QUIET_CONNECTION,
      host: endpoint.host,
      hostname: endpoint.host,
      port: endpoint.port,
      max_frame_size: settings.limits.maxFrameSize,
      channel_max: settings.limits.channelMax,
      idle_time_out: settings.limits.idleTimeout || undefined,
      sasl_mechanisms: mechanisms,
      connect: (_port: number, _host: string, _options: object, connected: () => void) => {
        socketReady = connected;
        return transport.gate;
      },
    });
    const transport = new Transport(socket, rhea, settings.limits, settings.clock, {
      opened: () => this.#opened(),
      closed: (_transport, error) => this.#closed(error),
      linkClosed: (link) => this.#forget(link),
      linkRequested: (from, link) => {
        this.#events.linkRequested(new LinkRequest(from, link, (guest) => this.#adopt(guest)));
      },
    });
    this.#transport = transport;
    rhea.connect();
    this.#timer = settings.clock.setTimeout(() => {
      transport.destroy(new ConnectionError(`${this.#name} did not answer within ${settings.connectTimeout} ms.`));
    }, settings.connectTimeout);
  }

  get #name(): string {
    return `${this.endpoint.host}:${this.endpoint.port}`;
  }

  #opened(): void {
    this.#cancelTimer();
    if (this.#state === 'closing') return;
    this.#openedAt = this.#settings.clock.now();
    this.#become('open');
    for (const link of this.#links) {
      if (link.isClosed) this.#links.delete(link);
      else this.#attach(link);
    }
    for (const { resolve } of this.#whenOpen.splice(0)) resolve();
    this.#endIfIdle();
  }

  #attach(link: Link): void {
    this.#cancelTimer();
    this.#transport?.links.attach(link);
  }

  #adopt(guest: Link): void {
    this.#cancelTimer();
    this.#guests.add(guest);
  }

  #forget(link: Link): void {
    this.#links.delete(link);
    this.#guests.delete(link);
    this.#endIfIdle();
  }

  /** Nobody uses it: unless that changes, it is closed. */
  #endIfIdle(): void {
    const { clock, closeIdleAfter = 0 } = this.#settings;
    if (closeIdleAfter === 0 || this.#state !== 'open' || this.#links.size > 0 || this.#guests.size > 0) return;
    this.#cancelTimer();
    this.#timer = clock.setTimeout(() => void this.stop(), closeIdleAfter);
  }

  #closed(reason: MessagingError | undefined): void {
    this.#cancelTimer();
    this.#isProven ||= this.#transport?.links.isUsed === true;
    this.#transport = undefined;
    const error = reason && located(reason, this.#name);
    const guests = [...this.#guests];
    this.#guests.clear();
    for (const guest of guests)
      guest.closed(error ?? new ConnectionError(`The connection to ${this.#name} was closed.`), 'lost');
    if (this.#state === 'closing') {
      this.#end(undefined);
    } else if (reason instanceof RedirectError && this.#redirects < MAX_REDIRECTS) {
      this.#redirects++;
      this.#target = reason.apply(this.endpoint);
      if (this.#state === 'open') this.#become('reconnecting', error);
      this.#connect(this.#state === 'connecting' ? 'connecting' : 'reconnecting');
    } else if (this.#mayRetry(reason)) {
      this.#target = this.endpoint;
      if (this.#state !== 'reconnecting') this.#become('reconnecting', error);
      const delay = reconnectDelay(this.#settings.reconnect, this.#attempt++, this.#settings.random());
      log('%s: next attempt in %d ms (%s)', this.#name, delay, error?.message);
      this.#timer = this.#settings.clock.setTimeout(() => this.#connect('reconnecting'), delay);
      this.#timer.ref(); // a process that waits for its broker is not done
    } else {
      this.#end(error);
    }
  }

  #mayRetry(reason: MessagingError | undefined): boolean {
    const { reconnect, clock } = this.#settings;
    if (reason instanceof AuthenticationError || reason instanceof ProtocolError || reason instanceof DecodeError) {
      return false;
    }
    const wasStable = this.#state === 'open' && clock.now() - this.#openedAt >= STABLE;
    if (wasStable) this.#attempt = this.#redirects = 0;
    this.#isProven ||= wasStable;
    // A peer may refuse only after its open frame (AMQP 1.0 §2.4.1), so being open for a moment proves nothing.
    if (!this.#isProven && !reconnect.initial) return false;
    // Nobody needs it any more.
    if (this.#links.size === 0) return false;
    return this.#attempt < reconnect.retries;
  }

  /** It is over: every link is told why. */
  #end(error: MessagingError | undefined): void {
    const links = [...this.#links];
    this.#links.clear();
    this.#attempt = 0;
    this.#redirects = 0;
    this.#target = this.endpoint;
    this.#isProven = false;
    this.#become('closed', error);
    const reason = error ?? new ConnectionError(`The connection to ${this.#name} was closed here.`);
    for (const link of links) link.closed(reason, 'lost');
    for (const { reject: refuse } of this.#whenOpen.splice(0)) refuse(reason);
    for (const resolve of this.#whenClosed.splice(0)) resolve();
  }

  #become(to: ConnectionState, error?: MessagingError): void {
    const from = this.#state;
    if (!mayFollow(from, to)) return;
    this.#state = to;
    log('%s: %s → %s%s', this.#name, from, to, error ? ` (${error.message})` : '');
    this.#events.stateChanged(this, from, to, error);
  }

  #cancelTimer(): void {
    if (this.#timer !== undefined) this.#settings.clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
