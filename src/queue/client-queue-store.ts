import { SYSTEM_CLOCK } from '../clock.js';
import type { Clock } from '../clock.js';
import { ChannelFlushedError } from '../errors.js';
import { atLeast, checkNames } from '../check-options.js';
import type { ClientQueueOptions } from './client-queue-options.js';
import { ClientQueue } from './client-queue.js';
import type { ClientQueueStopOptions } from './client-queue.js';
import type { Expirable } from './expiry.js';
import { WakeUp } from './wake-up.js';

/** Options of the queues in a store: `ClientQueueOptions` without those that the store sets itself. */
export type StoredQueueOptions = Omit<ClientQueueOptions, 'channelName' | 'clock' | 'signal'>;

/** Options of a `ClientQueueStore`. */
export interface ClientQueueStoreOptions {
  /** Options of its queues, which `get` can override. */
  queue?: StoredQueueOptions | undefined;
  /**
   * The interval in milliseconds, above 0, at which the store flushes. With `Infinity` it never flushes by itself.
   * Default 1000.
   */
  period?: number | undefined;
  /** The clock of the store and its queues. Default the clocks of the machine. */
  clock?: Clock | undefined;
}

/** A queue that leaves its store when it is stopped, no matter by which caller. */
class StoredQueue<Message extends object> extends ClientQueue<Message> {
  readonly #forget: (queue: StoredQueue<Message>) => void;

  constructor(options: ClientQueueOptions, forget: (queue: StoredQueue<Message>) => void) {
    super(options);
    this.#forget = forget;
  }

  override stop(options?: ClientQueueStopOptions): void {
    this.#forget(this);
    super.stop(options);
  }
}

/**
 * Queues by name. The store makes a queue when it is first asked for, and stops it when it has been idle for its
 * `timeToLive`. A queue that is stopped leaves the store; callers that have it can still pull its messages.
 *
 * One timer, which does not keep the process alive, serves all queues. A store that is no longer referenced is
 * garbage-collected.
 */
export class ClientQueueStore<Message extends object = Expirable>
  implements Iterable<ClientQueue<Message>>, AsyncDisposable
{
  readonly #queues = new Map<string, ClientQueue<Message>>();
  readonly #defaults: StoredQueueOptions;
  readonly #period: number;
  readonly #clock: Clock;
  readonly #wakeUp: WakeUp<ClientQueueStore<Message>>;
  #isStopped = false;

  /**
   * @throws OptionError for an unknown option, or when the period is not a number above 0. `get` checks the options of
   * queues.
   */
  constructor(options: ClientQueueStoreOptions = {}) {
    checkNames('a ClientQueueStore', options, ['queue', 'period', 'clock']);
    const { queue = {}, period = 1000, clock = SYSTEM_CLOCK } = options;
    this.#defaults = queue;
    this.#period = atLeast(Number.MIN_VALUE, 'period', period);
    this.#clock = clock;
    this.#wakeUp = new WakeUp<ClientQueueStore<Message>>(clock, this, (store) => store.flush());
  }

  /** The number of queues. */
  get size(): number {
    return this.#queues.size;
  }

  /** The names of its queues, the oldest first. */
  get names(): string[] {
    return [...this.#queues.keys()];
  }

  /** True if it has a queue of this name. */
  has(name: string): boolean {
    return this.#queues.has(name);
  }

  /**
   * Returns the queue of this name. Makes it when there is none, with the options of the store and these. An existing
   * queue keeps its options.
   *
   * @throws ChannelFlushedError after `stop`; OptionError for an unknown option or an invalid value.
   */
  get(name: string, options: StoredQueueOptions = {}): ClientQueue<Message> {
    const known = this.#queues.get(name);
    if (known !== undefined) return known;
    if (this.#isStopped) throw new ChannelFlushedError('The store of queues was stopped and makes no more queues.');
    const all = { ...this.#defaults, ...options, channelName: name, clock: this.#clock };
    const queue = new StoredQueue<Message>(all, (stopped) => {
      if (this.#queues.get(name) === stopped) this.#queues.delete(name);
    });
    this.#queues.set(name, queue);
    this.#schedule();
    return queue;
  }

  /** Removes expired messages, and stops every queue that `canBeFlushed`. Returns the number of stopped queues. */
  flush(): number {
    let flushed = 0;
    // A copy: listeners may make and stop queues.
    for (const queue of [...this.#queues.values()]) {
      queue.flush();
      if (queue.isStopped || !queue.canBeFlushed) continue;
      queue.stop();
      flushed++;
    }
    this.#schedule();
    return flushed;
  }

  /** Stops every queue as its own `stop` does, and makes no more queues. Stopping again does nothing. */
  stop(options?: ClientQueueStopOptions): void {
    this.#isStopped = true;
    this.#wakeUp.cancel();
    for (const queue of [...this.#queues.values()]) queue.stop(options);
  }

  /** The queues, the oldest first. */
  [Symbol.iterator](): IterableIterator<ClientQueue<Message>> {
    return this.#queues.values();
  }

  /** Stops the store and drops the messages of its queues. */
  [Symbol.asyncDispose](): Promise<void> {
    this.stop({ drain: false });
    return Promise.resolve();
  }

  #schedule(): void {
    if (this.#queues.size > 0) this.#wakeUp.at(this.#clock.now() + this.#period);
  }
}
