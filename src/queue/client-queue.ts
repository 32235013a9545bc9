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
 * The events of a `ClientQueue`, by name, with what their listeners get. A message that is pushed leaves in one way
 * only: it is pulled, removed, or in one of these events.
 */
export interface ClientQueueEvents<Message> {
  /** These were not pulled in time. The earliest deadline comes first. */
  expired: [messages: readonly Message[]];
  /** These were thrown out, because the queue was full or stopped. In the order of the queue. */
  dropped: [messages: readonly Message[]];
  /** It was full and has room again. */
  drain: [];
  /** It was stopped. */
  stop: [];
}

/** How `stop` ends a queue. */
export interface ClientQueueStopOptions {
  /** Whether what the queue holds may still be pulled. False drops it. Default true. */
  drain?: boolean | undefined;
}

const NONE: readonly never[] = [];

/**
 * A queue whose messages expire. Messages come out in the order they went in, each to exactly one `pull`, and waiting
 * pulls are served in the order they came. No expired message is given out, whether a timer has seen it or not.
 *
 * All times are milliseconds. Lifetimes are counted by a clock that never goes back. A message with an absolute expiry
 * time is compared with the wall clock once, when it is pushed: when the wall clock is set later, everything in the
 * queue keeps the lifetime it had. So what was pushed before a jump may leave earlier or later, by the jump, than its
 * expiry time read on the new clock. On some systems neither clock counts the time in which the machine sleeps.
 *
 * Listeners are called when everything else about a call is done: they may call any method. What a listener throws is an
 * uncaught exception of the process; it reaches neither the caller nor the other listeners.
 *
 * A queue belongs to one event loop and keeps no process alive, not even with a pull that waits, unless that pull has a
 * timeout. A queue nobody knows any more is collected as it is, without `stop`; then its events are not told either.
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
  /** Until when it counts as in use without a further push or pull. */
  #idleAfter: number;

  /** @throws OptionError for an option that is unknown or cannot be. */
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

  /** How many messages it holds at most. What is left of it makes a good link credit (AMQP 1.0 §2.6.7). */
  get capacity(): number {
    return this.#capacity;
  }

  /** How many messages it holds, expired ones that nobody has noticed included. */
  get size(): number {
    return this.#line.size;
  }

  /** Whether it holds no message. */
  get isEmpty(): boolean {
    return this.#line.size === 0;
  }

  /** How many pulls wait. */
  get waiters(): number {
    return this.#pulls.size;
  }

  /** Whether a pull waits. */
  get clientsWaiting(): boolean {
    return this.#pulls.size > 0;
  }

  /** Whether it was stopped. */
  get isStopped(): boolean {
    return this.#isStopped;
  }

  /**
   * Whether nobody would miss it: it is empty, no pull waits, and nothing was pushed, pulled or removed for longer than
   * its time to live. Whoever flushes it should `stop` it, as `ClientQueueStore` does.
   */
  get canBeFlushed(): boolean {
    return this.isEmpty && !this.clientsWaiting && this.#settings.clock.now() > this.#idleAfter;
  }

  /**
   * Adds a message, or hands it to the pull that waits longest. Its lifetime is worked out now: until its `expiry`, else
   * until its `expiryTime`, else `ttl` milliseconds, else without end. The message itself is not changed, but by
   * `appendExpiry`. One that has expired already is not queued but told by `expired`.
   *
   * @returns The number of the message in this queue, which `remove` takes. Numbers rise from 1.
   * @throws ChannelFlushedError after `stop`; ChannelQueueFullError when it is full and `overflow` is `throw`;
   * OptionError when one of those fields has a value that is no time, or the message cannot be changed and is to be. Then
   * nothing was pushed.
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
   * Waits until there is room for a `push`, or the queue is stopped. Resolves at once when it is so already. Several
   * that wait are told together: the first may take the room, so look again before pushing.
   *
   * @throws TimeoutError when the time runs out; the signal's reason when it is aborted.
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
   * Takes the oldest message, waiting for one if need be. When the pull ends otherwise, it has taken nothing; when it
   * was served just before it was aborted, it gives the message.
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
    // In line before anybody is told: a listener's push must find this pull.
    const pulled =
      message === undefined && !this.#isStopped ? this.#waitForMessage(options) : Promise.resolve(message ?? null);
    this.#tellWhatLeft(sizeBefore, expired);
    return pulled;
  }

  /** Takes the oldest message if there is one. Works after `stop` too. */
  tryPull(): Message | undefined {
    // The usual case, in a few steps: nothing in it expires, and nobody waits for room.
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

  /** The oldest message, which stays. */
  peek(): Message | undefined {
    const sizeBefore = this.size;
    const expired = this.#takeExpired();
    const message = this.#line.oldest;
    this.#tellWhatLeft(sizeBefore, expired);
    return message;
  }

  /**
   * Takes out the message with a number that `push` gave, wherever it stands. Returns false when it has left already, or
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

  /** Throws out what has expired, and returns how many that were. */
  flush(): number {
    const sizeBefore = this.size;
    const expired = this.#takeExpired();
    this.#schedule();
    this.#tellWhatLeft(sizeBefore, expired);
    return expired.length;
  }

  /**
   * Stops it: a push throws from now on, and waiting pulls get `null`. What it holds can still be pulled until it
   * expires; with `drain: false` it is dropped. Stopping again does nothing but drop what is left, if asked to.
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
   * The messages as they come, until the queue is stopped and empty. Leaving the loop does not stop the queue. Several
   * loops share the messages.
   */
  [Symbol.asyncIterator](): AsyncIterableIterator<Message> {
    return new QueueIterator(this);
  }

  /** Stops it, dropping what it holds. */
  [Symbol.asyncDispose](): Promise<void> {
    this.stop({ drain: false });
    return Promise.resolve();
  }

  /** What errors call it. */
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

  /** A queue that is full of what has expired is not. */
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

  /** The time, if deadlines make it matter: reading the clock takes longer than everything else here. */
  #timeOfDeadlines(): number | undefined {
    return this.#line.nextDeadline === Infinity ? undefined : this.#settings.clock.now();
  }

  #takeExpired(now: number | undefined = this.#timeOfDeadlines()): readonly Message[] {
    return now === undefined ? NONE : this.#line.takeExpired(now);
  }

  #shift(now: number | undefined): Message | undefined {
    const message = this.#line.shift();
    // While only messages without a deadline are left the queue is in use, and their leaving will renew it.
    if (message !== undefined && (now !== undefined || this.isEmpty)) this.#renew(now);
    return message;
  }

  /** It is in use. Returns the time. */
  #renew(now: number = this.#settings.clock.now()): number {
    this.#idleAfter = now + this.#settings.timeToLive;
    return now;
  }

  /** One timer for the earliest deadline, but not more often than the interval. */
  #schedule(): void {
    const { clock, flushInterval } = this.#settings;
    const deadline = this.#line.nextDeadline;
    if (deadline >= this.#wakeUp.time || flushInterval === 0 || this.#isStopped) return;
    this.#wakeUp.at(Math.max(deadline, clock.now() + flushInterval));
  }

  /** Tells what a call has done once it is done. */
  #tellWhatLeft(sizeBefore: number, expired: readonly Message[]): void {
    const hasRoomAgain = sizeBefore >= this.capacity && this.size < this.capacity;
    if (hasRoomAgain) this.#producers.serveAll(undefined);
    if (expired.length > 0) this.#tell('expired', expired);
    // A listener of the first event may have filled it.
    if (hasRoomAgain && this.size < this.capacity) this.#tell('drain');
  }

  #tell<Name extends keyof ClientQueueEvents<Message>>(name: Name, ...values: ClientQueueEvents<Message>[Name]): void {
    tellListeners(this, name, values);
  }
}

/** Calls off what waits for signals on behalf of queues that were collected. */
const collected = new FinalizationRegistry<() => void>((callOff) => callOff());

/** Stops a queue when a signal is aborted. A signal may live long: it does not keep the queue alive. */
function stopOnAbort(queue: { stop(): void }, signal: AbortSignal): () => void {
  const known = new WeakRef(queue);
  const callOff = onAbort(signal, () => known.deref()?.stop());
  collected.register(queue, callOff);
  return callOff;
}
