import fc from '../../support/property.js';
import { describe, expect, it } from 'vitest';
import { Unsettled } from '../../../src/queue/unsettled.js';
import { memoryInUse } from '../../support/memory.js';

const ID_COUNT = 2 ** 32;
const serial = (id: number): number => ((id % ID_COUNT) + ID_COUNT) % ID_COUNT;

/** What a ring of slots must not show: a plain map that keeps the order of adding. */
class Model {
  readonly byId = new Map<number, string>();

  /** Which of the ids a range names: every one whose distance from its first is at most its length. */
  clip(first: number, last: number): number[] {
    return [...this.byId.keys()].filter((id) => serial(id - first) <= serial(last - first));
  }
}

type Operation =
  | { readonly name: 'add'; readonly gap: number }
  | { readonly name: 'take' | 'get'; readonly from: number }
  | { readonly name: 'clip'; readonly from: number; readonly length: number; readonly taken: boolean }
  | { readonly name: 'drain' };

const near = fc.integer({ min: -300, max: 300 });
const operation: fc.Arbitrary<Operation> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      name: fc.constant('add' as const),
      gap: fc.oneof({ weight: 9, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(5000) }),
    }),
  },
  { weight: 8, arbitrary: fc.record({ name: fc.constantFrom('take' as const, 'get' as const), from: near }) },
  {
    weight: 3,
    arbitrary: fc.record({
      name: fc.constant('clip' as const),
      from: near,
      length: fc.oneof(fc.nat(100), fc.nat(ID_COUNT - 1), fc.constant(ID_COUNT - 1)),
      taken: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.constant<Operation>({ name: 'drain' }) },
);

function replay(start: number, operations: readonly Operation[]): void {
  const unsettled = new Unsettled<string>();
  const model = new Model();
  let next = start;
  let oldest = start;
  for (const step of operations) {
    if (step.name === 'add') {
      next += step.gap;
      unsettled.add(serial(next), `delivery ${next}`);
      model.byId.set(serial(next), `delivery ${next}`);
      next++;
    } else if (step.name === 'clip') {
      // Around either end of what is outstanding.
      const first = serial((step.from < 0 ? next : oldest) + step.from);
      const last = serial(first + step.length);
      const ids = unsettled.clip(first, last);
      expect([...ids].sort()).toEqual(model.clip(first, last).sort());
      if (step.taken) for (const id of ids) expect(unsettled.take(id)).toBe(taken(model, id));
    } else if (step.name === 'drain') {
      expect(unsettled.drain()).toEqual([...model.byId.values()]);
      model.byId.clear();
      oldest = next;
    } else {
      const id = serial((step.from < 0 ? next : oldest) + step.from);
      if (step.name === 'get') expect(unsettled.get(id)).toBe(model.byId.get(id));
      else expect(unsettled.take(id)).toBe(taken(model, id));
    }
    expect(unsettled.size).toBe(model.byId.size);
  }
  expect(unsettled.drain()).toEqual([...model.byId.values()]);
}

function taken(model: Model, id: number): string | undefined {
  const delivery = model.byId.get(id);
  model.byId.delete(id);
  return delivery;
}

describe('Unsettled', () => {
  it('does what a map by id does, whatever order deliveries end in', () => {
    const starts = fc.constantFrom(0, 1, 1000, ID_COUNT - 1, ID_COUNT - 50, ID_COUNT - 5000);
    fc.assert(
      fc.property(starts, fc.array(operation, { maxLength: 300 }), (start, operations) => replay(start, operations)),
      { numRuns: 150 },
    );
  });

  it('clips ranges to what is outstanding, in the order of the ids', () => {
    const unsettled = new Unsettled<number>();
    for (const id of [10, 11, 12, 20, 21]) unsettled.add(id, id);
    unsettled.take(11);
    expect(unsettled.clip(0, 100)).toEqual([10, 12, 20, 21]);
    expect(unsettled.clip(12, 20)).toEqual([12, 20]);
    expect(unsettled.clip(11, 11)).toEqual([]);
    expect(unsettled.clip(0, ID_COUNT - 1)).toEqual([10, 12, 20, 21]);
    expect(unsettled.clip(22, 9)).toEqual([]);
    expect(unsettled.clip(ID_COUNT - 5, 10)).toEqual([10]);
    expect(new Unsettled<number>().clip(0, ID_COUNT - 1)).toEqual([]);
  });

  it('finds deliveries on both sides of the wrap in one range', () => {
    const unsettled = new Unsettled<number>();
    for (let step = -3; step < 3; step++) unsettled.add(serial(step), step);
    expect(unsettled.clip(serial(-2), 1)).toEqual([ID_COUNT - 2, ID_COUNT - 1, 0, 1]);
    expect(unsettled.drain()).toEqual([-3, -2, -1, 0, 1, 2]);
  });

  it('settles a million deliveries behind one that stays open', () => {
    const unsettled = new Unsettled<number>();
    unsettled.add(0, 0);
    let found = 0;
    for (let id = 1; id <= 1_000_000; id++) {
      unsettled.add(id, id);
      if (id > 50 && unsettled.take(id - 50) === id - 50) found++;
    }
    expect(found).toBe(999_950);
    expect(unsettled.size).toBe(51);
    expect(unsettled.get(0)).toBe(0);
    expect(unsettled.clip(0, ID_COUNT - 1)).toHaveLength(51);
    expect(unsettled.drain()[0]).toBe(0);
  });

  it('takes memory for what is outstanding, not for the distance between the ids', () => {
    const unsettled = new Unsettled<number>();
    const before = memoryInUse();
    // Every thousandth of four million stays open: a ring over all of them would take 32 MiB.
    for (let id = 0; id < 4_000_000; id++) {
      unsettled.add(id, id);
      if (id % 1000 !== 0) unsettled.take(id);
    }
    expect(memoryInUse() - before).toBeLessThan(1 << 20);
    const ids = unsettled.clip(0, 3_999_999);
    expect(ids).toEqual(Array.from({ length: 4000 }, (_, index) => index * 1000));
    expect(ids.every((id) => unsettled.take(id) === id)).toBe(true);
    expect(unsettled.size).toBe(0);
  });
});
