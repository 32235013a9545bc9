/** How a job ended. */
export type Outcome<Result> =
  { readonly status: 'done'; readonly result: Result } | { readonly status: 'failed'; readonly error: unknown };

/** A message that was taken up, and how its handling ended, if it has. */
export interface Job<Work, Result> {
  readonly work: Work;
  readonly outcome: Outcome<Result> | undefined;
}

/** How a job is done, and what becomes of its work when it is called off. */
export interface JobHandling<Work, Result> {
  perform(work: Work): Result | Promise<Result>;
  /** A job that fails after this was aborted has not failed: it was called off. */
  readonly signal: AbortSignal;
  putBack(work: Work): void;
}

/**
 * What is being worked on for one listener, and what is finished and not yet taken away. It outlives the loops that use
 * it: what one leaves behind, the next one finds.
 */
export class Workbench<Work, Result> {
  /** All that was begun and not taken away, in the order it was begun. */
  readonly #jobs = new Set<Job<Work, Result>>();
  /** Those of them that have an outcome, in the order they got it. */
  readonly #finished = new Set<Job<Work, Result>>();
  #bells: (() => void)[] = [];

  /** How many jobs run. */
  get running(): number {
    return this.#jobs.size - this.#finished.size;
  }

  /** How many outcomes wait to be taken away. */
  get finished(): number {
    return this.#finished.size;
  }

  /** Whether nothing runs and no outcome waits. */
  get isEmpty(): boolean {
    return this.#jobs.size === 0;
  }

  /**
   * Begins a job, and resolves when it has ended. What its handling throws is its outcome, unless it was called off.
   */
  async begin(work: Work, handling: JobHandling<Work, Result>): Promise<void> {
    const job: { work: Work; outcome: Outcome<Result> | undefined } = { work, outcome: undefined };
    this.#jobs.add(job);
    const outcome = await outcomeOf(work, handling);
    if (outcome.status === 'failed' && handling.signal.aborted) {
      this.#jobs.delete(job);
      handling.putBack(work);
    } else {
      job.outcome = outcome;
      this.#finished.add(job);
    }
    this.ring();
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

  /** Resolves when a job has ended, or somebody has rung. */
  change(): Promise<void> {
    return new Promise((resolve) => this.#bells.push(resolve));
  }

  /** Wakes all that wait for a change. */
  ring(): void {
    for (const bell of this.#bells.splice(0)) bell();
  }
}

async function outcomeOf<Work, Result>(work: Work, handling: JobHandling<Work, Result>): Promise<Outcome<Result>> {
  try {
    return { status: 'done', result: await handling.perform(work) };
  } catch (error) {
    return { status: 'failed', error };
  }
}
