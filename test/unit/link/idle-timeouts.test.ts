import { describe, expect, it } from 'vitest';
import { SilenceWatch } from '../../../src/link/connection/idle-timeouts.js';
import { FakeClock } from '../../support/fake-clock.js';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

interface Setup {
  clock: FakeClock;
  silence: SilenceWatch;
  found: number[];
}

function watch(idleTimeout: number): Setup {
  const clock = new FakeClock();
  const found: number[] = [];
  const silence = new SilenceWatch(clock, idleTimeout, () => void found.push(clock.now()));
  return { clock, silence, found };
}

describe('the watch over a silent peer', () => {
  it.each([0, 1, 17, 24, 25, 49, 50, 99])(
    'finds it within twice the idle time-out, when it was last heard of after %i ms',
    async (heard) => {
      const { clock, silence, found } = watch(100);
      silence.start();
      clock.advance(heard);
      silence.heard();
      while (found.length === 0 && clock.now() < 1000) {
        clock.advance(1);
        await turn();
      }
      expect(found[0]! - heard).toBeGreaterThanOrEqual(150);
      expect(found[0]! - heard).toBeLessThanOrEqual(200);
    },
  );

  it('does not take heartbeats for silence, however long there is nothing else', async () => {
    const { clock, silence, found } = watch(100);
    silence.start();
    for (let beat = 0; beat < 100; beat++) {
      clock.advance(100);
      silence.heard();
      await turn();
    }
    expect(found).toEqual([]);
  });

  it('reads what has come while the process slept before it judges', async () => {
    const { clock, silence, found } = watch(100);
    silence.start();
    clock.stall(5000);
    clock.advance(0);
    silence.heard(); // input comes after timers
    await turn();
    expect(found).toEqual([]);
  });

  it('leaves no timer behind, and says nothing after it was stopped', async () => {
    const { clock, silence, found } = watch(100);
    silence.start();
    clock.advance(200);
    silence.stop();
    await turn();
    expect(clock.timers).toBe(0);
    expect(found).toEqual([]);
  });

  it('watches nobody with an idle time-out of 0', () => {
    const { clock, silence } = watch(0);
    silence.start();
    expect(clock.timers).toBe(0);
  });
});
