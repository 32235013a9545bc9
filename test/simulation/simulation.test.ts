import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { MUTANTS } from './mutants/table.js';
import { FAULTS, planOf } from './plan.js';
import { run, shrink } from './simulate.js';

describe('a run of the simulation', () => {
  it.each([3, 14, 15])('is repeated exactly by its seed, %i', async (seed) => {
    const first = await run(planOf(seed));
    const again = await run(planOf(seed));
    expect(again.trace.join('\n')).toBe(first.trace.join('\n'));
    expect(first.trace.length).toBeGreaterThan(100);
  });

  it('differs from that of another seed', async () => {
    const [one, other] = [await run(planOf(3)), await run(planOf(4))];
    expect(one.trace.join('\n')).not.toBe(other.trace.join('\n'));
  });

  it('that fails is cut down to the shortest beginning of its faults that still fails', async () => {
    const plan = planOf(3);
    const [cut] = FAULTS;
    const faults = [100, 200, 300].map((at) => ({ at, kind: cut, pick: 0, lasts: 10 }));
    const failed = { plan: { ...plan, faults }, problems: ['uncaught: as a test says'], trace: [], messages: 0 };
    // Nothing of the kind happens without the test, so all faults are needed as far as anybody can tell.
    expect((await shrink(failed)).plan.faults).toEqual(faults);
  });

  it('has all kinds of faults among the first seeds', () => {
    const kinds = new Set(Array.from({ length: 200 }, (_, seed) => planOf(seed).faults.map(({ kind }) => kind)).flat());
    expect([...kinds].sort()).toEqual([...FAULTS].sort());
  });
});

describe('the mutants', () => {
  const src = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'src');
  const sources = readdirSync(src, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .map((path) => readFileSync(join(src, path), 'utf8'));

  it('are at least twenty', () => expect(MUTANTS.length).toBeGreaterThanOrEqual(20));

  it.each(MUTANTS.map(({ name, find }) => [name, find]))('still apply: %s', (_name, find) => {
    expect(sources.reduce((places, text) => places + text.split(find).length - 1, 0)).toBe(1);
  });
});
