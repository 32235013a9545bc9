import fc from '../../support/property.js';
import { describe, expect, it } from 'vitest';
import type { Slab } from '../../../src/codec/slab.js';
import { SlabPool } from '../../../src/codec/slab.js';

const USUAL = 65_536;

/** Takes so many slabs at once, and gives them all back. */
function cycle(pool: SlabPool, sizes: readonly number[]): Slab[] {
  const slabs = sizes.map((size) => pool.take(size));
  for (const slab of slabs) slab.hold();
  for (const slab of slabs) slab.release();
  return slabs;
}

describe('SlabPool', () => {
  it('returns slabs that are no longer held, the last one first', () => {
    const pool = new SlabPool(USUAL);
    const slabs = cycle(pool, [USUAL, USUAL, USUAL]);
    // `toEqual` would compare their bytes, which nobody has written.
    for (const slab of [...slabs].reverse()) expect(pool.take(USUAL)).toBe(slab);
    expect(slabs).not.toContain(pool.take(USUAL));
  });

  it('reuses a slab only after every release', () => {
    const pool = new SlabPool(USUAL);
    const slab = pool.take(USUAL);
    slab.hold();
    slab.hold();
    slab.release();
    expect(pool.take(USUAL)).not.toBe(slab);
    slab.release();
    expect(pool.take(USUAL)).toBe(slab);
  });

  it('returns a slab of the size asked for, or up to a quarter more', () => {
    const pool = new SlabPool(1000);
    const seen = new Set<Slab>();
    let reused = 0;
    fc.assert(
      fc.property(fc.oneof(fc.constant(1000), fc.integer({ min: 800, max: 600_000 })), (size) => {
        const [slab] = cycle(pool, [size]);
        expect(slab!.buffer.length).toBeGreaterThanOrEqual(size);
        expect(slab!.buffer.length).toBeLessThanOrEqual(size === 1000 ? size : size * 1.25);
        if (seen.has(slab!)) reused++;
        seen.add(slab!);
      }),
      { numRuns: 500 },
    );
    expect(reused).toBeGreaterThan(100);
  });

  it('keeps 4 MiB at most, and drops the slabs that were unused for longest', () => {
    const pool = new SlabPool(USUAL);
    const [large] = cycle(pool, [100_000]);
    const usual = cycle(
      pool,
      Array.from({ length: 64 }, () => USUAL),
    );
    expect(pool.take(100_000)).not.toBe(large);
    const again = cycle(
      pool,
      Array.from({ length: 70 }, () => USUAL),
    );
    expect(again.filter((slab) => usual.includes(slab))).toHaveLength(64);
    const third = cycle(
      pool,
      Array.from({ length: 70 }, () => USUAL),
    );
    expect(third.filter((slab) => again.includes(slab))).toHaveLength(64);
  });

  it('keeps none that is larger than 512 KiB, and makes such a one in the exact size', () => {
    const pool = new SlabPool(USUAL);
    const usual = cycle(pool, [USUAL]);
    const [large] = cycle(pool, [600_001]);
    expect(large?.buffer).toHaveLength(600_001);
    expect(pool.take(600_001)).not.toBe(large);
    expect(usual).toContain(pool.take(USUAL));
  });
});
