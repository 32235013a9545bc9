import { describe, expect, it } from 'vitest';
import { PRODUCER, check } from '../../cluster/check.js';
import type { Record } from '../../cluster/check.js';
import { judge } from '../../cluster/judge.js';

const second = (number: number): number => PRODUCER + number;

function recordOf(seen: Partial<Record>): Record {
  return {
    accepted: [0, 1, 2],
    otherwise: {},
    pending: 0,
    received: [[0, 1, 2]],
    uncertain: 0,
    longestWithoutService: 0,
    ...seen,
  };
}

/** The promises that a record does not keep. */
function broken(record: Record, left = 0): string[] {
  const bars = judge(record, check(record, [3, 3]), left);
  return bars.filter(({ holds }) => !holds).map(({ title }) => title);
}

describe('the checker of the cluster', () => {
  it('finds nothing wrong where everything was received once', () => {
    expect(broken(recordOf({}))).toEqual([]);
    expect(broken(recordOf({ accepted: [0, second(0)], received: [[second(0)], [0]] }))).toEqual([]);
  });

  it('finds a message that was accepted and not received', () => {
    expect(check(recordOf({ received: [[0], [2]] }), [3, 3]).lost).toEqual([1]);
    expect(broken(recordOf({ received: [[0], [2]] }))).toEqual(['every message that was accepted was received']);
  });

  it('finds that nothing was accepted at all', () => {
    expect(broken(recordOf({ accepted: [], received: [] }))).toEqual(['every message that was accepted was received']);
  });

  it('takes a message whose outcome is not known for sent', () => {
    expect(check(recordOf({ accepted: [0], received: [[0, 2]] }), [3, 3])).toMatchObject({ lost: [], unexpected: [] });
  });

  it.each([
    ['beyond what a producer has sent', 3],
    ['of a producer that there is not', 2 * PRODUCER],
    ['that is no number', Number.NaN],
  ])('finds a message %s', (_, number) => {
    const seen = recordOf({ received: [[0, 1, 2, number]] });
    expect(check(seen, [3, 3]).unexpected).toEqual([number]);
    expect(broken(seen)).toEqual(['nothing was received that was not sent']);
  });

  it('counts copies, with one consumer and with two, and bears as many as outcomes may have got lost', () => {
    for (const received of [
      [[0, 1, 1, 2]],
      [
        [0, 1],
        [1, 2],
      ],
    ]) {
      expect(check(recordOf({ received }), [3, 3]).copies).toBe(1);
      expect(broken(recordOf({ received, uncertain: 1 }))).toEqual([]);
      expect(broken(recordOf({ received }))).toEqual(['there are no more copies than outcomes that may have got lost']);
    }
  });

  it('counts first deliveries that came after a later one of the same producer', () => {
    const order = (...received: number[][]): number => check(recordOf({ received }), [3, 3]).outOfOrder;
    expect(order([0, 2, 1])).toBe(1);
    expect(order([0, 1, 0, 2])).toBe(0);
    expect(order([2, second(0), second(1)])).toBe(0);
    expect(order([2], [0, 1])).toBe(0);
  });

  it('finds messages that never ended, ended otherwise, or are left in the queue, and no service for long', () => {
    expect(broken(recordOf({ pending: 1 }))).toEqual(['every message ended, and was accepted']);
    expect(broken(recordOf({ otherwise: { aborted: 1 } }))).toEqual(['every message ended, and was accepted']);
    expect(broken(recordOf({}), 1)).toEqual(['nothing is left in the queue']);
    expect(broken(recordOf({}), Number.NaN)).toEqual(['nothing is left in the queue']);
    expect(broken(recordOf({ longestWithoutService: 10_001 }))).toEqual(['there is service again within 10 s']);
  });
});
