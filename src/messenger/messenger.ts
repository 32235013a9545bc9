import { EventEmitter } from 'node:events';
import { v4 as uuid } from 'uuid';
import { RouteTable } from '../address/route-table.js';
import { OptionError, PatternError, StateError, TrackerError } from '../errors.js';
import type { MessagingError, PeerError } from '../errors.js';
import { Acceptor } from '../link/acceptor.js';
import { SYSTEM_CLOCK } from '../link/clock.js';
import type { ConnectionSettings } from '../link/connection.js';
import { DEFAULT_LIMITS } from '../link/limits.js';
import type { LinkRequest } from '../link/link-request.js';
import { ConnectionPool } from '../link/pool.js';
import { createContainer } from '../link/rhea-seam.js';
import { logger } from '../log.js';
import type { Message } from '../message/message.js';
import { ACCEPTED, RELEASED } from '../message/outcome.js';
import type { Modified } from '../message/outcome.js';
import type { Status } from '../queue/status.js';
import type { Tracker } from '../queue/tracker.js';
import type { MessengerEvents } from './events.js';
import { Inbound } from './inbound.js';
import type { Received } from './inbound.js';
import { resolveOptions, resolveTimeout } from './options.js';
import type { MessengerOptions, Settings, WaitOptions } from './options.js';
import { Outbound } from './outbound.js';
import type { Subscription } from './subscription.js';
import { wait } from './wait.js';

const log = logger('messenger');

/**
 * One queue out, one queue in, over AMQP 1.0. `put` and `send` on the way out, `subscribe`, `recv` and `get` on the way
 * in; trackers tell what became of a message, and a route table decides where names lead.
 */
export class Messenger extends EventEmitter<MessengerEvents> implements AsyncDisposable {
  readonly #settings: Settings;
  readonly #name: string;
  readonly #routes = new RouteTable();
  readonly #rewrites = new RouteTable();
  readonly #connectionSettings: ConnectionSettings;
  readonly #pool: ConnectionPool;
  readonly #outbound: Outbound;
  readonly #inbound: Inbound;
  #state: 'ready' | 'stopping' | 'closed' = 'ready';
  #stopping: Promise<void> | undefined;

  /**
   * @param options How it behaves; see `MessengerOptions` for the defaults.
   * @throws OptionError for an unknown option or one of the wrong type.
   */
  constructor(options: MessengerOptions = {}) {
    super();
    const settings = resolveOptions(options);
    this.#settings = settings;
    this.#name = settings.name ?? uuid();
    const { maxFrameSize, maxMessageSize, idleTimeout } = settings;
    this.#connectionSettings = {
      container: createContainer(this.#name),
      limits: { ...DEFAULT_LIMITS, maxFrameSize, maxMessageSize, idleTimeout },
      reconnect: settings.reconnect,
      connectTimeout: settings.connectTimeout,
      tls: settings.tls,
      allowInsecureMechs: settings.allowInsecureMechs,
      clock: SYSTEM_CLOCK,
      random: Math.random,
    };
    this.#pool = new ConnectionPool(this.#connectionSettings, {
      stateChanged: ({ endpoint: { host, port } }, from, to, error) => {
        this.#tell('connection', { endpoint: `${host}:${port}`, from, to, error });
        if (to === 'closed') this.#inbound.sourcesChanged();
      },
      linkRequested: (request) => this.#linkRequested(request, undefined),
    });
    const host = {
      name: this.#name,
      settings,
      pool: this.#pool,
      routes: this.#routes,
      rewrites: this.#rewrites,
      createAcceptor: (tls: boolean, subscription: Subscription) => this.#createAcceptor(tls, subscription),
      failed: (error: MessagingError) => this.#failed(error),
    };
    this.#outbound = new Outbound(host);
    this.#inbound = new Inbound(host);
  }

  /** Its name: the AMQP container-id. */
  get name(): string {
    return this.#name;
  }

  /** Messages put that have no outcome yet. */
  get outgoing(): number {
    return this.#outbound.outgoing;
  }

  /** Messages received that wait for `get`. */
  get incoming(): number {
    return this.#inbound.incoming;
  }

  /** How many messages peers may still send: credit granted, and credit that waits for a link. */
  get receiving(): number {
    return this.#inbound.receiving;
  }

  /** Whether it is connected to nothing and listens on nothing. True before first use and after `stop`. */
  get stopped(): boolean {
    return this.#pool.isIdle;
  }

  /** Does nothing: connections open when they are needed. It is here because the original has it (spec §1.4). */
  start(): Promise<void> {
    this.#requireReady();
    return Promise.resolve();
  }

  /**
   * Adds a route: an address that matches `pattern` goes to `address` instead, for `put` and `subscribe` alike. What the
   * message's `to` says is not changed. Rules are tried in the order of adding; the first that matches decides.
   *
   * @param pattern `%` matches anything but `/`, `*` matches anything.
   * @param address Where to go: `$1` stands for what the first wildcard matched.
   * @throws PatternError when either is not a string.
   */
  route(pattern: string, address: string): this {
    if (typeof address !== 'string') throw new PatternError('route() needs an address: a message has to go somewhere.');
    this.#routes.add(pattern, address);
    this.#outbound.routesChanged();
    return this;
  }

  /**
   * Adds a rewrite: what the `to` of a message says on the wire when its address matches. It does not change where the
   * message goes. Without a rewrite that matches, user and password are taken out of the address (spec §3.3).
   *
   * @param address What to write instead, or `null` to leave `to` out.
   * @throws PatternError when `pattern` is not a string or `address` neither a string nor `null`.
   */
  rewrite(pattern: string, address: string | null): this {
    this.#rewrites.add(pattern, address);
    this.#outbound.routesChanged();
    return this;
  }

  /**
   * Queues a message for its `address`. It is encoded now, so the message may be changed and used again afterwards; it is
   * written when this turn of the event loop ends, as far as the peer takes it.
   *
   * @returns The tracker of the message.
   * @throws AddressError, EncodeError, QueueFullError or StateError. Nothing is queued then.
   */
  put(message: Message): Tracker {
    this.#requireReady();
    return this.#outbound.put(message);
  }

  /**
   * Waits until every message put so far has its outcome; with `outgoingWindow: 0`, until it is written. Messages put
   * meanwhile do not count.
   *
   * @param count Wait only until this many fewer messages are outstanding. Default -1: all.
   * @throws SendError when messages were aborted, now or since the last `send`; it names them.
   * @throws TimeoutError when the time runs out. The messages stay queued.
   */
  async send(count = -1, options: WaitOptions = {}): Promise<void> {
    this.#requireOpen();
    await this.#outbound.send(count, options);
  }

  /** Waits until `put` has room again. Resolves at once when it has. */
  async ready(options: WaitOptions = {}): Promise<void> {
    this.#requireOpen();
    await this.#outbound.ready(options);
  }

  /**
   * Starts to receive: from the address of a peer, or, with `~` before the host, from whoever connects to that port.
   * An address ending in `/#` asks the peer for a node of its own. Returns at once; the subscription's `ready` tells
   * whether it worked, and so does `recv`.
   *
   * Subscribing twice to one address gives the same subscription, unless it is one to listen on or a node of its own.
   *
   * @throws AddressError or StateError.
   */
  subscribe(address: string): Subscription {
    this.#requireReady();
    if (typeof address !== 'string') throw new OptionError('subscribe() takes an address, a string.');
    return this.#inbound.subscribe(this.#routes.resolve(address) ?? '');
  }

  /**
   * Lets peers send, and waits until at least one message can be got.
   *
   * @param count How many messages peers may send in all; -1, the default, keeps about 1024 on their way for each
   * subscription; -2 leaves credit as it is.
   * @throws TimeoutError when none has come in time; the credit stays.
   * @throws NoSourcesError when there is nothing to receive from; its cause is why the last subscription failed.
   */
  async recv(count = -1, options: WaitOptions = {}): Promise<void> {
    this.#requireOpen();
    await this.#inbound.recv(count, options);
  }

  /**
   * Takes the oldest message that was received, over all subscriptions. `undefined` when there is none.
   * With `incomingWindow: 0` it is accepted at once, else it waits for `accept`, `reject`, `release` or `modify`.
   *
   * @throws DecodeError when the message is not valid AMQP. It has been rejected then, and the next `get` goes on.
   */
  get(): Received | undefined {
    return this.#inbound.get();
  }

  /**
   * Tells the sender that a message is dealt with. Without a tracker: everything `get` has returned so far, as far as the
   * window reaches. What already has an outcome keeps it.
   *
   * @throws TrackerError for a tracker that is not an incoming one of this messenger.
   */
  accept(tracker?: Tracker): void {
    this.#inbound.finish(tracker, ACCEPTED);
  }

  /**
   * Tells the sender that a message is not valid. Brokers drop it or put it aside.
   *
   * @param error Why: a condition such as `amqp:not-allowed`, and words for people.
   * @throws TrackerError as `accept` does, and StateError with `incomingWindow: 0`, where every message is accepted
   * before it could be rejected.
   */
  reject(tracker?: Tracker, error?: PeerError): void {
    this.#requireWindow('reject');
    this.#inbound.finish(tracker, { type: 'rejected', error });
  }

  /** Gives a message back untouched: it may be delivered again, to anybody. Throws as `reject` does. */
  release(tracker?: Tracker): void {
    this.#requireWindow('release');
    this.#inbound.finish(tracker, RELEASED);
  }

  /** Gives a message back changed. Throws as `reject` does. */
  modify(tracker: Tracker | undefined, change: Omit<Modified, 'type'> = {}): void {
    this.#requireWindow('modify');
    this.#inbound.finish(tracker, { type: 'modified', ...change });
  }

  /**
   * Settles an incoming delivery: without an outcome, when it was given none. An outgoing one is settled by itself as
   * soon as its outcome is known, so for those there is nothing to do.
   *
   * @param options With `cumulative`, everything in the window through the tracker.
   * @throws TrackerError for a tracker of another messenger.
   */
  settle(tracker: Tracker, options: { cumulative?: boolean } = {}): void {
    if (this.#outbound.owns(tracker)) return;
    this.#inbound.settle(tracker, options.cumulative ?? false);
  }

  /** Where a message stands. Throws TrackerError for a tracker of another messenger. */
  status(tracker: Tracker): Status {
    if (!this.#outbound.owns(tracker) && !this.#inbound.owns(tracker)) {
      throw new TrackerError('The tracker is of another messenger.');
    }
    return tracker.status;
  }

  /**
   * Closes every connection and stops listening. Messages without an outcome are aborted: call `send` first. Messages
   * that were received can still be got; what was not accepted before, peers will deliver again, so it is too late to
   * accept it now. The messenger can be used again afterwards.
   *
   * @throws TimeoutError when peers do not let go in time.
   */
  async stop(options: WaitOptions = {}): Promise<void> {
    const stopped = this.#state === 'closed' ? this.#stopping : this.#stopOnce();
    if (stopped === undefined) return;
    const timeout = resolveTimeout(options.timeout, this.#settings.timeout);
    const limits = { timeout, signal: options.signal, onTimeout: () => 'Connections are still closing.' };
    await wait<undefined>(limits, (settle) => {
      stopped.then(
        () => settle.resolve(undefined),
        (error: unknown) => settle.reject(error),
      );
      return () => undefined;
    });
  }

  /**
   * Stops for good: afterwards `put`, `send`, `ready`, `subscribe`, `recv` and `start` throw `StateError`. Closing twice
   * waits for the same end.
   */
  async close(options: WaitOptions = {}): Promise<void> {
    const stopped = this.stop(options);
    this.#state = 'closed';
    await stopped;
  }

  /** Closes it at the end of an `await using` block. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** However many ask for it, there is one stop at a time. */
  #stopOnce(): Promise<void> {
    this.#stopping ??= this.#stopAll().finally(() => {
      this.#stopping = undefined;
    });
    return this.#stopping;
  }

  async #stopAll(): Promise<void> {
    this.#state = 'stopping';
    this.#inbound.stop();
    this.#outbound.stop();
    await this.#pool.stop();
    this.#outbound.forgetAborted();
    this.#inbound.resume();
    this.#becomeReady();
  }

  #becomeReady(): void {
    // Unless it was closed meanwhile.
    if (this.#state === 'stopping') this.#state = 'ready';
  }

  #requireOpen(): void {
    if (this.#state === 'closed') throw new StateError('The messenger is closed. Make a new one.');
  }

  #requireReady(): void {
    this.#requireOpen();
    if (this.#state === 'stopping') throw new StateError('The messenger is stopping. Await stop() first.');
  }

  #requireWindow(call: string): void {
    if (this.#settings.incomingWindow !== 0) return;
    throw new StateError(
      `${call}() has no effect with incomingWindow 0: get() has accepted the message. Set a window.`,
    );
  }

  #createAcceptor(tls: boolean, subscription: Subscription): Acceptor {
    return new Acceptor(tls, this.#connectionSettings, {
      linkRequested: (request) => this.#linkRequested(request, subscription),
      connectionClosed: () => this.#inbound.sourcesChanged(),
    });
  }

  #linkRequested(request: LinkRequest, subscription: Subscription | undefined): void {
    if (request.role === 'receiver') this.#inbound.accept(request, subscription);
    else this.#outbound.accept(request);
  }

  #failed(error: MessagingError): void {
    log('%s', error.message);
    if (this.listenerCount('error') > 0) this.#tell('error', error);
  }

  /** What a listener throws is the process's to hear, as ever, but not the connection's in whose middle this runs. */
  #tell<Name extends keyof MessengerEvents>(name: Name, ...values: MessengerEvents[Name]): void {
    try {
      // The listener types of EventEmitter do not follow a generic name.
      (this as EventEmitter).emit(name, ...values);
    } catch (error) {
      queueMicrotask(() => {
        throw error;
      });
    }
  }
}
