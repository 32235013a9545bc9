import { asError } from '../../errors.js';
import { within } from '../../wait.js';
import type { Mailbox } from '../mailbox.js';
import type { Message } from '../message.js';
import { failedItem } from './processed-item.js';
import type { ProcessedItem, QueueItem } from './processed-item.js';
import type { Job, Workbench } from './workbench.js';

/** The options of a run. */
export interface RunSettings {
  readonly ordered: boolean;
  readonly follow: boolean;
  readonly errors: 'item' | 'throw';
  readonly signal: AbortSignal | undefined;
}

/**
 * With `ordered`, so many outcomes for each worker may wait for that of an earlier message, which should not idle the
 * other workers.
 */
const ORDERED_AHEAD = 4;

/**
 * One loop over the outcomes of a listener's messages. At most `maxWorkers` messages are handled at once, and only so
 * many outcomes wait to be taken away: what is beyond that stays in the queue.
 */
export class ProcessingRun<Result> implements AsyncIterableIterator<QueueItem<Result>>, AsyncDisposable {
  readonly #mailbox: Mailbox;
  readonly #bench: Workbench<Message, ProcessedItem<Result>>;
  readonly #settings: RunSettings;
  readonly #end: (last: Message) => ProcessedItem<Result>;
  /** The number of messages that the run still takes from the queue. */
  #left: number;
  #isOver = false;

  /** @param end Called with the message that tells the end, for the item of that message. */
  constructor(
    mailbox: Mailbox,
    bench: Workbench<Message, ProcessedItem<Result>>,
    settings: RunSettings,
    end: (last: Message) => ProcessedItem<Result>,
  ) {
    this.#mailbox = mailbox;
    this.#bench = bench;
    this.#settings = settings;
    this.#end = end;
    const { size, state } = mailbox;
    this.#left = settings.follow ? Infinity : size + (state === 'ending' ? 1 : 0);
  }

  /**
   * The next outcome; done when all messages of this run have theirs, or after `return`.
   *
   * @throws The signal's reason when it is aborted.
   */
  async next(): Promise<IteratorResult<QueueItem<Result>, undefined>> {
    const bench = this.#bench;
    const { ordered, signal } = this.#settings;
    while (!this.#isOver) {
      if (signal?.aborted === true) throw asError(signal.reason);
      this.#beginJobs();
      const job = bench.take(ordered);
      if (job !== undefined) return { done: false, value: this.#itemOf(job) };
      const last = this.#takeLast();
      if (last !== undefined) return { done: false, value: this.#end(last) };
      if (bench.isEmpty && !this.#mayHaveMore) break;
      await this.#change();
    }
    this.#isOver = true;
    return { done: true, value: undefined };
  }

  /** Takes no more messages. Those under way go on, and the next run gives out their outcomes. */
  return(): Promise<IteratorResult<QueueItem<Result>, undefined>> {
    this.#isOver = true;
    this.#bench.changes.serveAll();
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  /** True when the queue has another message for this run, or the run waits for one. */
  get #mayHaveMore(): boolean {
    if (this.#left === 0) return false;
    const { size, state, listener } = this.#mailbox;
    return size > 0 || state === 'ending' || (this.#settings.follow && state === 'open' && listener.isRunning);
  }

  get #hasFreeWorker(): boolean {
    const { running, finished, maxWorkers } = this.#bench;
    const mayWait = this.#settings.ordered ? ORDERED_AHEAD * maxWorkers : maxWorkers;
    return running < maxWorkers && finished < mayWait;
  }

  /** Called when there is a message, or a worker is free: also while whoever runs the loop is busy elsewhere. */
  #beginJobs(): void {
    const mailbox = this.#mailbox;
    const { signal } = this.#settings;
    if (this.#isOver || signal?.aborted === true) return;
    while (this.#hasFreeWorker && this.#left > 0 && mailbox.size > 0) {
      const message = mailbox.take();
      if (message === undefined) return;
      this.#left--;
      void this.#bench.begin(message, signal, (undone) => mailbox.putBack(undone)).then(() => this.#beginJobs());
    }
  }

  /** An error ends the run, if it is to, and what is under way is for the next one. */
  #itemOf({ work, outcome }: Job<Message, ProcessedItem<Result>>): QueueItem<Result> {
    if (outcome?.status === 'done') return outcome.result;
    if (this.#settings.errors === 'item') return failedItem(work, outcome?.error);
    this.#isOver = true;
    throw asError(outcome?.error);
  }

  /** The message that tells the end waits until all others have been given out. */
  #takeLast(): Message | undefined {
    const mailbox = this.#mailbox;
    if (this.#left === 0 || !this.#bench.isEmpty || mailbox.size > 0 || mailbox.state !== 'ending') return undefined;
    this.#left = 0;
    return mailbox.take();
  }

  /** Waits until a job has ended, a message has come for a free worker, or the run is aborted. */
  async #change(): Promise<void> {
    const { signal } = this.#settings;
    const [jobs, messages] = [this.#bench.changes, this.#mailbox.changes];
    await within(this.#mailbox.clock, { signal }, (settle) => {
      const leaveJobs = jobs.join(settle);
      if (!this.#hasFreeWorker || !this.#mayHaveMore) return leaveJobs;
      const leaveMessages = messages.join(settle);
      return () => {
        leaveJobs();
        leaveMessages();
      };
    });
  }
}
