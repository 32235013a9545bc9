import fc from '../../support/property.js';
import { describe, expect, it } from 'vitest';
import { SYSTEM_CLOCK } from '../../../src/clock.js';
import type { ConnectionState } from '../../../src/link/connection/peer-connection.js';
import { mayFollow } from '../../../src/link/connection/peer-connection.js';
import { DEFAULT_RECONNECT, reconnectDelay } from '../../../src/link/connection/retries.js';

describe('the delay before a reconnect', () => {
  const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

  it('is a whole number from 0 up to a bound that doubles, and never above the largest', () => {
    fc.assert(
      fc.property(fc.nat(10_000), fc.nat(100_000), fc.nat(1000), random, (delay, maxDelay, attempt, drawn) => {
        const waited = reconnectDelay({ ...DEFAULT_RECONNECT, delay, maxDelay }, attempt, drawn);
        expect(Number.isInteger(waited)).toBe(true);
        expect(waited).toBeGreaterThanOrEqual(0);
        expect(waited).toBeLessThanOrEqual(Math.min(maxDelay, delay * 2 ** attempt));
      }),
    );
  });

  it('is drawn from a second at first and from 30 s in the end', () => {
    const most = (attempt: number): number => reconnectDelay(DEFAULT_RECONNECT, attempt, 1 - Number.EPSILON);
    expect([0, 1, 2, 3, 20, 1e6].map(most)).toEqual([999, 1999, 3999, 7999, 29_999, 29_999]);
  });

  it.each([0, 1, 4])('spreads 1,000 clients that lost the same broker, after %i attempts', (attempt) => {
    const buckets = new Map<number, number>();
    for (let client = 0; client < 1000; client++) {
      const bucket = Math.floor(reconnectDelay(DEFAULT_RECONNECT, attempt, (client + 0.5) / 1000) / 100);
      buckets.set(bucket, (buckets.get(bucket) ?? 0) + 1);
    }
    expect(Math.max(...buckets.values())).toBeLessThanOrEqual(150);
  });

  it('is nothing when the policy says so', () => {
    expect(reconnectDelay({ ...DEFAULT_RECONNECT, delay: 0 }, 30, 0.9)).toBe(0);
  });
});

describe('the life of a connection', () => {
  const states: ConnectionState[] = ['closed', 'connecting', 'open', 'reconnecting', 'closing'];
  const after = (from: ConnectionState): ConnectionState[] => states.filter((to) => mayFollow(from, to));

  it('goes from state to state as the table says', () => {
    expect(Object.fromEntries(states.map((from) => [from, after(from)]))).toEqual({
      closed: ['connecting'],
      connecting: ['closed', 'open', 'reconnecting', 'closing'],
      open: ['closed', 'reconnecting', 'closing'],
      reconnecting: ['closed', 'open', 'closing'],
      closing: ['closed'],
    });
  });
});

describe('the clock of the machine', () => {
  it('waits long when it is asked to wait longer than a timer can', async () => {
    let fired = false;
    const timer = SYSTEM_CLOCK.setTimeout(() => (fired = true), Infinity);
    await new Promise((resolve) => setTimeout(resolve, 5));
    SYSTEM_CLOCK.clearTimeout(timer);
    expect(fired).toBe(false);
    expect(SYSTEM_CLOCK.now()).toBeGreaterThan(0);
  });
});
