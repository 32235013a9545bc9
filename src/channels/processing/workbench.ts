import type { Clock } from '../../clock.js';
import { WaiterLine } from '../../queue/waiter-line.js';
import { onAbort } from '../../wait.js';

/** The end of a job: a result or an error. */
export type Outcome<Result> =
  { readonly status: 'done'; readonly result: Result } | { readonly status: 'failed'; readonly error: unknown };

/** A message that was taken up, and how its handling ended, if it has. */
export interface Job<Work, Result> {
  readonly work: Work;
  readonly outcome: Outcome<Result> | undefined;
}

/**
 * The jobs of one listener: those that run, and the outcomes that no loop has taken yet. It outlives the loops that use
 * it, so the next loop finds the outcomes that the last one has left.
 */
export class Workbench<Work, Result> {
  /** All that was begun and not taken away, in the order it was begun. */
  readonly #jobs = new Set<Job<Work, Result>>();
  /** The jobs that have an outcome, in the order in which they got it. */
  readonly #finished = new Set<Job<Work, Result>>();
  /** The callers who wait until a job has ended. */
  readonly changes: WaiterLine<void>;
  /** At most so many jobs are to run at once. */
  readonly maxWorkers: number;
  readonly #perform: (work: Work, signal: AbortSignal) => Result | Promise<Result>;

  /** @param perform Does the work of a job. The signal is aborted when the job is called off. */
  constructor(
    maxWorkers: number,
    perform: (work: Work, signal: AbortSignal) => Result | Promise<Result>,
    clock: Clock,
  ) {
    this.maxWorkers = maxWorkers;
    this.#perform = perform;
    this.changes = new WaiterLine(clock);
  }

  /** The number of jobs that run. */
  get running(): number {
    return this.#jobs.size - this.#finished.size;
  }

  /** The number of outcomes that no loop has taken yet. */
  get finished(): number {
    return this.#finished.size;
  }

  /** True when no job runs and no outcome waits. */
  get isEmpty(): boolean {
    return this.#jobs.size === 0;
  }

  /**
   * Begins a job, and resolves when it has ended. An error of the job is its outcome. But a job that fails after its signal
   * was aborted was called off: its work is put back.
   */
  async begin(work: Work, signal: AbortSignal | undefined, putBack: (work: Work) => void): Promise<void> {
    const job: { work: Work; outcome: Outcome<Result> | undefined } = { work, outcome: undefined };
    this.#jobs.add(job);
    // Each job has its own: a signal that all share would have too many listeners.
    const calledOff = new AbortController();
    const forget = signal && onAbort(signal, () => calledOff.abort(signal.reason));
    const outcome = await this.#outcomeOf(work, calledOff.signal);
    forget?.();
    if (outcome.status === 'failed' && calledOff.signal.aborted) {
      this.#jobs.delete(job);
      putBack(work);
    } else {
      job.outcome = outcome;
      this.#finished.add(job);
    }
    this.changes.serveAll();
  }

  /**
   * Takes an outcome away: that of the job that finished first, or, `ordered`, that of the job that was begun first, if
   * it has one yet. Of jobs that end in the same turn of the event loop, that one is first whose promise settled first.
   */
  take(ordered: boolean): Job<Work, Result> | undefined {
    const [job] = ordered ? this.#jobs : this.#finished;
    if (job?.outcome === undefined) return undefined;
    this.#finished.delete(job);
    this.#jobs.delete(job);
    return job;
  }

  async #outcomeOf(work: Work, signal: AbortSignal): Promise<Outcome<Result>> {
    try {
      return { status: 'done', result: await this.#perform(work, signal) };
    } catch (error) {
      return { status: 'failed', error };
    }
  }
}
