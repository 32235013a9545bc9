import { SYSTEM_CLOCK } from '../clock.js';
import type { Clock } from '../clock.js';
import { ChannelFlushedError } from '../errors.js';
import { atLeast } from './client-queue-options.js';
import type { ClientQueueOptions } from './client-queue-options.js';
import { ClientQueue } from './client-queue.js';
import type { ClientQueueStopOptions } from './client-queue.js';
import type { Expirable } from './expiry.js';
import { WakeUp } from './wake-up.js';

/** How the queues of a store behave: `ClientQueueOptions` without what the store gives them itself. */
export type StoredQueueOptions = Omit<ClientQueueOptions, 'channelName' | 'clock' | 'signal'>;

/** How a `ClientQueueStore` behaves. */
export interface ClientQueueStoreOptions {
  /** How its queues behave, unless `get` says otherwise. */
  queue?: StoredQueueOptions | undefined;
  /** The milliseconds between two looks for idle queues, above 0. `Infinity` never looks by itself. Default 1000. */
  period?: number | undefined;
  /** Where it and its queues get the time from. Default the clocks of the machine. */
  clock?: Clock | undefined;
}

/** A queue that leaves its store when it is stopped, by whomever. */
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
 * Queues by name, made when they are asked for and stopped when nobody needs them any more. No queue in it is stopped:
 * one that is leaves, and what it holds can be pulled by whoever has it.
 *
 * One timer, which keeps no process alive, looks after all queues. A store nobody knows any more is collected.
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

  /** @throws OptionError when the period is not a number above 0. Options of queues are looked at by `get`. */
  constructor({ queue = {}, period = 1000, clock = SYSTEM_CLOCK }: ClientQueueStoreOptions = {}) {
    this.#defaults = queue;
    this.#period = atLeast(Number.MIN_VALUE, 'period', period);
    this.#clock = clock;
    this.#wakeUp = new WakeUp<ClientQueueStore<Message>>(clock, this, (store) => store.flush());
  }

  /** How many queues it has. */
  get size(): number {
    return this.#queues.size;
  }

  /** The names of its queues, the oldest first. */
  get names(): string[] {
    return [...this.#queues.keys()];
  }

  /** Whether it has a queue of this name. */
  has(name: string): boolean {
    return this.#queues.has(name);
  }

  /**
   * The queue of this name. Makes it when there is none, with the options of the store and these; a queue that is there
   * keeps the options it was made with.
   *
   * @throws ChannelFlushedError after `stop`; OptionError for an option that is unknown or cannot be.
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

  /** Throws out expired messages and stops every queue that `canBeFlushed`. Returns how many queues that were. */
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

  /** Stops every queue, each as its own `stop` does, and makes no more. Stopping again does nothing. */
  stop(options?: ClientQueueStopOptions): void {
    this.#isStopped = true;
    this.#wakeUp.cancel();
    for (const queue of [...this.#queues.values()]) queue.stop(options);
  }

  /** The queues, the oldest first. */
  [Symbol.iterator](): IterableIterator<ClientQueue<Message>> {
    return this.#queues.values();
  }

  /** Stops it, dropping what its queues hold. */
  [Symbol.asyncDispose](): Promise<void> {
    this.stop({ drain: false });
    return Promise.resolve();
  }

  #schedule(): void {
    if (this.#queues.size > 0) this.#wakeUp.at(this.#clock.now() + this.#period);
  }
}
