import { describe, expect, it } from 'vitest';
import { TrackerWindow } from '../../../src/queue/tracker-window.js';

/** A window that this many deliveries have been added to, and those. */
function filled(count: number): { window: TrackerWindow; deliveries: { sequence: number }[] } {
  const window = new TrackerWindow();
  return { window, deliveries: Array.from({ length: count }, () => ({ sequence: window.next() })) };
}

describe('TrackerWindow', () => {
  it.each([
    [0, []],
    [2, [4, 5]],
    [5, [1, 2, 3, 4, 5]],
    [1e300, [1, 2, 3, 4, 5]],
    [Infinity, [1, 2, 3, 4, 5]],
    [-1, [1, 2, 3, 4, 5]],
    [-Infinity, [1, 2, 3, 4, 5]],
    [-0, []],
  ])('remembers, with a size of %d, %j of five', (size, expected) => {
    const { window, deliveries } = filled(5);
    expect(deliveries.filter((delivery) => window.has(delivery, size)).map(({ sequence }) => sequence)).toEqual(
      expected,
    );
  });

  it('forgets one, or all through one', () => {
    const { window, deliveries } = filled(5);
    window.forget(deliveries[3]!);
    window.forgetThrough(deliveries[1]!);
    window.forgetThrough(deliveries[0]!);
    expect(deliveries.map((delivery) => window.has(delivery, -1))).toEqual([false, false, true, false, true]);
  });

  it('tells which is the newest', () => {
    expect(filled(0).window.last).toBe(0);
    expect(filled(3).window.last).toBe(3);
  });
});
