import { describe, expect, it } from 'vitest';
import { TARGETS, corpusOf, recordedFor } from '../fuzz/corpus.js';
import { mutate } from '../fuzz/mutate.js';
import { pieces, refusable } from '../fuzz/target.js';
import { Dice } from './codec/support.js';

describe.each(TARGETS)('$name', (target) => {
  it('understands or refuses each input of its corpus', async () => {
    const inputs = [...target.seeds, ...corpusOf(target), ...recordedFor(target)];
    expect(inputs.length).toBeGreaterThan(target.seeds.length);
    for (const input of inputs) await target.run(Buffer.from(input));
  });

  it('understands or refuses damaged copies of it', async () => {
    const inputs = [...target.seeds, ...corpusOf(target)];
    const dice = new Dice(1);
    for (let turn = 0; turn < 200; turn++) {
      await target.run(mutate(dice, dice.pick(inputs), inputs, target.tokens));
    }
  });
});

describe('inputs', () => {
  const inputs = [Buffer.from('one input'), Buffer.from('another')];

  it('are damaged in the same way by the same seed, and in another by another', () => {
    const damaged = (seed: number): string[] => {
      const dice = new Dice(seed);
      return Array.from({ length: 20 }, () => mutate(dice, dice.pick(inputs), inputs, inputs).toString('hex'));
    };
    expect(damaged(5)).toEqual(damaged(5));
    expect(damaged(5)).not.toEqual(damaged(6));
    expect(new Set(damaged(5)).size).toBeGreaterThan(15);
    expect(inputs.map(String)).toEqual(['one input', 'another']);
  });

  it('are cut into pieces without loss', () => {
    const bytes = Buffer.from(Array.from({ length: 300 }, (_, index) => index & 0xff));
    expect(Buffer.concat([...pieces(bytes)])).toEqual(bytes);
  });
});

describe('a parser that refuses an input', () => {
  it('may throw the errors that are named, and no others', () => {
    const fail = (): number => {
      throw new RangeError('r');
    };
    expect(refusable(fail, TypeError, RangeError)).toBeUndefined();
    expect(() => refusable(fail, TypeError)).toThrow('r');
    expect(refusable(() => 5, TypeError)).toBe(5);
  });
});
