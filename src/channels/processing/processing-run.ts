import { asError } from '../../errors.js';
import type { Mailbox } from '../mailbox.js';
import type { Message } from '../message.js';
import type { Job, JobHandling, Workbench } from './workbench.js';

/** What a run needs to know of the channel it belongs to. */
export interface RunSource<Result, Item> {
  readonly mailbox: Mailbox;
  readonly bench: Workbench<Message, Result>;
  readonly maxWorkers: number;
  /** Handles a message. */
  perform(message: Message, signal: AbortSignal): Result | Promise<Result>;
  /** What the run gives out for a message that was handled. May throw instead. */
  itemOf(job: Job<Message, Result>): Item;
  /** What the run gives out for the message that tells the end. */
  endOf(message: Message): Item;
}

/** How a run goes. */
export interface RunSettings {
  readonly ordered: boolean;
  readonly follow: boolean;
  readonly signal: AbortSignal | undefined;
}

/** In order, so many outcomes for each worker may wait for that of an earlier message: it should not idle the others. */
const ORDERED_AHEAD = 4;

/**
 * One loop over the outcomes of a listener's messages. At most `maxWorkers` messages are handled at once, and only so
 * many outcomes wait to be taken away: what is beyond that stays in the queue.
 */
export class ProcessingRun<Result, Item> implements AsyncIterableIterator<Item>, AsyncDisposable {
  readonly #source: RunSource<Result, Item>;
  readonly #settings: RunSettings;
  /** One for each job of this run that is under way: a signal that all share would have too many listeners. */
  readonly #underWay = new Set<AbortController>();
  readonly #onAbort = (): void => {
    for (const job of this.#underWay) job.abort(this.#settings.signal?.reason);
    this.#source.bench.ring();
  };
  /** How many messages it still takes from the queue. */
  #left: number;
  #isOver = false;

  constructor(source: RunSource<Result, Item>, settings: RunSettings) {
    this.#source = source;
    this.#settings = settings;
    const { size, state } = source.mailbox;
    this.#left = settings.follow ? Infinity : size + (state === 'ending' ? 1 : 0);
  }

  /**
   * The next outcome; done when all messages of this run have theirs, or after `return`.
   *
   * @throws The signal's reason when it is aborted.
   */
  async next(): Promise<IteratorResult<Item, undefined>> {
    const { bench } = this.#source;
    const { ordered, signal } = this.#settings;
    while (!this.#isOver) {
      if (signal?.aborted === true) throw asError(signal.reason);
      this.#beginJobs();
      const job = bench.take(ordered);
      if (job !== undefined) return { done: false, value: this.#itemOf(job) };
      const last = this.#takeLast();
      if (last !== undefined) return { done: false, value: this.#source.endOf(last) };
      if (bench.isEmpty && !this.#mayHaveMore) break;
      await this.#change();
    }
    this.#isOver = true;
    return { done: true, value: undefined };
  }

  /** Takes no more messages. Those under way go on, and the next run gives out their outcomes. */
  return(): Promise<IteratorResult<Item, undefined>> {
    this.#isOver = true;
    this.#source.bench.ring();
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  /** Whether there is another message for this run, or it waits for one. */
  get #mayHaveMore(): boolean {
    if (this.#left === 0) return false;
    const { size, state, listener } = this.#source.mailbox;
    return size > 0 || state === 'ending' || (this.#settings.follow && state === 'open' && listener.isRunning);
  }

  get #hasFreeWorker(): boolean {
    const { bench, maxWorkers } = this.#source;
    const mayWait = this.#settings.ordered ? ORDERED_AHEAD * maxWorkers : maxWorkers;
    return bench.running < maxWorkers && bench.finished < mayWait;
  }

  /** Called when there is a message, or a worker is free: also while whoever runs the loop is busy elsewhere. */
  #beginJobs(): void {
    const { mailbox, bench } = this.#source;
    if (this.#isOver || this.#settings.signal?.aborted === true) return;
    while (this.#hasFreeWorker && this.#left > 0 && mailbox.size > 0) {
      const message = mailbox.take();
      if (message === undefined) return;
      this.#left--;
      void bench.begin(message, this.#handling()).then(() => this.#beginJobs());
    }
  }

  #handling(): JobHandling<Message, Result> {
    const { mailbox } = this.#source;
    const calledOff = this.#track();
    return {
      signal: calledOff.signal,
      perform: async (message) => {
        try {
          return await this.#source.perform(message, calledOff.signal);
        } finally {
          this.#untrack(calledOff);
        }
      },
      putBack: (message) => mailbox.putBack(message),
    };
  }

  /** An error ends the run, and what is under way is for the next one. */
  #itemOf(job: Job<Message, Result>): Item {
    try {
      return this.#source.itemOf(job);
    } catch (error) {
      this.#isOver = true;
      throw error;
    }
  }

  /** The message that tells the end waits until all others have been given out. */
  #takeLast(): Message | undefined {
    const { mailbox, bench } = this.#source;
    if (this.#left === 0 || !bench.isEmpty || mailbox.size > 0 || mailbox.state !== 'ending') return undefined;
    this.#left = 0;
    return mailbox.take();
  }

  #track(): AbortController {
    const calledOff = new AbortController();
    if (this.#underWay.size === 0) this.#settings.signal?.addEventListener('abort', this.#onAbort);
    this.#underWay.add(calledOff);
    return calledOff;
  }

  #untrack(calledOff: AbortController): void {
    this.#underWay.delete(calledOff);
    if (this.#underWay.size === 0) this.#settings.signal?.removeEventListener('abort', this.#onAbort);
  }

  async #change(): Promise<void> {
    const { mailbox, bench } = this.#source;
    if (!this.#hasFreeWorker || !this.#mayHaveMore) return bench.change();
    const waiting = new AbortController();
    await Promise.race([bench.change(), mailbox.changed(waiting.signal)]);
    waiting.abort();
  }
}
