import { LONGEST_TIMER } from '../clock.js';
import type { Clock, Timer } from '../clock.js';
import { OptionError, TimeoutError, asError } from '../errors.js';
import { onAbort } from '../on-abort.js';
import { RingBuffer } from './ring-buffer.js';

/** What a call that waits for a queue may be given. */
export interface QueueWaitOptions {
  /**
   * How long to wait, in milliseconds. Default no limit, which is also what anything above 2 147 483 647 (25 days)
   * means. While it runs, the process stays alive.
   */
  timeout?: number | undefined;
  /** Stops waiting: the call rejects with the signal's reason. */
  signal?: AbortSignal | undefined;
}

interface Waiter<Value> {
  isWaiting: boolean;
  readonly serve: (value: Value) => void;
}

/** Those who gave up may keep their places, beyond as many as still wait, before the line closes up. */
const SLACK = 32;

/** A line of waiting calls, served in the order they came. Who gives up leaves it in constant time, on average. */
export class WaiterLine<Value> {
  readonly #clock: Clock;
  #line = new RingBuffer<Waiter<Value>>();
  #size = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** How many wait. */
  get size(): number {
    return this.#size;
  }

  /**
   * Waits at the end of the line.
   *
   * @throws OptionError when the timeout is not a number from 0 up; TimeoutError, saying what `onTimeout` returns; the
   * signal's reason.
   */
  wait({ timeout, signal }: QueueWaitOptions, onTimeout: () => string): Promise<Value> {
    if (signal?.aborted) return Promise.reject(asError(signal.reason));
    if (timeout !== undefined && !(timeout >= 0)) {
      return Promise.reject(new OptionError('Option timeout must be a number of milliseconds from 0 up.'));
    }
    return new Promise((resolve, reject) => {
      let timer: Timer | undefined;
      const leave = (): void => {
        waiter.isWaiting = false;
        this.#size--;
        if (timer !== undefined) this.#clock.clearTimeout(timer);
        callOff?.();
      };
      const giveUp = (error: Error): void => {
        leave();
        this.#closeUp();
        reject(error);
      };
      const waiter: Waiter<Value> = {
        isWaiting: true,
        serve: (value) => {
          leave();
          resolve(value);
        },
      };
      const callOff = signal && onAbort(signal, () => giveUp(asError(signal.reason)));
      if (timeout !== undefined && timeout <= LONGEST_TIMER) {
        timer = this.#clock.setTimeout(() => giveUp(new TimeoutError(onTimeout())), timeout);
        // Somebody awaits the answer: the process must not end before it comes.
        timer.ref();
      }
      this.#line.push(waiter);
      this.#size++;
    });
  }

  /** Serves whoever waits longest. Returns false when nobody does. */
  serve(value: Value): boolean {
    if (this.#size === 0) return false;
    let waiter = this.#line.shift();
    while (waiter !== undefined && !waiter.isWaiting) waiter = this.#line.shift();
    waiter?.serve(value);
    return waiter !== undefined;
  }

  /** Serves everybody. */
  serveAll(value: Value): void {
    while (this.serve(value));
  }

  #closeUp(): void {
    if (this.#line.size <= this.#size * 2 + SLACK) return;
    const line = new RingBuffer<Waiter<Value>>();
    for (const waiter of this.#line) if (waiter.isWaiting) line.push(waiter);
    this.#line = line;
  }
}
