import type { Duplex } from 'node:stream';
import { setLongTimeout } from '../../clock.js';

/**
 * The end of the time that a step may take, however a peer spreads what it says over it: a byte now and then gains it
 * nothing. Its errors have the code `ETIMEDOUT`.
 */
export class Deadline implements Disposable {
  readonly #controller = new AbortController();
  readonly #timer: NodeJS.Timeout;

  /** @param milliseconds How long the step may take. */
  constructor(milliseconds: number) {
    const late = Object.assign(new Error(`no answer within ${milliseconds} ms`), { code: 'ETIMEDOUT' });
    this.#timer = setLongTimeout(() => this.#controller.abort(late), milliseconds);
  }

  /** Calls back when the time is over. */
  onEnd(act: (late: Error) => void): void {
    const { signal } = this.#controller;
    // The constructor has given it an error.
    signal.addEventListener('abort', () => act(signal.reason as Error), { once: true });
  }

  /** The same stream, which is cut when the time is over. */
  guard<Stream extends Duplex>(stream: Stream): Stream {
    this.onEnd((late) => stream.destroy(late));
    return stream;
  }

  /** The same promise, which rejects when the time is over. */
  bound<Value>(promise: Promise<Value>): Promise<Value> {
    return Promise.race([promise, new Promise<never>((_, reject) => this.onEnd(reject))]);
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
  }
}
