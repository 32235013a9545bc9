import { getEventListeners } from 'node:events';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { LONGEST_TIMER, SYSTEM_CLOCK } from '../../src/clock.js';
import type { Clock } from '../../src/clock.js';
import { following, onAbort, pause, wait, within } from '../../src/wait.js';
import type { Settle, Start } from '../../src/wait.js';
import { FakeClock } from '../support/fake-clock.js';
import { uncaught } from '../support/uncaught.js';

const listenersOf = (signal: AbortSignal): number => getEventListeners(signal, 'abort').length;

describe('onAbort', () => {
  it('calls everybody back once, in the order they came', () => {
    const controller = new AbortController();
    const calls: number[] = [];
    for (const number of [1, 2, 3]) onAbort(controller.signal, () => calls.push(number));
    controller.abort();
    controller.abort();
    expect(calls).toEqual([1, 2, 3]);
    expect(listenersOf(controller.signal)).toBe(0);
  });

  it('has one listener for all, none when all are called off, and one again for the next', () => {
    const controller = new AbortController();
    const { signal } = controller;
    const callOffs = [1, 2, 3].map(() => onAbort(signal, vi.fn()));
    expect(listenersOf(signal)).toBe(1);
    for (const callOff of callOffs) callOff();
    expect(listenersOf(signal)).toBe(0);
    const callback = vi.fn();
    onAbort(signal, callback);
    callOffs[0]?.();
    expect(listenersOf(signal)).toBe(1);
    controller.abort();
    expect(callback).toHaveBeenCalledOnce();
  });

  it('does not call who is called off, not even by another callback', () => {
    const controller = new AbortController();
    const [early, late] = [vi.fn(), vi.fn()];
    onAbort(controller.signal, early)();
    onAbort(controller.signal, () => callOff());
    const callOff = onAbort(controller.signal, late);
    controller.abort();
    expect([early.mock.calls, late.mock.calls]).toEqual([[], []]);
  });

  it('brings no warning of a leak, and keeps the signals apart', async () => {
    const warnings: Error[] = [];
    const note = (warning: Error): void => void warnings.push(warning);
    process.on('warning', note);
    onTestFinished(() => void process.off('warning', note));
    const [first, second] = [new AbortController(), new AbortController()];
    const [ofFirst, ofSecond] = [vi.fn(), vi.fn()];
    for (let count = 0; count < 20; count++) {
      onAbort(first.signal, () => void ofFirst());
      onAbort(AbortSignal.any([first.signal, second.signal]), () => void ofSecond());
    }
    first.abort();
    await new Promise((resolve) => setImmediate(resolve));
    expect([ofFirst.mock.calls.length, ofSecond.mock.calls.length]).toEqual([20, 20]);
    expect(warnings).toEqual([]);
  });

  it('calls back at once when the signal is aborted already, and listens to nothing', () => {
    const signal = AbortSignal.abort();
    const callback = vi.fn();
    onAbort(signal, callback)();
    expect(callback).toHaveBeenCalledOnce();
    expect(listenersOf(signal)).toBe(0);
  });

  it('calls the others back when a callback throws, and the error is an uncaught exception', async () => {
    const controller = new AbortController();
    const others = [vi.fn(), vi.fn()];
    const fail = (): never => {
      throw new Error('on purpose');
    };
    onAbort(controller.signal, others[0]!);
    onAbort(controller.signal, fail);
    onAbort(controller.signal, others[1]!);
    expect(await uncaught(() => controller.abort())).toEqual(['on purpose']);
    expect(await uncaught(() => onAbort(controller.signal, fail))).toEqual(['on purpose']);
    expect(others.map(({ mock }) => mock.calls.length)).toEqual([1, 1]);
  });

  it('takes the same callback several times', () => {
    const controller = new AbortController();
    const callback = vi.fn();
    const callOff = onAbort(controller.signal, callback);
    onAbort(controller.signal, callback);
    callOff();
    controller.abort();
    expect(callback).toHaveBeenCalledOnce();
  });
});

/** Something to wait for: it gives the two ends of the latest wait, and counts how often it was called off. */
function something(): {
  start: Start<string>;
  settle: () => Settle<string>;
  started: () => number;
  ended: () => number;
} {
  const settles: Settle<string>[] = [];
  let ended = 0;
  const start: Start<string> = (settle) => {
    settles.push(settle);
    return () => {
      ended++;
    };
  };
  return { start, settle: () => settles.at(-1)!, started: () => settles.length, ended: () => ended };
}
const onTimeout = (): string => 'Too long.';

describe('wait', () => {
  it.each(['resolve', 'reject'] as const)(
    'ends with the first %s, and calls off what it waits for once',
    async (end) => {
      const clock = new FakeClock();
      const { signal } = new AbortController();
      const { start, settle, ended } = something();
      const waiting = wait(clock, { timeout: 10, signal, onTimeout }, start).catch(String);
      expect([clock.timers, listenersOf(signal), ended(), settle().isOver]).toEqual([1, 1, 0, false]);
      settle()[end]('first');
      expect([clock.timers, listenersOf(signal), ended(), settle().isOver]).toEqual([0, 0, 1, true]);
      settle().resolve('second');
      settle().reject('third');
      expect(await waiting).toBe('first');
      expect(ended()).toBe(1);
    },
  );

  it('throws TimeoutError when the time is over, and leaves nothing behind', async () => {
    const clock = new FakeClock();
    const { signal } = new AbortController();
    const { start, ended } = something();
    const waiting = wait(clock, { timeout: 10, signal, onTimeout }, start);
    clock.advance(10);
    await expect(waiting).rejects.toMatchObject({ code: 'ERR_TIMEOUT', message: 'Too long.' });
    expect([clock.timers, listenersOf(signal), ended()]).toEqual([0, 0, 1]);
  });

  it('throws the reason of the signal, and leaves nothing behind', async () => {
    const clock = new FakeClock();
    const controller = new AbortController();
    const { start, ended } = something();
    const waiting = wait(clock, { timeout: 10, signal: controller.signal, onTimeout }, start);
    controller.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
    expect([clock.timers, listenersOf(controller.signal), ended()]).toEqual([0, 0, 1]);
  });

  it('does not start when the signal is aborted already', async () => {
    const { start, started } = something();
    const signal = AbortSignal.abort(new Error('no'));
    await expect(wait(new FakeClock(), { timeout: 10, signal, onTimeout }, start)).rejects.toThrow('no');
    expect(started()).toBe(0);
  });

  it('ends when the signal is aborted while it starts', async () => {
    const clock = new FakeClock();
    const controller = new AbortController();
    const { start, ended } = something();
    const waiting = wait(clock, { timeout: 10, signal: controller.signal, onTimeout }, (settle) => {
      controller.abort(new Error('in the midst'));
      return start(settle);
    });
    await expect(waiting).rejects.toThrow('in the midst');
    expect([clock.timers, ended()]).toEqual([0, 1]);
  });

  it('needs neither timer nor listener for what is settled while it starts, and calls it off', async () => {
    const clock = new FakeClock();
    const { signal } = new AbortController();
    const { start, ended } = something();
    const waiting = wait<string>(clock, { timeout: 10, signal, onTimeout }, (settle) => {
      settle.resolve('at once');
      return start(settle);
    });
    expect([clock.timers, listenersOf(signal), ended()]).toEqual([0, 0, 1]);
    expect(await waiting).toBe('at once');
  });

  it('throws what start throws, and sets neither timer nor listener', async () => {
    const clock = new FakeClock();
    const { signal } = new AbortController();
    const waiting = wait(clock, { timeout: 10, signal, onTimeout }, () => {
      throw new Error('cannot begin');
    });
    await expect(waiting).rejects.toThrow('cannot begin');
    expect([clock.timers, listenersOf(signal)]).toEqual([0, 0]);
  });

  it('keeps the process alive until the time is over, and no longer', async () => {
    const timers: NodeJS.Timeout[] = [];
    const clock: Clock = {
      ...SYSTEM_CLOCK,
      setTimeout: (callback, delay) => {
        const timer = SYSTEM_CLOCK.setTimeout(callback, delay) as NodeJS.Timeout;
        timers.push(timer);
        return timer;
      },
    };
    const { start, settle } = something();
    const waiting = wait(clock, { timeout: 60_000, onTimeout }, start);
    expect(timers.map((timer) => timer.hasRef())).toEqual([true]);
    settle().resolve('done');
    await waiting;
    // Node says so of a timer that is cleared.
    expect(timers.map((timer) => (timer as { _destroyed?: boolean })._destroyed)).toEqual([true]);
  });

  it('waits longer than a timer of Node can', async () => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const { start } = something();
    const waiting = wait(SYSTEM_CLOCK, { timeout: 2 * LONGEST_TIMER, onTimeout }, start).catch(String);
    await vi.advanceTimersByTimeAsync(2 * LONGEST_TIMER - 1);
    expect(vi.getTimerCount()).toBe(1);
    await vi.advanceTimersByTimeAsync(2);
    expect(await waiting).toContain('Too long.');
  });
});

describe('pause', () => {
  it('ends without an error when the time is over or the signal is aborted, whichever is first', async () => {
    const clock = new FakeClock();
    const controller = new AbortController();
    const { signal } = controller;
    const long = pause(clock, { timeout: 20, signal });
    const short = pause(clock, { timeout: 10, signal });
    clock.advance(10);
    await short;
    expect([clock.timers, listenersOf(signal)]).toEqual([1, 1]);
    controller.abort();
    await long;
    expect([clock.timers, listenersOf(signal)]).toEqual([0, 0]);
    await pause(clock, { timeout: 10, signal });
    expect(clock.timers).toBe(0);
  });
});

describe('within', () => {
  it('gives what it waits for, and throws when that fails', async () => {
    const clock = new FakeClock();
    expect(await within(clock, { timeout: 10 }, following(Promise.resolve('done')))).toBe('done');
    await expect(within(clock, { timeout: 10 }, following(Promise.reject(new Error('bad'))))).rejects.toThrow('bad');
    expect(clock.timers).toBe(0);
  });

  it('gives undefined at a limit, and calls off what it waits for', async () => {
    const clock = new FakeClock();
    const aborting = new AbortController();
    const { start, ended } = something();
    const late = within(clock, { timeout: 10 }, start);
    const aborted = within(clock, { signal: aborting.signal }, start);
    clock.advance(10);
    aborting.abort();
    expect([await late, await aborted, ended()]).toEqual([undefined, undefined, 2]);
  });
});

describe('following', () => {
  it('lets a promise go on that nobody waits for any more, and tells nobody that it rejects', async () => {
    const clock = new FakeClock();
    let fail: (error: Error) => void;
    const promise = new Promise<never>((_, reject) => (fail = reject));
    const waiting = wait(clock, { timeout: 10, onTimeout }, following(promise));
    clock.advance(10);
    await expect(waiting).rejects.toThrow('Too long.');
    // An unhandled rejection would fail the run.
    fail!(new Error('too late'));
    await new Promise((resolve) => setImmediate(resolve));
  });
});
