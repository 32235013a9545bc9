import { describe, expect, it } from 'vitest';
import { SYSTEM_CLOCK } from '../../../src/clock.js';
import { Credit } from '../../../src/control/credit.js';

const quiet = new AbortController().signal;

describe('credit', () => {
  it('is taken while there is some, and waited for when there is none', async () => {
    const credit = new Credit(2, SYSTEM_CLOCK);
    expect(await credit.take(quiet)).toBe(true);
    expect(await credit.take(quiet)).toBe(true);
    const third = credit.take(quiet);
    credit.add(0);
    credit.add(1);
    expect(await third).toBe(true);
  });

  it('is not waited for when the signal is aborted', async () => {
    const aborting = new AbortController();
    const waiting = new Credit(0, SYSTEM_CLOCK).take(aborting.signal);
    aborting.abort();
    expect(await waiting).toBe(false);
    expect(await new Credit(5, SYSTEM_CLOCK).take(aborting.signal)).toBe(false);
  });

  it('has no limit when it is Infinity', async () => {
    const credit = new Credit(Infinity, SYSTEM_CLOCK);
    credit.add(1);
    for (let count = 0; count < 1000; count++) expect(await credit.take(quiet)).toBe(true);
  });
});
