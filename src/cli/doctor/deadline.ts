import type { Duplex } from 'node:stream';
import { SYSTEM_CLOCK } from '../../clock.js';
import type { Timer } from '../../clock.js';
import { following, onAbort, wait } from '../../wait.js';

/**
 * The end of the time that a step may take, however a peer spreads what it says over it: a byte now and then gains it
 * nothing. Its errors have the code `ETIMEDOUT`.
 */
export class Deadline implements Disposable {
  readonly #controller = new AbortController();
  readonly #timer: Timer;

  /** @param milliseconds How long the step may take. */
  constructor(milliseconds: number) {
    const late = Object.assign(new Error(`no answer within ${milliseconds} ms`), { code: 'ETIMEDOUT' });
    this.#timer = SYSTEM_CLOCK.setTimeout(() => this.#controller.abort(late), milliseconds);
    // Whoever looks awaits the answer.
    this.#timer.ref();
  }

  /** Calls back when the time is over. */
  onEnd(act: (late: Error) => void): void {
    const { signal } = this.#controller;
    // The constructor has given it an error.
    onAbort(signal, () => act(signal.reason as Error));
  }

  /** The same stream, which is cut when the time is over. */
  guard<Stream extends Duplex>(stream: Stream): Stream {
    this.onEnd((late) => stream.destroy(late));
    return stream;
  }

  /** The same promise, which rejects when the time is over. */
  bound<Value>(promise: Promise<Value>): Promise<Value> {
    return wait(SYSTEM_CLOCK, { signal: this.#controller.signal }, following(promise));
  }

  [Symbol.dispose](): void {
    SYSTEM_CLOCK.clearTimeout(this.#timer);
  }
}
