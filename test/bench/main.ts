// Measures the libraries side by side. See `usage`.
import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { ProtonUnavailable, buildCPrograms } from '../interop/build-c.js';
import { buildCommit } from './against.js';
import { Programs, contenderNames } from './contenders.js';
import type { Contender } from './contenders.js';
import { inProcessBenches } from './in-process.js';
import type { Comparison } from './in-process.js';
import { describeMachine } from './machine.js';
import { chart } from './chart.js';
import { measure } from './measure.js';
import type { Measurement } from './measure.js';
import { comparisonToText, toMarkdown, toText } from './report.js';
import { brokerScenarios } from './broker-scenarios.js';
import { scenarios as directScenarios } from './scenarios.js';

const scenarios = [...directScenarios, ...brokerScenarios];
const metrics = scenarios.flatMap((scenario) => scenario.metrics);

const names = [...metrics, ...inProcessBenches].map(({ name }) => name);

const usage = `npm run bench -- [options]

  --only NAME         one measurement, or all whose name begins with NAME and a hyphen:
                      ${names.join(', ')}
  --runs N            how often each library runs (5)
  --contenders LIST   some of the libraries, with commas between (${contenderNames.join(',')})
  --against REV       this code beside that of another commit, run by run, and nothing else
  --json              print one line of JSON per measurement

Without options that leave something out, and without --json, the results go to docs/benchmarks.md.
`;

interface Options {
  /** Whether a measurement is wanted. */
  readonly wants: (name: string) => boolean;
  readonly runs: number;
  readonly contenders: readonly Contender[];
  /** Another commit to measure beside this code. */
  readonly against: string | undefined;
  readonly output: 'file' | 'json' | 'text';
}

await main(readOptions());

async function main(options: Options): Promise<void> {
  const { programs, proton } = await findPrograms(options);
  const machine = describeMachine(proton);
  const measurements: Measurement[] = [];
  for await (const measurement of measureAll(options, programs)) {
    measurements.push(measurement);
    if (options.output === 'json') console.log(JSON.stringify(measurement));
    if (options.output === 'text') console.log(toText(measurement, metrics));
  }
  const comparisons = new Map<string, readonly Comparison[]>();
  for (const { name, title, run } of inProcessBenches) {
    // They know this code only.
    if (!options.wants(name) || options.against !== undefined) continue;
    showProgress(name);
    comparisons.set(title, await run());
  }
  showProgress('');
  if (options.output === 'file') {
    const page = toMarkdown(machine, measurements, metrics, comparisons);
    await writeFile(new URL('../../docs/benchmarks.md', import.meta.url), page);
    await writeFile(new URL('../../docs/images/benchmarks.svg', import.meta.url), chart(page));
    console.log('The results are in docs/benchmarks.md.');
    return;
  }
  for (const comparison of [...comparisons.values()].flat())
    console.log(options.output === 'json' ? JSON.stringify(comparison) : comparisonToText(comparison));
  if (options.output === 'text') console.log(`rhea ${machine.rhea}, Qpid Proton ${proton}, Node ${machine.node}`);
}

async function* measureAll(options: Options, programs: Programs): AsyncGenerator<Measurement> {
  const { wants, runs, contenders, against } = options;
  const among = contenders.filter((name) => programs.has(name));
  // The brokers run the code of here.
  for (const scenario of against === undefined ? scenarios : directScenarios) {
    const wanted = new Set(scenario.metrics.map(({ name }) => name).filter(wants));
    if (wanted.size === 0) continue;
    const lines = await measure(scenario, programs, among, runs, (run, contender) => {
      showProgress(`${[...wanted].join(', ')}: run ${run} of ${runs}, ${contender}`);
    });
    showProgress('');
    yield* lines.filter(({ name }) => wanted.has(name));
  }
}

/** The programs to measure, and the version of Qpid Proton or why there is none. */
async function findPrograms({ contenders, against }: Options): Promise<{ programs: Programs; proton: string }> {
  const before = against === undefined ? undefined : buildCommit(against).programs;
  if (!contenders.includes('proton')) return { programs: new Programs(undefined, before), proton: 'not measured' };
  try {
    const built = await buildCPrograms();
    return { programs: new Programs(built, before), proton: built.version };
  } catch (error) {
    if (!(error instanceof ProtonUnavailable)) throw error;
    process.stderr.write(`Qpid Proton is not measured. ${error.message}\n`);
    return { programs: new Programs(undefined, before), proton: `not measured: ${error.message}` };
  }
}

function readOptions(): Options {
  const { values } = parseArgs({
    options: {
      only: { type: 'string' },
      runs: { type: 'string', default: '5' },
      contenders: { type: 'string' },
      against: { type: 'string' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) leave(usage, 0);
  const { only } = values;
  const wants = (name: string): boolean => only === undefined || name === only || name.startsWith(`${only}-`);
  if (!names.some(wants)) leave(`There is no measurement ${only ?? ''}.\n\n${usage}`);
  const runs = Number(values.runs);
  if (!Number.isInteger(runs) || runs < 1) leave(`--runs takes a whole number from 1 up.\n\n${usage}`);
  const { against } = values;
  if (against !== undefined) {
    return { wants, runs, contenders: ['ours', 'before'], against, output: values.json ? 'json' : 'text' };
  }
  const wanted = values.contenders?.split(',') ?? contenderNames;
  const contenders = contenderNames.filter((name) => wanted.includes(name));
  if (contenders.length !== wanted.length) leave(`--contenders takes some of ${contenderNames.join(',')}.\n\n${usage}`);
  const partial = only !== undefined || contenders.length < contenderNames.length;
  return { wants, runs, contenders, against, output: values.json ? 'json' : partial ? 'text' : 'file' };
}

function leave(message: string, code = 1): never {
  (code === 0 ? process.stdout : process.stderr).write(message);
  process.exit(code);
}

/** One line that the next one overwrites. */
function showProgress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001B[2K${text}`);
}
