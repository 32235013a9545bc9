import { EventEmitter, errorMonitor } from 'node:events';
import { describe, expect, it, vi } from 'vitest';
import { tellListeners } from '../../src/tell-listeners.js';
import { uncaught } from '../support/uncaught.js';

interface Events {
  news: [text: string, number: number];
  error: [error: Error];
}

const fail = (): never => {
  throw new Error('on purpose');
};

describe('tellListeners', () => {
  it('calls every listener in order, with the values, on the emitter', () => {
    const emitter = new EventEmitter<Events>();
    const calls: unknown[] = [];
    emitter.on('news', function (this: unknown, ...values) {
      calls.push(['first', this === emitter, ...values]);
    });
    emitter.on('news', (...values) => calls.push(['second', ...values]));
    tellListeners(emitter, 'news', ['x', 1]);
    expect(calls).toEqual([
      ['first', true, 'x', 1],
      ['second', 'x', 1],
    ]);
  });

  it('calls the others when one throws, and what it throws is uncaught once the caller is done', async () => {
    const emitter = new EventEmitter<Events>();
    const listener = vi.fn();
    emitter.on('news', fail).on('news', listener).on('news', fail);
    let isReturned = false;
    const errors = await uncaught(() => {
      tellListeners(emitter, 'news', ['x', 1]);
      isReturned = true;
    });
    expect(isReturned).toBe(true);
    expect(errors).toEqual(['on purpose', 'on purpose']);
    expect(listener).toHaveBeenCalledOnce();
  });

  it('calls a listener of once one time only, even one that throws', async () => {
    const emitter = new EventEmitter<Events>();
    const listener = vi.fn(fail);
    emitter.once('news', listener);
    const errors = await uncaught(() => {
      tellListeners(emitter, 'news', ['x', 1]);
      tellListeners(emitter, 'news', ['y', 2]);
    });
    expect(errors).toEqual(['on purpose']);
    expect(listener.mock.calls).toEqual([['x', 1]]);
    expect(emitter.listenerCount('news')).toBe(0);
  });

  it('calls those who listened when it began, whatever listeners do about it', () => {
    const emitter = new EventEmitter<Events>();
    const late = vi.fn();
    const removed = vi.fn();
    emitter.once('news', () => emitter.off('news', removed).on('news', late));
    emitter.on('news', removed);
    tellListeners(emitter, 'news', ['x', 1]);
    expect(removed).toHaveBeenCalledOnce();
    expect(late).not.toHaveBeenCalled();
  });

  it('does nothing when nobody listens', async () => {
    expect(await uncaught(() => tellListeners(new EventEmitter<Events>(), 'news', ['x', 1]))).toEqual([]);
  });

  it('makes an error that nobody listens to an uncaught exception', async () => {
    const emitter = new EventEmitter<Events>();
    const errors = await uncaught(() => tellListeners(emitter, 'error', [new Error('unheard')]));
    expect(errors).toEqual(['unheard']);
  });

  it('tells the monitors of errors once, whether anybody else listens or not', async () => {
    const emitter = new EventEmitter<Events>();
    const monitor = vi.fn();
    (emitter as EventEmitter).on(errorMonitor, monitor);
    const unheard = new Error('unheard');
    expect(await uncaught(() => tellListeners(emitter, 'error', [unheard]))).toEqual(['unheard']);
    const listener = vi.fn();
    emitter.on('error', listener);
    const heard = new Error('heard');
    expect(await uncaught(() => tellListeners(emitter, 'error', [heard]))).toEqual([]);
    expect(monitor.mock.calls).toEqual([[unheard], [heard]]);
    expect(listener.mock.calls).toEqual([[heard]]);
  });
});
