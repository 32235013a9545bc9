import { connectionKey, hostAndPort } from '../../address/endpoint.js';
import type { Endpoint } from '../../address/endpoint.js';
import type { Clock, Timer } from '../../clock.js';
import { ConnectionError } from '../../errors.js';
import type { LinkError, MessagingError } from '../../errors.js';
import { AnswerWatch } from './answer-watch.js';
import { ConnectionLinks } from './connection-links.js';
import { logger } from '../../log.js';
import { failureError, located } from './connection-errors.js';
import type { ConnectionSettings } from './connection-settings.js';
import { Renewal, credentialsFor } from '../security/credentials.js';
import type { Credentials } from '../security/credentials.js';
import { HostList } from './host-list.js';
import { namedHosts } from './named-hosts.js';
import { mayFollow } from './peer-connection.js';
import type { ConnectionState, PeerConnection } from './peer-connection.js';
import type { LinkClose } from '../session/link-options.js';
import type { LinkRequest } from '../session/link-request.js';
import type { Link } from '../session/link-table.js';
import { openTransport } from './open-transport.js';
import { Retries } from './retries.js';
import type { Transport, TransportOwner } from './transport.js';

const log = logger('connection');

/** The part that a connection reports to. */
export interface ConnectionEvents {
  stateChanged(connection: Connection, from: ConnectionState, to: ConnectionState, error?: MessagingError): void;
  /** The peer wants a link, over a connection that was dialled from here. To be answered before this returns. */
  linkRequested(request: LinkRequest, connection: PeerConnection): void;
  /** Something has failed, and the connection stays: the peer has closed a link, which is attached again, or does not answer. */
  failed(error: MessagingError): void;
}

/**
 * A connection to one endpoint that stays while sockets come and go. Links opened on it are attached again on each new
 * socket, also those opened while there is none.
 */
export class Connection implements PeerConnection, TransportOwner {
  readonly endpoint: Endpoint;
  readonly key: string;
  readonly #settings: ConnectionSettings;
  readonly #events: ConnectionEvents;
  readonly #links: ConnectionLinks;
  #state: ConnectionState = 'closed';
  #transport: Transport | undefined;
  /** For the attempt to connect, the next attempt, or the end of an idle connection: there is one of them at a time. */
  #timer: Timer | undefined;
  /** For the next token. */
  readonly #renewal: Renewal;
  #isRenewing = false;
  /** When the token that was used last expires, in milliseconds since 1970. */
  #tokenExpires = Infinity;
  readonly #hosts: HostList;
  #host: string;
  readonly #retries: Retries;
  readonly #answers: AnswerWatch;
  /** Attempts to connect that were begun or are over: an answer that comes late is told by it. */
  #attempts = 0;
  #openedAt = 0;
  /** Attempts to connect since the connection was last open. */
  #tries = 0;
  #whenOpen: { resolve: () => void; reject: (error: Error) => void }[] = [];
  #whenClosed: (() => void)[] = [];

  constructor(endpoint: Endpoint, settings: ConnectionSettings, events: ConnectionEvents) {
    this.endpoint = endpoint;
    this.key = connectionKey(endpoint);
    this.#hosts = new HostList(endpoint, settings.failover ?? {});
    this.#host = hostAndPort(endpoint);
    this.#retries = new Retries(endpoint, settings, this.#hosts);
    this.#answers = new AnswerWatch(settings, this.#hosts, (error) => events.failed(located(error, this.#host)));
    this.#links = new ConnectionLinks(settings, settings.environment.clock);
    this.#renewal = new Renewal(settings.environment.clock);
    this.#settings = settings;
    this.#events = events;
  }

  get state(): ConnectionState {
    return this.#state;
  }

  /** The host that is dialled or connected, as `host:port`; between two attempts, the last one. */
  get host(): string {
    return this.#host;
  }

  /** The container-id of the peer, while the connection is open. */
  get peerId(): string | undefined {
    return this.#state === 'open' ? this.#transport?.peerId : undefined;
  }

  open(link: Link): void {
    this.#links.add(link);
    if (this.#isRenewing) return; // it is attached on the next socket
    if (this.#state === 'open') this.#attach(link);
    else if (this.#state === 'closed') this.#connect('connecting');
  }

  close(link: Link, how?: LinkClose): Promise<void> {
    this.#links.forget(link);
    this.#endIfIdle();
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
      const waiting = this.#transport === undefined;
      this.#become('closing');
      this.#cancelTimer();
      this.#renewal.cancel();
      if (waiting) this.#end(undefined);
      else this.#transport?.close();
    });
  }

  get #clock(): Clock {
    return this.#settings.environment.clock;
  }

  #connect(state: 'connecting' | 'reconnecting'): void {
    this.#host = hostAndPort(this.#hosts.current);
    if (this.#state !== state) this.#become(state);
    const { connectTimeout, sasl = {}, credentials: byHost } = this.#settings;
    const attempt = ++this.#attempts;
    log('%s: attempt %d', this.#host, ++this.#tries);
    this.#timer = this.#clock.setTimeout(() => this.#timedOut(), connectTimeout);
    try {
      const credentials = credentialsFor(this.#hosts.current, sasl, byHost);
      if (!(credentials instanceof Promise)) {
        this.#dial(credentials);
        return;
      }
      credentials.then(
        (known) => this.#attempts === attempt && this.#dial(known),
        (error: unknown) => this.#attempts === attempt && this.#closed(failureError(error)),
      );
    } catch (error) {
      this.#fail(error);
    }
  }

  #timedOut(): void {
    const { connectTimeout } = this.#settings;
    if (this.#transport === undefined) {
      this.#closed(new ConnectionError(`No token could be had within ${connectTimeout} ms.`));
    } else {
      this.#transport.destroy(new ConnectionError(`the host did not answer within ${connectTimeout} ms.`));
    }
  }

  #dial(credentials: Credentials): void {
    try {
      this.#tokenExpires = credentials.expires;
      this.#transport = openTransport(this.#hosts.current, credentials, this.#settings, this, this.#answers);
    } catch (error) {
      this.#fail(error);
    }
  }

  /**
   * Nothing was dialled, and trying again would not help. A host that a peer has named is passed over, though. Told in a
   * later tick, as every other failure to connect is.
   */
  #fail(error: unknown): void {
    this.#cancelTimer();
    const attempt = this.#attempts;
    this.#clock.nextTick(() => {
      if (this.#attempts !== attempt) return;
      if (this.#hosts.current.isNamedByPeer === true) this.#closed(failureError(error));
      else this.#end(located(failureError(error), this.#host));
    });
  }

  transportOpened(): void {
    this.#cancelTimer();
    if (this.#state === 'closing') return;
    this.#tries = 0;
    this.#openedAt = this.#clock.now();
    const { rhea } = this.#transport ?? {};
    if (rhea !== undefined && this.#settings.dialPeerHosts === true) this.#hosts.name(namedHosts(this.endpoint, rhea));
    this.#become('open');
    // With another token, before the peer cuts the connection for the one there is.
    this.#renewal.schedule(this.#tokenExpires, (limit) => {
      this.#isRenewing = true;
      this.#transport?.closeAtRest(limit);
    });
    this.#links.attachAll(this.#transport?.links);
    for (const { resolve } of this.#whenOpen.splice(0)) resolve();
    this.#endIfIdle();
  }

  #attach(link: Link): void {
    this.#cancelTimer();
    this.#transport?.links.attach(link);
  }

  linkRequested(request: LinkRequest): void {
    this.#events.linkRequested(request, this);
  }

  linkAccepted(link: Link): void {
    this.#cancelTimer();
    this.#links.addPeerLink(link);
  }

  linkClosed(link: Link, error: LinkError): boolean {
    const comesBack = this.#links.lost(link, error, this.#transport?.links);
    if (comesBack) this.#events.failed(error);
    else this.#endIfIdle();
    return comesBack;
  }

  /** Nobody uses it: unless that changes, it is closed. */
  #endIfIdle(): void {
    const { closeIdleAfter = 0 } = this.#settings;
    if (closeIdleAfter === 0 || this.#state !== 'open' || !this.#links.isEmpty) return;
    this.#cancelTimer();
    this.#timer = this.#clock.setTimeout(() => void this.stop(), closeIdleAfter);
  }

  transportClosed(_transport: Transport, reason: MessagingError | undefined): void {
    this.#closed(reason);
  }

  #closed(reason: MessagingError | undefined): void {
    this.#cancelTimer();
    this.#renewal.cancel();
    this.#attempts++;
    const openFor = this.#state === 'open' ? this.#clock.now() - this.#openedAt : undefined;
    const isUsed = this.#transport?.links.isUsed === true;
    const isUnanswered = !this.endpoint.tls && this.#transport?.gate.isUnanswered === true;
    this.#transport = undefined;
    const error = reason && located(reason, this.#host, isUnanswered);
    this.#links.socketLost(error ?? new ConnectionError(`The connection to ${this.#host} was closed.`));
    if (this.#state === 'closing') {
      this.#end(undefined);
      return;
    }
    const loss = { reason, openFor, isUsed, isWanted: this.#links.areWanted, isRenewal: this.#isRenewing };
    const delay = this.#retries.next(loss);
    this.#isRenewing = false;
    if (delay === undefined) this.#end(error);
    else this.#connectAgain(delay, error);
  }

  #connectAgain(delay: number, error: MessagingError | undefined): void {
    const state = this.#state === 'connecting' && delay === 0 ? 'connecting' : 'reconnecting';
    if (this.#state !== state) this.#become(state, error);
    log('%s: attempt %d in %d ms (%s)', this.#host, this.#tries + 1, delay, error?.message);
    if (delay === 0) {
      this.#connect(state);
      return;
    }
    this.#timer = this.#clock.setTimeout(() => this.#connect(state), delay);
    this.#timer.ref(); // a process that waits for its broker is not done
  }

  /** It is over: every link is told why. */
  #end(error: MessagingError | undefined): void {
    const links = this.#links.takeAll();
    this.#attempts++;
    this.#isRenewing = false;
    this.#retries.reset();
    this.#become('closed', error);
    const reason = error ?? new ConnectionError(`The connection to ${this.#host} was closed here.`);
    for (const link of links) link.closed(reason, 'lost');
    for (const { reject: refuse } of this.#whenOpen.splice(0)) refuse(reason);
    for (const resolve of this.#whenClosed.splice(0)) resolve();
  }

  #become(to: ConnectionState, error?: MessagingError): void {
    const from = this.#state;
    if (!mayFollow(from, to)) return;
    this.#state = to;
    log('%s: %s → %s%s', this.#host, from, to, error ? ` (${error.message})` : '');
    this.#events.stateChanged(this, from, to, error);
  }

  #cancelTimer(): void {
    if (this.#timer !== undefined) this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
