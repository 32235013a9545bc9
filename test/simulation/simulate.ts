import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { planOf } from './plan.js';
import type { Plan } from './plan.js';
import { World } from './world.js';
import type { Result } from './world.js';

const HELP = `Runs the whole of the library in a world of its own, where everything is left to chance and comes from a seed.

  --seed N    repeat one run, and print its trace
  --count N   run so many seeds (default 100)
  --from N    the first of them (default 1)
  --minutes N stop after so many minutes
  --first     stop at the first run that fails
  --quiet     print nothing but the figures
  --report F  write a report that counts runs as tests
`;

/** Runs one world, and whatever it prints or throws past everybody is a problem of the run. */
export async function run(plan: Plan): Promise<Result> {
  const world = new World(plan);
  const uncaught = (error: unknown): void => world.uncaught(error);
  const { stdout, stderr } = process;
  const [write, complain] = [stdout.write.bind(stdout), stderr.write.bind(stderr)];
  const printed = (text: unknown): boolean => {
    world.ledger.problem('printed', String(text));
    return true;
  };
  process.on('uncaughtException', uncaught);
  process.on('unhandledRejection', uncaught);
  process.on('warning', uncaught);
  process.stdout.write = printed;
  process.stderr.write = printed;
  try {
    return await world.run();
  } finally {
    stdout.write = write;
    stderr.write = complain;
    process.off('uncaughtException', uncaught);
    process.off('unhandledRejection', uncaught);
    process.off('warning', uncaught);
  }
}

/** The shortest beginning of the faults of a run that still leads to a problem of the same kind. */
export async function shrink(failed: Result): Promise<Result> {
  const kind = kindOf(failed.problems[0]!);
  for (let length = 0; length < failed.plan.faults.length; length++) {
    const result = await run({ ...failed.plan, faults: failed.plan.faults.slice(0, length) });
    if (result.problems.some((problem) => kindOf(problem) === kind)) return result;
  }
  return failed;
}

/** Runs what the command line says. Returns the exit code. */
export async function simulate(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seed: { type: 'string' },
      count: { type: 'string', default: '100' },
      from: { type: 'string', default: '1' },
      minutes: { type: 'string', default: 'Infinity' },
      first: { type: 'boolean', default: false },
      quiet: { type: 'boolean', default: false },
      report: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  if (values.seed !== undefined) {
    const result = await run(planOf(Number(values.seed)));
    process.stdout.write(`${result.trace.join('\n')}\n`);
    if (result.problems.length > 0) process.stdout.write(await report(result));
    return result.problems.length > 0 ? 1 : 0;
  }
  const { from, count, minutes, first, quiet, report: file } = values;
  return many({ from: Number(from), count: Number(count), time: Number(minutes) * 60_000, first, quiet, file });
}

/** What `many` is to do. */
interface Many {
  readonly from: number;
  readonly count: number;
  /** Milliseconds. */
  readonly time: number;
  readonly first: boolean;
  readonly quiet: boolean;
  readonly file: string | undefined;
}

async function many({ from, count, time, first, quiet, file }: Many): Promise<number> {
  const begin = performance.now();
  const kinds = new Map<string, number>();
  let [runs, failed, messages, faults] = [0, 0, 0, 0];
  for (let seed = from; seed < from + count && performance.now() - begin < time; seed++) {
    const result = await run(planOf(seed));
    runs++;
    messages += result.messages;
    faults += result.plan.faults.length;
    if (result.problems.length === 0) continue;
    failed++;
    for (const kind of new Set(result.problems.map(kindOf))) kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
    if (first) {
      process.stdout.write(`${seed} ${result.problems[0]!}\n`);
      return 1;
    }
    if (!quiet && failed <= 5) process.stdout.write(await report(result));
  }
  const seconds = (performance.now() - begin) / 1000;
  const rate = Math.round((runs / seconds) * 60);
  process.stdout.write(
    `${runs} runs, ${messages} messages, ${faults} faults, ${failed} failed; ${seconds.toFixed(1)} s, ${rate} runs a minute\n`,
  );
  if (file !== undefined) await writeFile(file, JSON.stringify(asTests(runs, failed)));
  for (const [kind, number] of kinds) process.stdout.write(`  ${kind}: ${number} runs\n`);
  return failed > 0 ? 1 : 0;
}

/** The figures of the runs in the shape of vitest's report, which CI adds up. */
function asTests(runs: number, failed: number): object {
  const figures = { numPassedTests: runs - failed, numFailedTests: failed, numPendingTests: 0, numTodoTests: 0 };
  return { ...figures, testResults: [] };
}

async function report(result: Result): Promise<string> {
  const shortest = await shrink(result);
  const faults = shortest.plan.faults.map(({ at, kind, lasts }) => `  at ${at.toFixed(3)}: ${kind}, for ${lasts} ms`);
  const problems = shortest.problems.slice(0, 5).map((problem) => `  ${problem}`);
  return [
    `Seed ${result.plan.seed} fails. npm run simulate -- --seed ${result.plan.seed}`,
    `With ${shortest.plan.faults.length} of its ${result.plan.faults.length} faults:`,
    ...faults,
    ...problems,
    '',
  ].join('\n');
}

function kindOf(problem: string): string {
  return problem.slice(0, problem.indexOf(':'));
}
