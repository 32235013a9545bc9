import { contenderNames } from './contenders.js';
import type { Contender, Programs } from './contenders.js';
import type { Metric, Outcome, Scenario } from './scenarios.js';
import { median, spread } from './statistics.js';
import type { Spread } from './statistics.js';

/** One line of the results: a metric, for every library the median of its runs. `null`: not measured. */
export type Measurement = { readonly name: string; readonly unit: string } & Readonly<
  Record<Contender, number | null>
> & {
    /** The lowest and the highest run of each library. */
    readonly spread: Readonly<Record<Contender, Spread | null>>;
    readonly runs: number;
  };

/** Called before every run. */
export type Progress = (run: number, contender: Contender) => void;

/**
 * Runs the libraries of a scenario in turn, `runs` times each, so that whatever else the machine does falls on all of
 * them alike. Only `among` take part.
 */
export async function measure(
  scenario: Scenario,
  programs: Programs,
  among: readonly Contender[],
  runs: number,
  progress: Progress,
): Promise<Measurement[]> {
  const outcomes = new Map<Contender, Outcome[]>();
  // A scenario that has ours has ours of another commit.
  const taking = among.filter((name) => scenario.contenders.includes(name === 'before' ? 'ours' : name));
  for (let run = 1; run <= runs; run += 1) {
    // Turn and turn about: who runs second may find the machine warmer.
    for (const contender of run % 2 === 1 ? taking : taking.toReversed()) {
      progress(run, contender);
      const earlier = outcomes.get(contender) ?? [];
      outcomes.set(contender, [...earlier, await scenario.run(contender, programs)]);
    }
  }
  return scenario.metrics.map((metric) => summarise(metric, outcomes, runs));
}

function summarise(metric: Metric, outcomes: ReadonlyMap<Contender, readonly Outcome[]>, runs: number): Measurement {
  const medians = {} as Record<Contender, number | null>; // filled for every contender below
  const spreads = {} as Record<Contender, Spread | null>; // likewise
  for (const contender of [...contenderNames, 'before'] as const) {
    const values = outcomes.get(contender)?.map((outcome) => value(metric, outcome));
    medians[contender] = values === undefined ? null : median(values);
    spreads[contender] = values === undefined ? null : spread(values);
  }
  return { name: metric.name, unit: metric.unit, ...medians, spread: spreads, runs };
}

function value(metric: Metric, outcome: Outcome): number {
  const found = outcome[metric.name];
  if (found === undefined) throw new Error(`A run did not give ${metric.name}.`);
  return found;
}
