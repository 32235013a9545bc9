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
 * Sends and receives messages over AMQP 1.0, with one outgoing and one incoming queue. `put` and `send` send;
 * `subscribe`, `recv` and `get` receive. Trackers tell the status of each message, and a route table maps names to
 * addresses.
 */
export class Messenger extends MessengerProperties implements AsyncDisposable {
  static {
    inspectAs(this, ({ name, outgoing, incoming }) => `Messenger { ${name}, ${outgoing} out, ${incoming} in }`);
  }

  /**
   * Makes a messenger from a configuration file: its options, routes and rewrites.
   *
   * @param path Default: the file that the environment variable `AMQP_MESSENGER_CONFIG` names, else the nearest
   * `amqp-messenger.config.yaml`, `.yml` or `.json` in the current folder or one above.
   * @param options The profile, options that override those of the file, and whether to watch the file.
   * @throws ConfigError when there is no file, or it cannot be read or used; OptionError as the constructor does.
   */
  static async fromConfig(path?: string, options: FromConfigOptions = {}): Promise<Messenger> {
    // Loaded only now, so that programs without a file load neither parser nor schema.
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
   * @param options See `MessengerOptions` for units and defaults.
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

  /** The name of the messenger: its AMQP container-id. */
  get name(): string {
    return this.#engine.name;
  }

  /** The number of messages that were put and have no outcome yet. */
  get outgoing(): number {
    return this.#engine.outgoing.outgoing;
  }

  /** The number of received messages that wait for `get`. */
  get incoming(): number {
    return this.#engine.incoming.incoming;
  }

  /** The number of messages that peers may still send: granted credit, and credit that waits for a link. */
  get receiving(): number {
    return this.#engine.incoming.receiving;
  }

  /** True if there is no connection and no listening port, as before the first use and after `stop`. */
  get stopped(): boolean {
    return this.#engine.pool.isIdle;
  }

  /** The tracker of the last message that was put. */
  get outgoingTracker(): Tracker | undefined {
    return this.#engine.outgoing.last;
  }

  /** The tracker of the last message that `get` or a loop returned. */
  get incomingTracker(): Tracker | undefined {
    return this.#engine.incoming.last;
  }

  /**
   * Does nothing without options, because connections open when they are needed.
   *
   * @param options With `checkRoutes`, it connects to every route whose address names a host and a port without a `$`
   * in them; the connections stay open.
   * @throws ConnectionError or AddressError of the first connection that failed. TimeoutError at the time limit.
   */
  async start(options: WaitOptions & { checkRoutes?: boolean } = {}): Promise<void> {
    this.#engine.requireReady();
    if (options.checkRoutes === true) await this.#engine.checkRoutes(options);
  }

  /** Returns a snapshot: queued messages, counts of outcomes, and connections. */
  stats(): MessengerStats {
    return this.#engine.stats;
  }

  /**
   * Adds a route: `put` and `subscribe` use `address` in place of an address that matches `pattern`. The `to` of
   * messages is not changed. The first rule that matches, in the order of adding, decides.
   *
   * @param pattern `%` matches anything but `/`, `*` matches anything.
   * @param address The destination. `$1` stands for the text that the first wildcard matched.
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
   * Adds a rewrite: the `to` to send with a message whose address matches. It does not change the destination of the
   * message. Without a matching rewrite, user and password are removed from the address.
   *
   * @param address The text to send as `to`, or `null` to leave `to` out.
   * @throws PatternError when `pattern` is not a string or `address` neither a string nor `null`.
   */
  rewrite(pattern: string, address: string | null): this {
    this.#engine.rewrites.add(pattern, address);
    this.#engine.outgoing.routesChanged();
    return this;
  }

  /**
   * Queues a message for its `address`. Encodes it at once, so the program may change it afterwards. The message is
   * sent at the end of the current tick, if the peer has given credit.
   *
   * @returns The tracker of the message.
   * @throws AddressError, EncodeError, OptionError for an invalid `ttl` or `expiryTime`, QueueFullError or StateError.
   * Nothing is queued then.
   */
  put<Content = Body>(message: SendableMessage<Content>): Tracker {
    this.#engine.requireReady();
    // A sendable type is a body, which the compiler cannot infer for a generic type.
    return this.#engine.outgoing.put(message as Message);
  }

  /**
   * Waits until every message that was put before has its outcome, or with `outgoingWindow: 0` is written. Messages
   * that are put meanwhile do not count.
   *
   * @param count Wait only until this many fewer messages are outstanding. Default -1: all.
   * @returns True when they have; `false` only without `blocking`.
   * @throws SendError when messages were aborted, now or since the last `send`; it names them.
   * @throws TimeoutError at the time limit. The messages stay queued.
   */
  async send(count = -1, options: WaitOptions = {}): Promise<boolean> {
    this.#engine.requireOpen();
    return this.#engine.outgoing.send(count, options);
  }

  /** Waits until `put` has room. Resolves at once when it has. */
  async ready(options: WaitOptions = {}): Promise<void> {
    this.#engine.requireOpen();
    await this.#engine.outgoing.ready(options);
  }

  /**
   * Starts to receive from the address of a peer, or, with `~` before the host, from every peer that connects to that
   * port. For an address that ends in `/#`, the peer creates a dynamic node. Returns at once; `ready` of the
   * subscription, and `recv`, reject when it fails.
   *
   * A second call with the same address and options returns the same subscription, except for a listening address or a
   * dynamic node.
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
   * Issues credit to peers, and waits until at least one message can be got.
   *
   * @param count The total credit in messages. -1, the default, keeps about 1024 messages on their way for each
   * subscription; -2 leaves the credit as it is.
   * @returns True when a message can be got; `false` only without `blocking`.
   * @throws TimeoutError when no message has come in time; the credit stays.
   * @throws NoSourcesError when there is no subscription to receive from; its cause is the error of the last one that
   * failed.
   */
  async recv(count = -1, options: WaitOptions = {}): Promise<boolean> {
    this.#engine.requireOpen();
    return this.#engine.incoming.recv(count, options);
  }

  /**
   * Iterates over messages as they arrive, with `for await`. Leaving the loop ends its credit; messages that have
   * arrived wait for `get`. Several loops share the messages. An invalid message is rejected, reported by an `error`
   * event, and skipped. With `incomingWindow: 0` each message is accepted as it is returned; above 0, the loop waits
   * while that many messages have no outcome.
   *
   * @throws OptionError, or StateError for a subscription that has ended. The loop throws NoSourcesError or the error
   * of the subscription when no message can come any more, and the signal's reason when that is aborted. It ends when
   * the messenger is stopped.
   */
  receive<Content = Body>(options: ReceiveOptions = {}): DeliveryStream<Content> {
    this.#engine.requireOpen();
    // The program has named the type of the bodies; it is not checked.
    return this.#engine.incoming.receive(options) as DeliveryStream<Content>;
  }

  /**
   * Sends a request and waits for its answer: the message whose `correlationId` is the `id` of the request. A request
   * without an `id` gets one. Answers arrive at a dynamic node, one for all requests to a peer, or at `replyTo`.
   *
   * @throws TimeoutError; LinkError when the peer has not accepted the message, or creates no dynamic node: use the
   * option `replyTo` then. Otherwise as `put` does.
   */
  async request<Content = Body>(
    message: SendableMessage<Content>,
    options: RequestOptions = {},
  ): Promise<ReceivedMessage> {
    this.#engine.requireReady();
    return this.#engine.requests.request(message as Message, options);
  }

  /**
   * Puts the answer to a received message: to its `replyTo`, with its `correlationId`, or else its `id`, as
   * `correlationId`. The answer goes over the connection of the message. It goes to another host in `replyTo` only if
   * this program has named that host, too, because the sender of the message has chosen that address.
   *
   * @returns The tracker of the answer.
   * @throws AddressError when the message has no `replyTo`, StateError when the connection of the message is closed.
   * Otherwise as `put` does.
   */
  reply<Content = Body>(to: Delivery<unknown>, message: Omit<SendableMessage<Content>, 'address'>): Tracker {
    this.#engine.requireReady();
    const { replyTo, correlationId, id } = to.message;
    if (replyTo === undefined) throw new AddressError('The message has no replyTo, so nobody waits for an answer.');
    const fields = plain(message as Message);
    const answer = { ...fields, correlationId: fields.correlationId ?? correlationId ?? id, address: replyTo };
    const { outgoing, incoming } = this.#engine;
    const origin = incoming.owns(to.tracker) ? incoming.connectionOf(to) : undefined;
    if (outgoing.namesOtherHost(replyTo, origin)) return outgoing.put(answer);
    return outgoing.reply(answer, incoming.connectionOf(to));
  }

  /** Takes the oldest message without decoding it, and returns its tracker. It counts as got. */
  get(into: null): Tracker | undefined;
  /**
   * Takes the oldest received message of all subscriptions. Returns `undefined` when there is none. With
   * `incomingWindow: 0` it is accepted at once, else it waits for `accept`, `reject`, `release` or `modify`.
   *
   * @param into A message to fill with the fields. Its former fields are removed, and the received message is decoded
   * completely.
   * @throws DecodeError when the message is invalid. It has been rejected then, and the next `get` takes the next
   * message. OptionError when `into` is not an object that can be changed; no message was taken then.
   */
  get<Content = Body>(into?: Message<Content>): Delivery<Content> | undefined;
  get(into?: Message | null): Delivery | Tracker | undefined {
    return into === null ? this.#engine.incoming.discard() : this.#engine.incoming.get(into);
  }

  /**
   * Accepts a message: it was processed. Without a tracker, accepts every message in the window that `get` has
   * returned. Messages that have an outcome keep it.
   *
   * @param options With `cumulative`, all messages in the window up to the tracker.
   * @throws TrackerError for a tracker that is not an incoming one of this messenger, or whose message has left the
   * window and so has another outcome.
   */
  accept(tracker?: Tracker, options: { cumulative?: boolean } = {}): void {
    this.#engine.incoming.finish(tracker, ACCEPTED, options.cumulative);
  }

  /**
   * Rejects a message: it is invalid. Brokers drop it, or move it to a dead-letter queue.
   *
   * @param error The reason: a condition such as `amqp:not-allowed`, and a description.
   * @throws TrackerError as `accept` does, and StateError with `incomingWindow: 0`, which accepts every message as it
   * is returned.
   */
  reject(tracker?: Tracker, error?: PeerError, options: { cumulative?: boolean } = {}): void {
    this.#engine.incoming.window.requireWindow('reject');
    this.#engine.incoming.finish(tracker, { type: 'rejected', error }, options.cumulative);
  }

  /** Releases a message unprocessed: it may be delivered again, to any receiver. Throws as `reject` does. */
  release(tracker?: Tracker, options: { cumulative?: boolean } = {}): void {
    this.#engine.incoming.window.requireWindow('release');
    this.#engine.incoming.finish(tracker, RELEASED, options.cumulative);
  }

  /** Returns a message to the sender with changes. Throws as `reject` does. */
  modify(
    tracker: Tracker | undefined,
    change: Omit<Modified, 'type'> = {},
    options: { cumulative?: boolean } = {},
  ): void {
    this.#engine.incoming.window.requireWindow('modify');
    this.#engine.incoming.finish(tracker, { type: 'modified', ...change }, options.cumulative);
  }

  /**
   * Settles an incoming delivery, with the `defaultOutcome` if it has no outcome, and forgets it. An outgoing delivery
   * is only forgotten, because it is settled when its outcome is known: `status` returns `undefined` for it afterwards.
   * It is sent all the same.
   *
   * @param tracker Default: the last outgoing one, and all before it.
   * @param options With `cumulative`, all deliveries up to the tracker.
   * @throws TrackerError for a tracker of another messenger.
   */
  settle(tracker?: Tracker, options: { cumulative?: boolean } = {}): void {
    const cumulative = options.cumulative ?? tracker === undefined;
    if (tracker === undefined || this.#engine.outgoing.owns(tracker)) this.#engine.outgoing.settle(tracker, cumulative);
    else this.#engine.incoming.settle(tracker, cumulative);
  }

  /**
   * Returns the status of a message. Returns `undefined` when the message was forgotten by `settle`, or has its outcome
   * and is not among the last `outgoingWindow` messages put or `incomingWindow` messages got. `tracker.status` is
   * always known.
   *
   * @throws TrackerError for a tracker of another messenger.
   */
  status(tracker: Tracker): Status | undefined {
    if (this.#engine.outgoing.owns(tracker)) return this.#engine.outgoing.status(tracker);
    if (this.#engine.incoming.owns(tracker)) return this.#engine.incoming.status(tracker);
    throw new TrackerError('The tracker is of another messenger.');
  }

  /**
   * Returns true if a message that was put has not been sent yet. Throws `TrackerError` for a tracker that is not an
   * outgoing one.
   */
  buffered(tracker: Tracker): boolean {
    if (this.#engine.outgoing.owns(tracker)) return tracker.isQueued;
    throw new TrackerError('An outgoing tracker of this messenger is needed, as put() returned it.');
  }

  /**
   * Waits for an activity since the last call: a message has come, a message has its outcome, or a connection has
   * changed. Ignores `blocking` and the messenger's `timeout`.
   *
   * @param timeout In milliseconds; negative, the default, means no limit.
   * @returns True after an activity; `false` at the time limit.
   */
  async work(timeout = -1, options: { signal?: AbortSignal } = {}): Promise<boolean> {
    this.#engine.requireOpen();
    return this.#engine.work(timeout, options.signal);
  }

  /** Ends every waiting call with an `InterruptError`. When no call waits, it ends the next one that would. */
  interrupt(): void {
    this.#engine.waits.interrupt();
  }

  /**
   * Closes every connection and stops listening. Messages without an outcome are aborted: call `send` first. Received
   * messages can still be got, but not accepted any more: peers deliver every message again that was not accepted
   * before. The messenger can be used again afterwards.
   *
   * Without `blocking` it returns at once; `stopped` is true when it is done.
   *
   * @param options With `drain`, it first waits, as `send` does, until every message has its outcome, but not longer
   * than `timeout`.
   * @throws TimeoutError when peers do not close in time. SendError, with `drain`, when messages were aborted: it names
   * them, and everything is closed then.
   */
  async stop(options: StopOptions = {}): Promise<void> {
    await this.#engine.stop(options);
  }

  /**
   * Stops for good: afterwards `put`, `send`, `ready`, `subscribe`, `recv` and `start` throw `StateError`. A second
   * call waits for the same end.
   */
  async close(options: StopOptions = {}): Promise<void> {
    this.#unfollow();
    await this.#engine.close(options);
  }

  /** Closes the messenger at the end of an `await using` block. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
