import type { ReceivedMessage } from '../codec/received-message.js';
import { AddressError, OptionError, PatternError, TrackerError } from '../errors.js';
import type { PeerError } from '../errors.js';
import { inspectAs } from '../inspect.js';
import type { Body } from '../message/body.js';
import type { Message, SendableMessage } from '../message/message.js';
import { ACCEPTED, RELEASED } from '../message/outcome.js';
import type { Modified } from '../message/outcome.js';
import type { Status } from '../queue/status.js';
import type { Tracker } from '../queue/tracker.js';
import { tellListeners } from '../tell-listeners.js';
import { followConfig } from './configured.js';
import type { FromConfigOptions } from './configured.js';
import type { Delivery } from './incoming/delivery.js';
import type { DeliveryStream } from './incoming/delivery-stream.js';
import { Engine } from './engine.js';
import type { ReceiveOptions } from './incoming/loops.js';
import type { MessengerOptions, StopOptions, WaitOptions } from './options/options.js';
import { MessengerProperties } from './properties.js';
import { plain } from './requests.js';
import type { RequestOptions } from './requests.js';
import { resolveOptions } from './options/settings.js';
import type { MessengerStats } from './stats.js';
import { checkSubscribeOptions } from './options/subscribe-options.js';
import type { SubscribeOptions } from './options/subscribe-options.js';
import type { Subscription } from './incoming/subscription.js';

/**
 * One queue out, one queue in, over AMQP 1.0. `put` and `send` on the way out, `subscribe`, `recv` and `get` on the way
 * in; trackers tell what became of a message, and a route table decides where names lead.
 */
export class Messenger extends MessengerProperties implements AsyncDisposable {
  static {
    inspectAs(this, ({ name, outgoing, incoming }) => `Messenger { ${name}, ${outgoing} out, ${incoming} in }`);
  }

  /**
   * Makes a messenger from a configuration file: its options, routes and rewrites.
   *
   * @param path Default: what the environment variable `AMQP_MESSENGER_CONFIG` names, else the nearest
   * `amqp-messenger.config.yaml`, `.yml` or `.json` in the current folder or one above.
   * @param options Which profile, options that go before those of the file, and whether to watch the file.
   * @throws ConfigError when there is no file, or it cannot be read or used; OptionError as the constructor does.
   */
  static async fromConfig(path?: string, options: FromConfigOptions = {}): Promise<Messenger> {
    // Loaded now, so that programs without a file pay for neither parser nor schema.
    const { loadConfig } = await import('../config/load-config.js');
    const config = await loadConfig(path, options);
    const messenger = new Messenger({ ...config.options, ...options.messenger });
    messenger.#unfollow = await followConfig(config, options, messenger.#engine);
    return messenger;
  }

  readonly #engine: Engine;
  /** Ends the watch over a configuration file. */
  #unfollow: () => void = () => undefined;

  /**
   * @param options How it behaves; see `MessengerOptions` for the defaults.
   * @throws OptionError for an unknown option or one of the wrong type.
   */
  constructor(options: MessengerOptions = {}) {
    const settings = resolveOptions(options);
    super(settings);
    this.#engine = new Engine(settings, {
      listenerCount: (name) => this.listenerCount(name),
      tell: (name, ...values) => tellListeners(this, name, values),
    });
  }

  /** Its name: the AMQP container-id. */
  get name(): string {
    return this.#engine.name;
  }

  /** Messages put that have no outcome yet. */
  get outgoing(): number {
    return this.#engine.outgoing.outgoing;
  }

  /** Messages received that wait for `get`. */
  get incoming(): number {
    return this.#engine.incoming.incoming;
  }

  /** How many messages peers may still send: credit granted, and credit that waits for a link. */
  get receiving(): number {
    return this.#engine.incoming.receiving;
  }

  /** Whether it is connected to nothing and listens on nothing. True before first use and after `stop`. */
  get stopped(): boolean {
    return this.#engine.pool.isIdle;
  }

  /** The tracker of the last message that was put. */
  get outgoingTracker(): Tracker | undefined {
    return this.#engine.outgoing.last;
  }

  /** The tracker of the last message that `get` or a loop has given out. */
  get incomingTracker(): Tracker | undefined {
    return this.#engine.incoming.last;
  }

  /**
   * Connections open when they are needed, so without options this does nothing.
   *
   * @param options With `checkRoutes`, every route whose address names a host and a port, and has no `$` in them, is
   * connected to now; the connections stay open.
   * @throws ConnectionError or AddressError: the first that could not be opened. TimeoutError when it takes too long.
   */
  async start(options: WaitOptions & { checkRoutes?: boolean } = {}): Promise<void> {
    this.#engine.requireReady();
    if (options.checkRoutes === true) await this.#engine.checkRoutes(options);
  }

  /** A look at it: what is queued, how messages have ended, and which connections there are. */
  stats(): MessengerStats {
    return this.#engine.stats;
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
    this.#engine.routes.add(pattern, address);
    this.#engine.hosts.addAddress(address);
    this.#engine.outgoing.routesChanged();
    return this;
  }

  /**
   * Adds a rewrite: what the `to` of a message says on the wire when its address matches. It does not change where the
   * message goes. Without a rewrite that matches, user and password are taken out of the address.
   *
   * @param address What to write instead, or `null` to leave `to` out.
   * @throws PatternError when `pattern` is not a string or `address` neither a string nor `null`.
   */
  rewrite(pattern: string, address: string | null): this {
    this.#engine.rewrites.add(pattern, address);
    this.#engine.outgoing.routesChanged();
    return this;
  }

  /**
   * Queues a message for its `address`. It is encoded now, so the message may be changed and used again afterwards; it is
   * written when this turn of the event loop ends, as far as the peer takes it.
   *
   * @returns The tracker of the message.
   * @throws AddressError, EncodeError, OptionError for a `ttl` or `expiryTime` that is no time, QueueFullError or
   * StateError. Nothing is queued then.
   */
  put<Content = Body>(message: SendableMessage<Content>): Tracker {
    this.#engine.requireReady();
    // What is sendable is a body, which the compiler cannot see of a type it does not know.
    return this.#engine.outgoing.put(message as Message);
  }

  /**
   * Waits until every message put so far has its outcome; with `outgoingWindow: 0`, until it is written. Messages put
   * meanwhile do not count.
   *
   * @param count Wait only until this many fewer messages are outstanding. Default -1: all.
   * @returns Whether they have; `false` only without `blocking`.
   * @throws SendError when messages were aborted, now or since the last `send`; it names them.
   * @throws TimeoutError when the time runs out. The messages stay queued.
   */
  async send(count = -1, options: WaitOptions = {}): Promise<boolean> {
    this.#engine.requireOpen();
    return this.#engine.outgoing.send(count, options);
  }

  /** Waits until `put` has room again. Resolves at once when it has. */
  async ready(options: WaitOptions = {}): Promise<void> {
    this.#engine.requireOpen();
    await this.#engine.outgoing.ready(options);
  }

  /**
   * Starts to receive: from the address of a peer, or, with `~` before the host, from whoever connects to that port.
   * An address ending in `/#` asks the peer for a node of its own. Returns at once; the subscription's `ready` tells
   * whether it worked, and so does `recv`.
   *
   * Subscribing twice to one address with the same options gives the same subscription, unless it is one to listen on or
   * a node of its own.
   *
   * @throws AddressError, OptionError or StateError.
   */
  subscribe(address: string, options: SubscribeOptions = {}): Subscription {
    this.#engine.requireReady();
    if (typeof address !== 'string') throw new OptionError('subscribe() takes an address, a string.');
    checkSubscribeOptions(options);
    return this.#engine.incoming.subscribe(this.#engine.routes.resolve(address) ?? '', options);
  }

  /**
   * Lets peers send, and waits until at least one message can be got.
   *
   * @param count How many messages peers may send in all; -1, the default, keeps about 1024 on their way for each
   * subscription; -2 leaves credit as it is.
   * @returns Whether one can be got; `false` only without `blocking`.
   * @throws TimeoutError when none has come in time; the credit stays.
   * @throws NoSourcesError when there is nothing to receive from; its cause is why the last subscription failed.
   */
  async recv(count = -1, options: WaitOptions = {}): Promise<boolean> {
    this.#engine.requireOpen();
    return this.#engine.incoming.recv(count, options);
  }

  /**
   * The messages as they come, for `for await`. Leaving the loop stops granting credit; what has come by then waits for
   * `get`. Several loops share what comes. A message that is not valid AMQP is rejected, told as an `error` event, and
   * passed over. With `incomingWindow: 0` each is accepted as it is given out; above 0, no more than that many wait for an
   * outcome at a time, and the loop waits with them.
   *
   * @throws OptionError, or StateError for a subscription that has ended. The loop throws NoSourcesError or the error of
   * the subscription when nothing can come any more, and the signal's reason; it ends when the messenger is stopped.
   */
  receive<Content = Body>(options: ReceiveOptions = {}): DeliveryStream<Content> {
    this.#engine.requireOpen();
    // What the program takes the bodies for, nobody checks.
    return this.#engine.incoming.receive(options) as DeliveryStream<Content>;
  }

  /**
   * Sends a message and waits for the answer: the message whose `correlationId` is the `id` of this one, which is given
   * one if it has none. Answers come to a node that the peer makes, one for all requests to it, or to `replyTo`.
   *
   * @throws TimeoutError; LinkError when the peer has not taken the message or makes no node for answers: give it
   * `replyTo` then. Otherwise as `put` does.
   */
  async request<Content = Body>(
    message: SendableMessage<Content>,
    options: RequestOptions = {},
  ): Promise<ReceivedMessage> {
    this.#engine.requireReady();
    return this.#engine.requests.request(message as Message, options);
  }

  /**
   * Puts the answer to a message that was received: to its `replyTo`, with its `correlationId`, else its `id`, as
   * `correlationId`. The answer goes over the connection that the message came by. It goes to another host only when
   * `replyTo` names one that this program has named, too: whoever sent the message has chosen that address.
   *
   * @returns The tracker of the answer.
   * @throws AddressError when the message has no `replyTo`, StateError when the peer that has sent it is gone. Otherwise as
   * `put` does.
   */
  reply<Content = Body>(to: Delivery<unknown>, message: Omit<SendableMessage<Content>, 'address'>): Tracker {
    this.#engine.requireReady();
    const { replyTo, correlationId, id } = to.message;
    if (replyTo === undefined) throw new AddressError('The message has no replyTo, so nobody waits for an answer.');
    const fields = plain(message as Message);
    const answer = { ...fields, correlationId: fields.correlationId ?? correlationId ?? id, address: replyTo };
    const { outgoing, incoming } = this.#engine;
    return outgoing.namesKnownHost(replyTo) ? outgoing.put(answer) : outgoing.reply(answer, incoming.connectionOf(to));
  }

  /** Takes the oldest message unread, and gives its tracker. It counts as got. */
  get(into: null): Tracker | undefined;
  /**
   * Takes the oldest message that was received, over all subscriptions. `undefined` when there is none.
   * With `incomingWindow: 0` it is accepted at once, else it waits for `accept`, `reject`, `release` or `modify`.
   *
   * @param into A message to fill with the fields; what it held before is gone. It is decoded whole then.
   * @throws DecodeError when the message is not valid AMQP. It has been rejected then, and the next `get` goes on.
   * OptionError when `into` is no object that can be changed; then nothing was taken.
   */
  get<Content = Body>(into?: Message<Content>): Delivery<Content> | undefined;
  get(into?: Message | null): Delivery | Tracker | undefined {
    return into === null ? this.#engine.incoming.discard() : this.#engine.incoming.get(into);
  }

  /**
   * Tells the sender that a message is dealt with. Without a tracker: everything `get` has returned so far, as far as the
   * window reaches. What already has an outcome keeps it.
   *
   * @param options With `cumulative`, everything in the window through the tracker.
   * @throws TrackerError for a tracker that is not an incoming one of this messenger, or whose message has left the window
   * and so has another outcome.
   */
  accept(tracker?: Tracker, options: { cumulative?: boolean } = {}): void {
    this.#engine.incoming.finish(tracker, ACCEPTED, options.cumulative);
  }

  /**
   * Tells the sender that a message is not valid. Brokers drop it or put it aside.
   *
   * @param error Why: a condition such as `amqp:not-allowed`, and words for people.
   * @throws TrackerError as `accept` does, and StateError with `incomingWindow: 0`, where every message is accepted
   * before it could be rejected.
   */
  reject(tracker?: Tracker, error?: PeerError, options: { cumulative?: boolean } = {}): void {
    this.#engine.incoming.window.requireWindow('reject');
    this.#engine.incoming.finish(tracker, { type: 'rejected', error }, options.cumulative);
  }

  /** Gives a message back untouched: it may be delivered again, to anybody. Throws as `reject` does. */
  release(tracker?: Tracker, options: { cumulative?: boolean } = {}): void {
    this.#engine.incoming.window.requireWindow('release');
    this.#engine.incoming.finish(tracker, RELEASED, options.cumulative);
  }

  /** Gives a message back changed. Throws as `reject` does. */
  modify(
    tracker: Tracker | undefined,
    change: Omit<Modified, 'type'> = {},
    options: { cumulative?: boolean } = {},
  ): void {
    this.#engine.incoming.window.requireWindow('modify');
    this.#engine.incoming.finish(tracker, { type: 'modified', ...change }, options.cumulative);
  }

  /**
   * Settles an incoming delivery, with the `defaultOutcome` when it was given none, and forgets it. An outgoing one is settled by
   * itself as soon as its outcome is known, so it is only forgotten: `status` no longer answers for it. It is sent all
   * the same.
   *
   * @param tracker Default: the last outgoing one, and all before it.
   * @param options With `cumulative`, everything through the tracker.
   * @throws TrackerError for a tracker of another messenger.
   */
  settle(tracker?: Tracker, options: { cumulative?: boolean } = {}): void {
    const cumulative = options.cumulative ?? tracker === undefined;
    if (tracker === undefined || this.#engine.outgoing.owns(tracker)) this.#engine.outgoing.settle(tracker, cumulative);
    else this.#engine.incoming.settle(tracker, cumulative);
  }

  /**
   * Where a message stands. `undefined` when that is not remembered: it was settled with `settle`, or it has its outcome
   * and is not among the last `outgoingWindow` put or `incomingWindow` got. `tracker.status` always tells.
   *
   * @throws TrackerError for a tracker of another messenger.
   */
  status(tracker: Tracker): Status | undefined {
    if (this.#engine.outgoing.owns(tracker)) return this.#engine.outgoing.status(tracker);
    if (this.#engine.incoming.owns(tracker)) return this.#engine.incoming.status(tracker);
    throw new TrackerError('The tracker is of another messenger.');
  }

  /** Whether a message that was put has not left yet. Throws `TrackerError` for a tracker that is not an outgoing one. */
  buffered(tracker: Tracker): boolean {
    if (this.#engine.outgoing.owns(tracker)) return tracker.isQueued;
    throw new TrackerError('An outgoing tracker of this messenger is needed: what put() gave.');
  }

  /**
   * Waits until something has happened since the last call: a message has come, one that was put has its outcome, or a
   * connection has changed. Neither `blocking` nor the messenger's `timeout` counts here.
   *
   * @param timeout In milliseconds; negative, the default, for ever.
   * @returns Whether something has; `false` when the time ran out.
   */
  async work(timeout = -1, options: { signal?: AbortSignal } = {}): Promise<boolean> {
    this.#engine.requireOpen();
    return this.#engine.work(timeout, options.signal);
  }

  /** Ends every call that waits with an `InterruptError`; when none does, the next that would. */
  interrupt(): void {
    this.#engine.waits.interrupt();
  }

  /**
   * Closes every connection and stops listening. Messages without an outcome are aborted: call `send` first. Messages
   * that were received can still be got; what was not accepted before, peers will deliver again, so it is too late to
   * accept it now. The messenger can be used again afterwards.
   *
   * Without `blocking` it does not wait; `stopped` tells when it is done.
   *
   * @param options With `drain`, it first waits until every message put has its outcome, as `send` does, and for no longer
   * than `timeout`.
   * @throws TimeoutError when peers do not let go in time. SendError, with `drain`, when messages were given up: it names
   * them, and everything is closed then.
   */
  async stop(options: StopOptions = {}): Promise<void> {
    await this.#engine.stop(options);
  }

  /**
   * Stops for good: afterwards `put`, `send`, `ready`, `subscribe`, `recv` and `start` throw `StateError`. Closing twice
   * waits for the same end.
   */
  async close(options: StopOptions = {}): Promise<void> {
    this.#unfollow();
    await this.#engine.close(options);
  }

  /** Closes it at the end of an `await using` block. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
