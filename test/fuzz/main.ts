import { parseArgs } from 'node:util';
import { Dice } from '../unit/codec/support.js';
import { TARGETS, corpusOf, keep, recordedFor } from './corpus.js';
import { Coverage } from './coverage.js';
import { mutate } from './mutate.js';
import type { Target } from './target.js';

const HELP = `npm run fuzz -- [--seconds N] [--seed N] [--target NAME] [--keep]

Gives each parser damaged input, and keeps on with what went where none had gone before. Fails, and prints the input, when
one does something else than to understand its input or to refuse it with an error of its own.

  --seconds N    how long, shared among the targets. Default 60
  --seed N       the same inputs in the same order. Default: another one each time, which is printed
  --target NAME  one target only: ${TARGETS.map(({ name }) => name).join(', ')}
  --input HEX    one input only, with --target
  --keep         writes the inputs that went where none had gone before to test/fuzz/corpus
`;

/** How many inputs are run between two looks at the coverage, which takes as long as hundreds of them. */
const BATCH = 200;

const { values: options } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000_000) },
    target: { type: 'string' },
    input: { type: 'string' },
    keep: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

/** An input that did what none may do. */
class Finding extends Error {
  constructor(
    readonly input: Buffer,
    cause: unknown,
  ) {
    super('An input did something else than to be understood or refused.', { cause });
  }
}

/** One target being fuzzed. */
class Run {
  executions = 0;
  readonly corpus: Buffer[] = [];

  constructor(
    private readonly target: Target,
    private readonly coverage: Coverage,
  ) {}

  /** Keeps those of the inputs that go where none before has gone. */
  async begin(inputs: readonly Buffer[]): Promise<void> {
    for (const input of inputs) await this.#keepNew([input]);
    if (this.corpus.length === 0) this.corpus.push(...inputs);
  }

  /** Damages inputs of the corpus until it is time. The same dice damage them in the same way. */
  async damage(dice: Dice, until: number): Promise<void> {
    const { corpus, target } = this;
    while (performance.now() < until) {
      const inputs = Array.from({ length: BATCH }, () => mutate(dice, dice.pick(corpus), corpus, target.tokens));
      await this.#keepNew(inputs);
    }
  }

  /** Keeps those that go where none has gone, and finds them by halves. */
  async #keepNew(inputs: readonly Buffer[]): Promise<void> {
    for (const input of inputs) await this.#execute(input);
    if ((await this.coverage.take(inputs.length === 1)) === 0) return;
    if (inputs.length === 1) {
      this.corpus.push(inputs[0]!);
      return;
    }
    const half = inputs.length >> 1;
    await this.#keepNew(inputs.slice(0, half));
    await this.#keepNew(inputs.slice(half));
  }

  async #execute(input: Buffer): Promise<void> {
    this.executions++;
    try {
      await this.target.run(Buffer.from(input));
    } catch (error) {
      throw new Finding(input, error);
    }
  }
}

async function fuzz(target: Target, seed: number, seconds: number): Promise<void> {
  const coverage = new Coverage();
  await coverage.start();
  const run = new Run(target, coverage);
  const start = performance.now();
  await run.begin([...corpusOf(target), ...target.seeds, ...recordedFor(target)]);
  await run.damage(new Dice(seed), start + seconds * 1000);
  await coverage.stop();
  const { reached, of } = coverage.total();
  const share = ((reached / of) * 100).toFixed(1);
  const numbers = `${run.executions} executions, ${run.corpus.length} inputs that found something new`;
  console.log(`${target.name.padEnd(14)} ${numbers}, ${share} % of ${of} characters of the source it runs`);
  if (options.keep) keep(target, run.corpus);
}

async function main(): Promise<void> {
  if (options.help) {
    console.log(HELP);
    return;
  }
  const targets = TARGETS.filter(({ name }) => options.target === undefined || name === options.target);
  if (targets.length === 0) throw new Error(`There is no target ${options.target}. See --help.`);
  if (options.input !== undefined) {
    for (const target of targets) await target.run(Buffer.from(options.input, 'hex'));
    return;
  }
  console.log(`seed ${options.seed}`);
  for (const target of targets) {
    try {
      await fuzz(target, Number(options.seed), Number(options.seconds) / targets.length);
    } catch (thrown) {
      if (!(thrown instanceof Finding)) throw thrown;
      console.error(thrown.cause);
      console.error(`Again: npm run fuzz -- --target ${target.name} --input ${thrown.input.toString('hex')}`);
      process.exitCode = 1;
    }
  }
}

await main();
