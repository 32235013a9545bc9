import { LONGEST_TIMER } from '../clock.js';
import type { Clock } from '../clock.js';
import { OptionError } from '../errors.js';
import { wait, within } from '../wait.js';
import type { Limits, Settle, Start } from '../wait.js';
import { RingBuffer } from './ring-buffer.js';

/** Options of a call that waits for a queue. */
export interface QueueWaitOptions {
  /**
   * The time limit in milliseconds. Default no limit; a value above 2 147 483 647 (25 days) means no limit, too. While
   * the timer runs, the process stays alive.
   */
  timeout?: number | undefined;
  /** Ends the wait: the call rejects with the signal's reason. */
  signal?: AbortSignal | undefined;
}

/** Waits that have ended may keep their places, beyond as many as still go on, before the line closes up. */
const SLACK = 32;

/** A line of waiting calls, served in the order they came. A wait that ends leaves it in constant time, on average. */
export class WaiterLine<Value> {
  readonly #clock: Clock;
  #line = new RingBuffer<Settle<Value>>();
  #size = 0;
  readonly #leave = (): void => {
    this.#size--;
    if (this.#line.size <= this.#size * 2 + SLACK) return;
    const line = new RingBuffer<Settle<Value>>();
    for (const waiter of this.#line) if (!waiter.isOver) line.push(waiter);
    this.#line = line;
  };
  /** Has a wait stand at the end of the line. It may stand in several lines. */
  readonly join: Start<Value> = (settle) => {
    this.#line.push(settle);
    this.#size++;
    return this.#leave;
  };

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The number of waiting calls. */
  get size(): number {
    return this.#size;
  }

  /**
   * Waits at the end of the line.
   *
   * @throws OptionError when the timeout is not a number from 0 up; TimeoutError, saying what `onTimeout` returns; the
   * signal's reason.
   */
  wait({ timeout, signal }: QueueWaitOptions, onTimeout?: () => string): Promise<Value> {
    if (timeout !== undefined && !(timeout >= 0)) {
      return Promise.reject(new OptionError('Option timeout must be a number of milliseconds from 0 up.'));
    }
    const isLimit = timeout !== undefined && timeout <= LONGEST_TIMER;
    return wait(this.#clock, { timeout: isLimit ? timeout : undefined, signal, onTimeout }, this.join);
  }

  /** Waits at the end of the line; gives `undefined` when a limit is reached first. */
  within(limits: Limits): Promise<Value | undefined> {
    return within(this.#clock, limits, this.join);
  }

  /** Serves the call that has waited longest. Returns false when no call waits. */
  serve(value: Value): boolean {
    if (this.#size === 0) return false;
    let waiter = this.#line.shift();
    while (waiter?.isOver === true) waiter = this.#line.shift();
    waiter?.resolve(value);
    return waiter !== undefined;
  }

  /** Serves all waiting calls. */
  serveAll(value: Value): void {
    while (this.serve(value));
  }
}
