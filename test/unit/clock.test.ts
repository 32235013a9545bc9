import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { LONGEST_TIMER, SYSTEM_CLOCK, setLongTimeout } from '../../src/clock.js';

describe('setLongTimeout', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it.each([0, 1, 1000, LONGEST_TIMER, LONGEST_TIMER + 1, 3_000_000_000, 10 * LONGEST_TIMER + 7])(
    'calls back once, after %d milliseconds and not before',
    (delay) => {
      const callback = vi.fn();
      setLongTimeout(callback, delay);
      if (delay > 1) {
        vi.advanceTimersByTime(delay - 1);
        expect(callback).not.toHaveBeenCalled();
        // Each part is a whole number of milliseconds.
        vi.advanceTimersByTime(1 + Math.ceil(delay / LONGEST_TIMER));
      } else {
        vi.advanceTimersByTime(1);
      }
      expect(callback).toHaveBeenCalledOnce();
      expect(vi.getTimerCount()).toBe(0);
    },
  );

  it('never calls back after Infinity', () => {
    const callback = vi.fn();
    setLongTimeout(callback, Infinity);
    vi.advanceTimersByTime(100 * LONGEST_TIMER);
    expect(callback).not.toHaveBeenCalled();
    expect(vi.getTimerCount()).toBe(1);
  });

  it('is called off in whatever part it is', () => {
    for (const gone of [0, 1.5 * LONGEST_TIMER, 2.9 * LONGEST_TIMER]) {
      const callback = vi.fn();
      const timer = setLongTimeout(callback, 3 * LONGEST_TIMER);
      vi.advanceTimersByTime(gone);
      clearTimeout(timer);
      expect(vi.getTimerCount()).toBe(0);
      vi.advanceTimersByTime(3 * LONGEST_TIMER);
      expect(callback).not.toHaveBeenCalled();
    }
  });
});

describe('The clock of the machine', () => {
  it.each([2 ** 31, 3_000_000_000, 1e12, Infinity])(
    'does not call back at once after %d milliseconds',
    async (delay) => {
      const callback = vi.fn();
      const timer = SYSTEM_CLOCK.setTimeout(callback, delay);
      // Node makes one millisecond of what its timers cannot keep.
      await new Promise((resolve) => setTimeout(resolve, 20));
      expect(callback).not.toHaveBeenCalled();
      expect((timer as NodeJS.Timeout).hasRef()).toBe(false);
      SYSTEM_CLOCK.clearTimeout(timer);
    },
  );
});
