import { EventEmitter } from 'node:events';
import { ChannelFlushedError, ChannelQueueFullError, OptionError, TimeoutError, asError } from '../errors.js';
import { DeadlineHeap } from './deadline-heap.js';
import { SYSTEM_QUEUE_CLOCK, deadlineOf } from './expiry.js';
import type { Expirable, QueueClock } from './expiry.js';
import { RingBuffer } from './ring-buffer.js';

/** How a queue behaves. Times are in milliseconds. */
export interface ClientQueueOptions {
  /** The name of the channel it belongs to. Default empty. */
  channelName?: string;
  /** How long it may be empty, with nobody waiting, before `canBeFlushed`. 0 is at once. Default one day. */
  timeToLive?: number;
  /** The least time between two looks for expired messages; 0 looks only when somebody pulls. Default 1000. */
  flushInterval?: number;
  /** How many messages it holds. Default no limit. */
  capacity?: number;
  /** What a push beyond the capacity does. Default `throw`. */
  overflow?: 'throw' | 'drop-oldest' | 'drop-newest';
  /** Where it gets the time from. Default the clocks of the machine. */
  clock?: QueueClock;
}

/** What `pull` may be given. */
export interface PullOptions {
  /** How long to wait, in milliseconds. Default no limit. */
  timeout?: number | undefined;
  /** Stops waiting: the pull rejects with the signal's reason, and no message is lost by it. */
  signal?: AbortSignal | undefined;
}

/** The events of a queue, by name, with what their listeners get. */
export interface ClientQueueEvents<Message> {
  /** These were not pulled in time. */
  expired: [messages: readonly Message[]];
  /** These were thrown out: the queue was full, or stopped. */
  dropped: [messages: readonly Message[]];
  /** It was full and has room again. */
  drain: [];
  /** It was stopped. */
  stop: [];
}

/** A message in the queue. Opaque: it is what `remove` takes. */
export interface QueueEntry<Message> {
  /** The message. */
  readonly message: Message;
}

class Entry<Message> implements QueueEntry<Message> {
  isQueued = true;

  constructor(
    readonly message: Message,
    readonly deadline: number,
  ) {}
}

interface Waiter<Message> {
  readonly deliver: (message: Message | null) => void;
  isWaiting: boolean;
}

/** A day: how long an idle queue lives unless options say otherwise. */
const DEFAULT_TIME_TO_LIVE = 86_400_000;
const DEFAULT_FLUSH_INTERVAL = 1000;
/** Beyond this many milliseconds Node's timers fire at once. */
const LONGEST_TIMER = 0x7fff_ffff;

/**
 * A queue whose messages expire. Messages come out in the order they went in, each to exactly one `pull`, and waiting
 * pulls are served in the order they came. Expired messages are never given out, whether or not a timer has seen them.
 * It belongs to one event loop.
 */
export class ClientQueue<Message extends object = Expirable>
  extends EventEmitter<ClientQueueEvents<Message>>
  implements AsyncIterable<Message>, AsyncDisposable
{
  /** The name of the channel it belongs to. */
  readonly channelName: string;
  readonly #options: Required<ClientQueueOptions>;
  readonly #entries = new RingBuffer<Entry<Message>>();
  readonly #deadlines = new DeadlineHeap<Entry<Message>>();
  readonly #waiters = new RingBuffer<Waiter<Message>>();
  #size = 0;
  #waiting = 0;
  #whenRoom: (() => void)[] = [];
  #isStopped = false;
  #timer: NodeJS.Timeout | undefined;
  #flushAt = 0;
  /** When the queue itself may go. */
  #idleUntil: number;

  /** @throws OptionError when a number is negative or not one. */
  constructor(options: ClientQueueOptions = {}) {
    super();
    this.#options = {
      channelName: options.channelName ?? '',
      timeToLive: options.timeToLive ?? DEFAULT_TIME_TO_LIVE,
      flushInterval: options.flushInterval ?? DEFAULT_FLUSH_INTERVAL,
      capacity: options.capacity ?? Infinity,
      overflow: options.overflow ?? 'throw',
      clock: options.clock ?? SYSTEM_QUEUE_CLOCK,
    };
    const { timeToLive, flushInterval, capacity, clock, channelName } = this.#options;
    for (const [name, number] of Object.entries({ timeToLive, flushInterval, capacity })) {
      if (typeof number !== 'number' || !(number >= 0))
        throw new OptionError(`Option ${name} must be a number from 0 up.`);
    }
    this.channelName = channelName;
    this.#idleUntil = clock.now() + timeToLive;
  }

  /** How many messages it holds, expired ones that nobody has noticed included. */
  get size(): number {
    return this.#size;
  }

  /** Whether it holds no message. */
  get isEmpty(): boolean {
    return this.#size === 0;
  }

  /** How many pulls wait. */
  get waiters(): number {
    return this.#waiting;
  }

  /** Whether a pull waits. */
  get clientsWaiting(): boolean {
    return this.#waiting > 0;
  }

  /** Whether it was stopped. */
  get isStopped(): boolean {
    return this.#isStopped;
  }

  /** Whether nobody would miss it: empty, nobody waiting, and idle for longer than its time to live. */
  get canBeFlushed(): boolean {
    return this.isEmpty && !this.clientsWaiting && this.#options.clock.now() > this.#idleUntil;
  }

  /**
   * Adds a message, or hands it to the pull that waits longest. Its expiry is worked out now: `expiry`, else
   * `expiryTime`, else `ttl` from now, else never.
   *
   * @returns What `remove` takes.
   * @throws ChannelFlushedError after `stop`; ChannelQueueFullError when it is full and `overflow` is `throw`.
   */
  push(message: Message): QueueEntry<Message> {
    if (this.#isStopped)
      throw new ChannelFlushedError(`Queue ${this.channelName} was stopped: it takes no more messages.`);
    const { clock, capacity, overflow } = this.#options;
    this.#renew();
    const entry = new Entry(message, deadlineOf(message, clock));
    if (entry.deadline <= clock.now()) {
      entry.isQueued = false;
      this.emit('expired', [message]);
      return entry;
    }
    const waiter = this.#nextWaiter();
    if (waiter !== undefined) {
      entry.isQueued = false;
      waiter.deliver(message);
      return entry;
    }
    if (this.#size >= capacity) this.flush();
    if (this.#size >= capacity && !this.#makeRoom(overflow, message)) {
      entry.isQueued = false;
      return entry;
    }
    this.#add(entry);
    return entry;
  }

  /** Waits until `push` has room. Resolves at once when it has. With several waiting, each has to look again. */
  async ready(): Promise<void> {
    while (!this.#isStopped && this.#size >= this.#options.capacity) {
      await new Promise<void>((resolve) => this.#whenRoom.push(resolve));
    }
  }

  /**
   * Takes the oldest message, waiting for one if need be.
   *
   * @returns The message, or `null` once the queue is stopped and empty.
   * @throws TimeoutError when the time runs out; the signal's reason when it is aborted. Either way nothing is lost.
   */
  pull(options: PullOptions = {}): Promise<Message | null> {
    const { timeout, signal } = options;
    if (signal?.aborted) return Promise.reject(asError(signal.reason));
    const message = this.tryPull();
    if (message !== undefined) return Promise.resolve(message);
    if (this.#isStopped) return Promise.resolve(null);
    return new Promise((resolve, reject) => {
      let timer: NodeJS.Timeout | undefined;
      const end = (): void => {
        waiter.isWaiting = false;
        this.#waiting--;
        clearTimeout(timer);
        signal?.removeEventListener('abort', onAbort);
      };
      const waiter: Waiter<Message> = {
        isWaiting: true,
        deliver: (delivered) => {
          end();
          resolve(delivered);
        },
      };
      const giveUp = (error: Error): void => {
        end();
        this.#forgetWaiters();
        reject(error);
      };
      const onAbort = (): void => giveUp(asError(signal?.reason));
      signal?.addEventListener('abort', onAbort, { once: true });
      if (timeout !== undefined) {
        timer = setTimeout(
          () => giveUp(new TimeoutError(`Nothing came into queue ${this.channelName} in time.`)),
          timeout,
        );
      }
      this.#waiters.push(waiter);
      this.#waiting++;
    });
  }

  /** Takes the oldest message if there is one. */
  tryPull(): Message | undefined {
    const entry = this.#oldest();
    if (entry === undefined) return undefined;
    this.#entries.shift();
    this.#leave(entry);
    this.#renew();
    return entry.message;
  }

  /** The oldest message, which stays. */
  peek(): Message | undefined {
    return this.#oldest()?.message;
  }

  /** Takes a message out, wherever it stands. Returns false when it has left already. */
  remove(entry: QueueEntry<Message>): boolean {
    if (!(entry instanceof Entry) || !entry.isQueued) return false;
    this.#leave(entry as Entry<Message>);
    // Entries that left out of turn are skipped when their turn comes; too many of them are swept out.
    if (this.#entries.size > 64 && this.#entries.size > this.#size * 2) {
      for (const kept of this.#entries.drain()) if (kept.isQueued) this.#entries.push(kept);
    }
    return true;
  }

  /** Throws out what has expired, and returns how many that were. */
  flush(): number {
    const now = this.#options.clock.now();
    const expired: Message[] = [];
    for (let entry = this.#deadlines.peek(); entry !== undefined; entry = this.#deadlines.peek()) {
      if (entry.isQueued && entry.deadline > now) break;
      this.#deadlines.pop();
      if (!entry.isQueued) continue;
      this.#leave(entry);
      expired.push(entry.message);
    }
    if (expired.length > 0) this.emit('expired', expired);
    this.#schedule();
    return expired.length;
  }

  /**
   * Stops it: pushes throw, waiting pulls get `null`. With `drain`, the default, what it holds can still be pulled;
   * without, it is dropped. Stopping again only drops what is left.
   */
  stop(options: { drain?: boolean } = {}): void {
    const wasStopped = this.#isStopped;
    this.#isStopped = true;
    if (this.#timer !== undefined) this.#options.clock.clearTimeout(this.#timer);
    this.#timer = undefined;
    if (options.drain === false) this.#drop();
    for (let waiter = this.#nextWaiter(); waiter !== undefined; waiter = this.#nextWaiter()) waiter.deliver(null);
    for (const wake of this.#whenRoom.splice(0)) wake();
    if (!wasStopped) this.emit('stop');
  }

  /** The messages as they come, until the queue is stopped and empty. Leaving the loop does not stop the queue. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Message, void, undefined> {
    for (let message = await this.pull(); message !== null; message = await this.pull()) yield message;
  }

  /** Stops it, dropping what it holds. */
  [Symbol.asyncDispose](): Promise<void> {
    this.stop({ drain: false });
    return Promise.resolve();
  }

  #add(entry: Entry<Message>): void {
    this.#entries.push(entry);
    this.#size++;
    if (entry.deadline === Infinity) return;
    this.#deadlines.compact((other) => other.isQueued, this.#size);
    this.#deadlines.push(entry);
    if (this.#deadlines.peek() === entry) this.#schedule();
  }

  /** The oldest entry that is still queued and has not expired. */
  #oldest(): Entry<Message> | undefined {
    for (let entry = this.#entries.peek(); entry !== undefined; entry = this.#entries.peek()) {
      if (entry.isQueued && entry.deadline > this.#options.clock.now()) return entry;
      this.#entries.shift();
      if (!entry.isQueued) continue;
      this.#leave(entry);
      this.emit('expired', [entry.message]);
    }
    return undefined;
  }

  #leave(entry: Entry<Message>): void {
    const wasFull = this.#size >= this.#options.capacity;
    entry.isQueued = false;
    this.#size--;
    if (!wasFull) return;
    for (const wake of this.#whenRoom.splice(0)) wake();
    this.emit('drain');
  }

  #makeRoom(overflow: 'throw' | 'drop-oldest' | 'drop-newest', message: Message): boolean {
    if (overflow === 'throw') {
      throw new ChannelQueueFullError(
        `Queue ${this.channelName} holds ${this.#size} messages, which is its capacity. Await ready() before the next push.`,
      );
    }
    const oldest = overflow === 'drop-oldest' ? this.tryPull() : undefined;
    this.emit('dropped', [oldest ?? message]);
    return oldest !== undefined;
  }

  #drop(): void {
    const dropped = this.#entries.drain().filter((entry) => entry.isQueued);
    for (const entry of dropped) entry.isQueued = false;
    this.#size = 0;
    if (dropped.length > 0)
      this.emit(
        'dropped',
        dropped.map(({ message }) => message),
      );
  }

  #nextWaiter(): Waiter<Message> | undefined {
    for (let waiter = this.#waiters.shift(); waiter !== undefined; waiter = this.#waiters.shift()) {
      if (waiter.isWaiting) return waiter;
    }
    return undefined;
  }

  /** Pulls that gave up leave their place behind; too many empty places are swept out. */
  #forgetWaiters(): void {
    if (this.#waiters.size <= 64 || this.#waiters.size <= this.#waiting * 2) return;
    for (const waiter of this.#waiters.drain()) if (waiter.isWaiting) this.#waiters.push(waiter);
  }

  #renew(): void {
    this.#idleUntil = this.#options.clock.now() + this.#options.timeToLive;
  }

  /** One timer, for the earliest deadline, but not more often than the interval. */
  #schedule(): void {
    const { clock, flushInterval } = this.#options;
    const earliest = this.#deadlines.peek();
    if (earliest === undefined || flushInterval === 0 || this.#isStopped) return;
    const at = Math.max(earliest.deadline, clock.now() + flushInterval);
    if (this.#timer !== undefined) {
      if (at >= this.#flushAt) return;
      clock.clearTimeout(this.#timer);
    }
    this.#flushAt = at;
    const flush = (): void => {
      this.#timer = undefined;
      this.flush();
    };
    this.#timer = clock.setTimeout(flush, Math.min(at - clock.now(), LONGEST_TIMER));
  }
}
