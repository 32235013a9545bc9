import { describe, expect, it } from 'vitest';
import { Ledger } from '../../examples/main-job/ledger.js';

/** What a consumer reports that has accepted these. */
function accepted(...numbers: number[]): Parameters<Ledger['enterTaken']>[1] {
  return { accepted: numbers, rejected: [], released: [], stale: 0 };
}

describe('the ledger of the main job', () => {
  it('finds nothing wrong when every message was sent once and taken once', () => {
    const ledger = new Ledger(3, ['a', 'b']);
    ledger.enterTaken('a', { accepted: [0], rejected: [2], released: [1], stale: 1 });
    ledger.enterSent(3, 0);
    expect(ledger.isComplete).toBe(false);
    ledger.enterTaken('b', accepted(1));
    expect(ledger.isComplete).toBe(true);
    expect(ledger.fault).toBeUndefined();
  });

  it('tells how many messages are lost', () => {
    const ledger = new Ledger(3, ['a']);
    ledger.enterSent(3, 0);
    ledger.enterTaken('a', accepted(1));
    expect(ledger.isComplete).toBe(false);
    expect(ledger.fault).toBe('2 of 3 messages are lost: no consumer has taken them.');
  });

  it('tells when messages were taken twice, by one consumer or by two', () => {
    const ledger = new Ledger(3, ['a', 'b']);
    ledger.enterSent(3, 0);
    ledger.enterTaken('a', accepted(0, 1, 1));
    ledger.enterTaken('b', accepted(0, 2));
    expect(ledger.fault).toBe('2 of 3 messages were taken more than once.');
  });

  it('tells when the broker has not taken all of them', () => {
    const ledger = new Ledger(3, ['a']);
    ledger.enterSent(2, 1);
    ledger.enterTaken('a', accepted(0, 1));
    expect(ledger.isComplete).toBe(true);
    expect(ledger.fault).toBe('The broker took 2 of 3 messages, and refused 1.');
  });
});
