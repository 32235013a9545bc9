import type { Duplex } from 'node:stream';
import { SYSTEM_CLOCK } from '../../clock.js';
import type { Timer } from '../../clock.js';
import { following, onAbort, wait } from '../../wait.js';

/**
 * The time limit of a step. It does not grow when the peer sends a byte now and then. Its errors have the code
 * `ETIMEDOUT`.
 */
export class Deadline implements Disposable {
  readonly #controller = new AbortController();
  readonly #timer: Timer;

  /** @param milliseconds The time limit of the step. */
  constructor(milliseconds: number) {
    const late = Object.assign(new Error(`no answer within ${milliseconds} ms`), { code: 'ETIMEDOUT' });
    this.#timer = SYSTEM_CLOCK.setTimeout(() => this.#controller.abort(late), milliseconds);
    // The caller awaits the result, so the process must not end before.
    this.#timer.ref();
  }

  /** Calls back at the time limit. */
  onEnd(act: (late: Error) => void): void {
    const { signal } = this.#controller;
    // The reason is the error that the constructor has set.
    onAbort(signal, () => act(signal.reason as Error));
  }

  /** Destroys the stream at the time limit. Returns the same stream. */
  guard<Stream extends Duplex>(stream: Stream): Stream {
    this.onEnd((late) => stream.destroy(late));
    return stream;
  }

  /** Returns a promise that follows the given one, and rejects at the time limit. */
  bound<Value>(promise: Promise<Value>): Promise<Value> {
    return wait(SYSTEM_CLOCK, { signal: this.#controller.signal }, following(promise));
  }

  [Symbol.dispose](): void {
    SYSTEM_CLOCK.clearTimeout(this.#timer);
  }
}
