/** Shows that the simulation finds mistakes: makes each of the table in a copy of the sources, and runs until a run fails. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { MUTANTS } from './table.js';
import type { Mutant } from './table.js';

/** Each is to be found within so many runs. */
const RUNS = 1000;

/** A mistake that makes a run go on for ever is found, too. In milliseconds. */
const PATIENCE = 900_000;

/** What the simulation says of the first run that fails: its seed, and a problem. */
const FAILURE = /^(\d+) ([a-z]+: .*)/;

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..');
// Below node_modules, so that packages are found from there.
const COPIES = join(ROOT, 'node_modules', '.cache', 'mutants', String(process.pid));

const names = process.argv.slice(2);
const chosen = MUTANTS.filter(({ name }) => names.length === 0 || names.some((part) => name.includes(part)));
let survivors = 0;
for (const [index, mutant] of chosen.entries()) {
  const found = await hunt(mutant, join(COPIES, String(index)));
  if (found === undefined) survivors++;
  process.stdout.write(`${found ?? `NOT FOUND in ${RUNS} runs`}  ${mutant.name}\n`);
}
process.stdout.write(`${chosen.length - survivors} of ${chosen.length} mutants were found within ${RUNS} runs.\n`);
await rm(COPIES, { recursive: true, force: true });
process.exitCode = survivors > 0 ? 1 : 0;

/** The run that finds a mutant and what it says. */
async function hunt(mutant: Mutant, copy: string): Promise<string | undefined> {
  await mkdir(copy, { recursive: true });
  for (const part of ['src', 'test/simulation', 'test/support', 'package.json', 'tsconfig.json']) {
    await cp(join(ROOT, part), join(copy, part), { recursive: true });
  }
  await change(mutant, join(copy, 'src'));
  for (let from = 1; from <= RUNS;) {
    const said = await simulate(copy, ['--first', '--from', String(from), '--count', String(RUNS - from + 1)]);
    if (said === undefined) return 'hangs';
    const [, seed, problem] = FAILURE.exec(said) ?? [];
    if (seed === undefined) return undefined;
    // What fails without the mistake says nothing of it.
    const without = await simulate(ROOT, ['--first', '--from', seed, '--count', '1']);
    if (!FAILURE.test(without ?? '')) return `run ${seed}: ${problem!.slice(0, 70)}`;
    from = Number(seed) + 1;
  }
  return undefined;
}

/** Makes the mistake. Its text must stand in one place. */
async function change({ name, find, replace }: Mutant, src: string): Promise<void> {
  const places: string[] = [];
  for (const path of await readdir(src, { recursive: true })) {
    if (!path.endsWith('.ts')) continue;
    const parts = (await readFile(join(src, path), 'utf8')).split(find).length - 1;
    places.push(...Array.from({ length: parts }, () => path));
  }
  const [place] = places;
  if (places.length !== 1 || place === undefined) {
    throw new Error(`"${name}" is to change a text that stands in ${places.length} places: ${find}`);
  }
  const file = join(src, place);
  await writeFile(
    file,
    (await readFile(file, 'utf8')).replace(find, () => replace),
  );
}

/** Runs the simulation of a folder. Returns what it says; `undefined` when it does not end. */
async function simulate(folder: string, args: readonly string[]): Promise<string | undefined> {
  const command = ['--import', 'tsx', join(folder, 'test', 'simulation', 'main.ts'), ...args];
  const child = spawn(process.execPath, command, {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: PATIENCE,
  });
  const [said] = await Promise.all([text(child.stdout), once(child, 'close')]);
  return child.exitCode === null ? undefined : said;
}
