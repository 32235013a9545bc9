import { ChannelFlushedError, ChannelQueueFullError } from '../errors.js';
import { TypedEmitter } from '../typed-emitter.js';
import { onAbort } from '../wait.js';
import { tellListeners } from '../tell-listeners.js';
import { resolveOptions } from './client-queue-options.js';
import type { ClientQueueOptions, ClientQueueSettings } from './client-queue-options.js';
import { ExpiringLine } from './expiring-line.js';
import { appendExpiry, lifetimeOf } from './expiry.js';
import type { Expirable } from './expiry.js';
import { QueueIterator } from './queue-iterator.js';
import { WaiterLine } from './waiter-line.js';
import type { QueueWaitOptions } from './waiter-line.js';
import { WakeUp } from './wake-up.js';

/**
 * The events of a `ClientQueue`, with the arguments of their listeners. Each pushed message leaves the queue exactly
 * once: it is pulled, removed, or reported by `expired` or `dropped`.
 */
export interface ClientQueueEvents<Message> {
  /** Messages have expired. The earliest deadline comes first. */
  expired: [messages: readonly Message[]];
  /** Messages were dropped, because the queue was full or stopped. In the order of the queue. */
  dropped: [messages: readonly Message[]];
  /** The queue was full and has room again. */
  drain: [];
  /** The queue was stopped. */
  stop: [];
}

/** Options of `stop`. */
export interface ClientQueueStopOptions {
  /** True if queued messages can still be pulled; false drops them. Default true. */
  drain?: boolean | undefined;
}

const NONE: readonly never[] = [];

/**
 * A first-in first-out queue whose messages expire. Each message goes to exactly one `pull`, and waiting pulls are
 * served in the order of their calls. The queue never returns an expired message, even before its timer has removed it.
 *
 * All times are milliseconds. Lifetimes are measured with a monotonic clock. An absolute expiry time is compared with
 * the wall clock once, when the message is pushed. When the wall clock is set later, queued messages keep their
 * lifetimes, so they may expire earlier or later, by that change, than their expiry time on the new clock. On some
 * systems neither clock counts the time in which the machine sleeps.
 *
 * The queue calls listeners at the end of a method, so a listener may call any method. An error that a listener throws
 * becomes an uncaught exception of the process; it reaches neither the caller nor the other listeners.
 *
 * A queue belongs to one event loop. It does not keep the process alive, unless a pull with a timeout waits. A queue
 * that is no longer referenced is garbage-collected without `stop` and without events.
 */
export class ClientQueue<Message extends object = Expirable>
  extends TypedEmitter<ClientQueueEvents<Message>>
  implements AsyncIterable<Message>, AsyncDisposable
{
  readonly #settings: ClientQueueSettings;
  readonly #capacity: number;
  readonly #line = new ExpiringLine<Message>();
  readonly #pulls: WaiterLine<Message | null>;
  readonly #producers: WaiterLine<undefined>;
  readonly #wakeUp: WakeUp<ClientQueue<Message>>;
  readonly #callOff: (() => void) | undefined;
  #lastNumber = 0;
  #isStopped = false;
  /** The time until which the queue counts as in use without a further push or pull. */
  #idleAfter: number;

  /** @throws OptionError for an unknown option or an invalid value. */
  constructor(options: ClientQueueOptions = {}) {
    super();
    this.#settings = resolveOptions(options);
    const { clock, signal, timeToLive, capacity } = this.#settings;
    this.#capacity = capacity;
    this.#pulls = new WaiterLine(clock);
    this.#producers = new WaiterLine(clock);
    this.#wakeUp = new WakeUp<ClientQueue<Message>>(clock, this, (queue) => queue.flush());
    this.#idleAfter = clock.now() + timeToLive;
    this.#isStopped = signal?.aborted ?? false;
    this.#callOff = this.#isStopped ? undefined : signal && stopOnAbort(this, signal);
  }

  /** The name of the channel it belongs to. */
  get channelName(): string {
    return this.#settings.channelName;
  }

  /** The most messages that the queue holds. `capacity - size` makes a good link credit (AMQP 1.0 §2.6.7). */
  get capacity(): number {
    return this.#capacity;
  }

  /** The number of messages, including expired ones that have not been removed yet. */
  get size(): number {
    return this.#line.size;
  }

  /** True if the queue holds no message. */
  get isEmpty(): boolean {
    return this.#line.size === 0;
  }

  /** The number of waiting pulls. */
  get waiters(): number {
    return this.#pulls.size;
  }

  /** True if a pull waits. */
  get clientsWaiting(): boolean {
    return this.#pulls.size > 0;
  }

  /** True if the queue was stopped. */
  get isStopped(): boolean {
    return this.#isStopped;
  }

  /**
   * True if the queue is unused: it is empty, no pull waits, and nothing was pushed, pulled or removed for longer than
   * its `timeToLive`. Its owner should then `stop` it, as `ClientQueueStore` does.
   */
  get canBeFlushed(): boolean {
    return this.isEmpty && !this.clientsWaiting && this.#settings.clock.now() > this.#idleAfter;
  }

  /**
   * Adds a message, or hands it to the pull that has waited longest. Its lifetime is fixed now: until its `expiry`,
   * else until its `expiryTime`, else `ttl` milliseconds, else unlimited. The message is not changed, except with
   * `appendExpiry`. A message that has expired already is not queued but reported by `expired`.
   *
   * @returns The number of the message in this queue, which `remove` takes. Numbers rise from 1.
   * @throws ChannelFlushedError after `stop`; ChannelQueueFullError when it is full and `overflow` is `throw`;
   * OptionError when one of those fields is not a time, or `appendExpiry` cannot change the message. Nothing was pushed
   * then.
   */
  push(message: Message): number {
    if (this.#isStopped) throw new ChannelFlushedError(`${this.#name} was stopped and takes no more messages.`);
    const lifetime = lifetimeOf(message, this.#settings.clock);
    if (this.#settings.appendExpiry) appendExpiry(message, lifetime, this.#settings.clock);
    const number = ++this.#lastNumber;
    const deadline = lifetime === Infinity ? Infinity : this.#renew() + lifetime;
    if (lifetime <= 0) {
      this.#tell('expired', [message]);
    } else if (this.#pulls.serve(message)) {
      this.#renew();
    } else if (this.#line.size < this.capacity) {
      this.#add(number, message, deadline);
    } else {
      this.#pushBeyond(number, message, deadline);
    }
    return number;
  }

  /**
   * Waits until a `push` has room or the queue is stopped. Resolves at once if so. All waiting calls resolve together,
   * and the first may take the room: check again before pushing.
   *
   * @throws TimeoutError after `timeout`; the signal's reason when it is aborted.
   */
  ready(options: QueueWaitOptions = {}): Promise<void> {
    const sizeBefore = this.size;
    const expired = sizeBefore < this.capacity ? NONE : this.#takeExpired();
    const isReady = (this.#isStopped || this.size < this.capacity) && options.signal?.aborted !== true;
    const ready = isReady
      ? Promise.resolve()
      : this.#producers.wait(options, () => `${this.#name} had no room in time. Pull from it, or give it more time.`);
    this.#tellWhatLeft(sizeBefore, expired);
    return ready;
  }

  /**
   * Takes the oldest message, or waits for one. A pull that rejects has taken nothing. A pull that got its message just
   * before the abort returns it.
   *
   * @returns The message, or `null` once the queue is stopped and empty.
   * @throws TimeoutError when the time runs out; the signal's reason when it is aborted.
   */
  pull(options: QueueWaitOptions = {}): Promise<Message | null> {
    if (options.signal?.aborted) return this.#waitForMessage(options);
    const sizeBefore = this.size;
    const now = this.#timeOfDeadlines();
    const expired = this.#takeExpired(now);
    const message = this.#shift(now);
    // The pull is queued before listeners are called: a push by a listener must find it.
    const pulled =
      message === undefined && !this.#isStopped ? this.#waitForMessage(options) : Promise.resolve(message ?? null);
    this.#tellWhatLeft(sizeBefore, expired);
    return pulled;
  }

  /** Takes the oldest message, if there is one. Works after `stop`, too. */
  tryPull(): Message | undefined {
    // A short way for the usual case: no message expires, and no call waits for room.
    if (this.#line.nextDeadline === Infinity && this.#line.size < this.#capacity) {
      const message = this.#line.shift();
      if (message !== undefined && this.#line.size === 0) this.#renew();
      return message;
    }
    const sizeBefore = this.size;
    const now = this.#timeOfDeadlines();
    const expired = this.#takeExpired(now);
    const message = this.#shift(now);
    this.#tellWhatLeft(sizeBefore, expired);
    return message;
  }

  /** The oldest message, without taking it. */
  peek(): Message | undefined {
    const sizeBefore = this.size;
    const expired = this.#takeExpired();
    const message = this.#line.oldest;
    this.#tellWhatLeft(sizeBefore, expired);
    return message;
  }

  /**
   * Removes the message with a number that `push` returned, at any position. Returns false when it has left already or
   * has expired.
   */
  remove(number: number): boolean {
    const sizeBefore = this.size;
    const expired = this.#takeExpired();
    const isRemoved = this.#line.remove(number);
    if (isRemoved) this.#renew();
    this.#tellWhatLeft(sizeBefore, expired);
    return isRemoved;
  }

  /** Removes expired messages, and returns their number. */
  flush(): number {
    const sizeBefore = this.size;
    const expired = this.#takeExpired();
    this.#schedule();
    this.#tellWhatLeft(sizeBefore, expired);
    return expired.length;
  }

  /**
   * Stops the queue: from now on `push` throws, and waiting pulls get `null`. Queued messages can still be pulled until
   * they expire; `drain: false` drops them. Stopping again only drops what is left, with `drain: false`.
   */
  stop({ drain = true }: ClientQueueStopOptions = {}): void {
    const wasStopped = this.#isStopped;
    this.#isStopped = true;
    this.#wakeUp.cancel();
    this.#callOff?.();
    const expired = this.#takeExpired();
    const dropped = drain ? NONE : this.#line.drain();
    this.#pulls.serveAll(null);
    this.#producers.serveAll(undefined);
    if (expired.length > 0) this.#tell('expired', expired);
    if (dropped.length > 0) this.#tell('dropped', dropped);
    if (!wasStopped) this.#tell('stop');
  }

  /**
   * Iterates over the messages as they arrive, until the queue is stopped and empty. Leaving the loop does not stop the
   * queue. Several loops share the messages.
   */
  [Symbol.asyncIterator](): AsyncIterableIterator<Message> {
    return new QueueIterator(this);
  }

  /** Stops the queue and drops its messages. */
  [Symbol.asyncDispose](): Promise<void> {
    this.stop({ drain: false });
    return Promise.resolve();
  }

  /** The name of the queue in errors. */
  get #name(): string {
    return this.channelName === '' ? 'The queue' : `Queue ${this.channelName}`;
  }

  #waitForMessage(options: QueueWaitOptions): Promise<Message | null> {
    return this.#pulls.wait(options, () => `${this.#name} had no message in time. Give it more, or pull again.`);
  }

  #add(number: number, message: Message, deadline: number): void {
    this.#line.add(number, message, deadline);
    if (deadline !== Infinity) this.#schedule();
  }

  /** A queue that is full only of expired messages has room. */
  #pushBeyond(number: number, message: Message, deadline: number): void {
    const sizeBefore = this.size;
    const expired = this.#takeExpired();
    const { overflow } = this.#settings;
    const isFull = expired.length === 0;
    if (isFull && overflow === 'throw') {
      throw new ChannelQueueFullError(
        `${this.#name} is full with ${sizeBefore} messages. Await ready() before the next push.`,
      );
    }
    const oldest = isFull && overflow === 'drop-oldest' ? this.#line.shift() : undefined;
    const hasRoom = !isFull || oldest !== undefined;
    if (hasRoom) this.#add(number, message, deadline);
    this.#tellWhatLeft(sizeBefore, expired);
    if (isFull) this.#tell('dropped', [oldest ?? message]);
  }

  /** The time, if there are deadlines: reading the clock takes longer than everything else here. */
  #timeOfDeadlines(): number | undefined {
    return this.#line.nextDeadline === Infinity ? undefined : this.#settings.clock.now();
  }

  #takeExpired(now: number | undefined = this.#timeOfDeadlines()): readonly Message[] {
    return now === undefined ? NONE : this.#line.takeExpired(now);
  }

  #shift(now: number | undefined): Message | undefined {
    const message = this.#line.shift();
    // A queue with messages is in use, and renews its time when they leave.
    if (message !== undefined && (now !== undefined || this.isEmpty)) this.#renew(now);
    return message;
  }

  /** Marks the queue as in use. Returns the time. */
  #renew(now: number = this.#settings.clock.now()): number {
    this.#idleAfter = now + this.#settings.timeToLive;
    return now;
  }

  /** Sets the timer for the earliest deadline, but not more often than the interval. */
  #schedule(): void {
    const { clock, flushInterval } = this.#settings;
    const deadline = this.#line.nextDeadline;
    if (deadline >= this.#wakeUp.time || flushInterval === 0 || this.#isStopped) return;
    this.#wakeUp.at(Math.max(deadline, clock.now() + flushInterval));
  }

  /** Emits the events of a call when its work is done. */
  #tellWhatLeft(sizeBefore: number, expired: readonly Message[]): void {
    const hasRoomAgain = sizeBefore >= this.capacity && this.size < this.capacity;
    if (hasRoomAgain) this.#producers.serveAll(undefined);
    if (expired.length > 0) this.#tell('expired', expired);
    // A listener of the first event may have filled the queue.
    if (hasRoomAgain && this.size < this.capacity) this.#tell('drain');
  }

  #tell<Name extends keyof ClientQueueEvents<Message>>(name: Name, ...values: ClientQueueEvents<Message>[Name]): void {
    tellListeners(this, name, values);
  }
}

/** Removes the abort listeners of queues that were garbage-collected. */
const collected = new FinalizationRegistry<() => void>((callOff) => callOff());

/** Stops a queue when a signal is aborted. A long-lived signal does not keep the queue alive. */
function stopOnAbort(queue: { stop(): void }, signal: AbortSignal): () => void {
  const known = new WeakRef(queue);
  const callOff = onAbort(signal, () => known.deref()?.stop());
  collected.register(queue, callOff);
  return callOff;
}
