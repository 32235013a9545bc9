import { getEventListeners } from 'node:events';
import { setImmediate } from 'node:timers/promises';
import fc from '../../support/property.js';
import { describe, expect, it } from 'vitest';
import { resolveOptions } from '../../../src/messenger/options/settings.js';
import type { MessengerOptions } from '../../../src/messenger/options/options.js';
import { Waits } from '../../../src/messenger/options/waits.js';
import type { Settle } from '../../../src/wait.js';

/** The waits of a messenger, and something to wait for that knows how often it was called off. */
function waiting(options: MessengerOptions = {}): {
  waits: Waits;
  start: (settle: Settle<string>) => () => void;
  waiters: Settle<string>[];
  calledOff: () => number;
} {
  const waiters: Settle<string>[] = [];
  let count = 0;
  const start = (settle: Settle<string>): (() => void) => {
    waiters.push(settle);
    return () => {
      count++;
    };
  };
  return { waits: new Waits(resolveOptions(options)), start, waiters, calledOff: () => count };
}
const onTimeout = (): string => 'Too long.';
const NO_LIMIT = { timeout: undefined, signal: undefined, onTimeout };

describe('a call that waits', () => {
  it('ends with what it waited for, and is called off once', async () => {
    const { waits, start, waiters, calledOff } = waiting();
    const wait = waits.until({}, onTimeout, start);
    waiters[0]!.resolve('done');
    waits.interrupt();
    expect(await wait).toBe('done');
    expect(calledOff()).toBe(1);
  });

  it('ends when its time is over, or its signal says so, and leaves nothing behind', async () => {
    const { waits, start, calledOff } = waiting({ timeout: 1 });
    await expect(waits.until({}, onTimeout, start)).rejects.toMatchObject({
      code: 'ERR_TIMEOUT',
      message: 'Too long.',
    });
    const controller = new AbortController();
    const wait = waits.until({ timeout: -1, signal: controller.signal }, onTimeout, start);
    controller.abort(new Error('enough'));
    await expect(wait).rejects.toThrow('enough');
    expect(getEventListeners(controller.signal, 'abort')).toEqual([]);
    expect(calledOff()).toBe(2);
  });

  it('does not begin with a signal that was aborted before, or a time-out that is none', async () => {
    const { waits, start, waiters } = waiting();
    await expect(waits.until({ signal: AbortSignal.abort(new Error('no')) }, onTimeout, start)).rejects.toThrow('no');
    expect(() => waits.until({ timeout: NaN }, onTimeout, start)).toThrow(
      expect.objectContaining({ code: 'ERR_OPTION' }) as Error,
    );
    expect(waiters).toEqual([]);
  });

  it('does not begin with a signal that is none, and keeps an interruption for the next', async () => {
    const { waits, start, waiters } = waiting();
    for (const signal of [{}, { aborted: false }, 5, 'signal', false, null]) {
      expect(() => waits.until({ signal: signal as AbortSignal }, onTimeout, start)).toThrow(
        expect.objectContaining({ code: 'ERR_OPTION' }) as Error,
      );
    }
    expect(waiters).toEqual([]);
    waits.interrupt();
    await expect(waits.until({}, onTimeout, start)).rejects.toMatchObject({ code: 'ERR_INTERRUPTED' });
  });

  it.each<MessengerOptions>([{ blocking: false }, { passive: true }])(
    'ends after one turn of the event loop with %j, in which what it asks for may happen',
    async (options) => {
      const { waits, start, waiters, calledOff } = waiting(options);
      expect(await waits.until({}, onTimeout, start)).toBeUndefined();
      const wait = waits.until({}, onTimeout, start);
      process.nextTick(() => waiters[1]!.resolve('done'));
      expect(await wait).toBe('done');
      expect(calledOff()).toBe(2);
    },
  );

  it('lets others go on when it is asked again and again without blocking', async () => {
    const { waits, start } = waiting({ blocking: false });
    const others: string[] = [];
    void setImmediate().then(() => others.push('went on'));
    while (others.length === 0) await waits.until({}, onTimeout, start);
  });
});

describe('an interruption', () => {
  it('ends every call that waits, and none that comes later', async () => {
    const { waits, start, waiters } = waiting();
    const waited = [1, 2, 3].map(() => waits.until({}, onTimeout, start));
    waits.interrupt();
    for (const wait of waited) await expect(wait).rejects.toMatchObject({ code: 'ERR_INTERRUPTED' });
    const later = waits.until({}, onTimeout, start);
    waiters[3]!.resolve('done');
    expect(await later).toBe('done');
  });

  it('ends those that still wait, whoever has left before and in whatever order', async () => {
    await fc.assert(
      fc.asyncProperty(fc.shuffledSubarray([0, 1, 2, 3, 4, 5, 6, 7]), async (leaving) => {
        const { waits, start, waiters } = waiting();
        const waited = Array.from({ length: 8 }, () => waits.until({}, onTimeout, start));
        for (const index of leaving) {
          waiters[index]!.resolve('left');
          await waited[index];
        }
        waits.interrupt();
        const ends = await Promise.allSettled(waited);
        expect(ends.map(({ status }) => status === 'fulfilled')).toEqual(waited.map((_, at) => leaving.includes(at)));
      }),
    );
  });

  it.each([true, false])(
    'ends the next call when none waits, blocking: %s, and merges with others',
    async (blocking) => {
      const { waits, start, waiters } = waiting({ blocking });
      waits.interrupt();
      waits.interrupt();
      await expect(waits.until({}, onTimeout, start)).rejects.toMatchObject({ code: 'ERR_INTERRUPTED' });
      const later = waits.until({}, onTimeout, start);
      waiters[0]!.resolve('done');
      expect(await later).toBe('done');
    },
  );
});

describe('waiting for a promise', () => {
  it('gives what the promise gives', async () => {
    const { waits } = waiting();
    expect(await waits.promised(NO_LIMIT, Promise.resolve('done'))).toBe('done');
    await expect(waits.promised(NO_LIMIT, Promise.reject(new Error('bad')))).rejects.toThrow('bad');
  });

  it('leaves no rejection unhandled when it was given up before', async () => {
    const { waits } = waiting();
    const failing = (): Promise<never> => setImmediate().then(() => Promise.reject(new Error('nobody listens')));
    const limits = { ...NO_LIMIT, signal: AbortSignal.abort(new Error('no')) };
    await expect(waits.promised(limits, failing())).rejects.toThrow('no');
    waits.interrupt();
    await expect(waits.promised(NO_LIMIT, failing())).rejects.toMatchObject({ code: 'ERR_INTERRUPTED' });
    // An unhandled rejection would fail the run.
    await setImmediate();
    await setImmediate();
  });
});
