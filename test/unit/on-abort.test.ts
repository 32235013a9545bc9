import { getEventListeners } from 'node:events';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { onAbort } from '../../src/on-abort.js';

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
});
