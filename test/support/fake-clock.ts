import type { Clock, Timer } from '../../src/clock.js';

interface FakeTimer {
  readonly due: number;
  readonly callback: () => void;
}

/** A clock that stands still until a test turns it. */
export class FakeClock implements Clock {
  #now = 0;
  #wallNow = Date.UTC(2030, 0, 1);
  readonly #timers = new Map<Timer, FakeTimer>();
  /** How often the time was asked for. */
  readings = 0;

  /** How many timers are set. */
  get timers(): number {
    return this.#timers.size;
  }

  /** When the next timer calls back. */
  get nextTimer(): number | undefined {
    return this.#earliest()?.[1].due;
  }

  now(): number {
    this.readings++;
    return this.#now;
  }

  wallNow(): number {
    this.readings++;
    return this.#wallNow;
  }

  setTimeout(callback: () => void, delay: number): Timer {
    const timer = { ref: () => undefined };
    this.#timers.set(timer, { due: this.#now + delay, callback });
    return timer;
  }

  clearTimeout(timer: Timer): void {
    this.#timers.delete(timer);
  }

  // Turns of the event loop are the machine's: sockets have them, too.
  setImmediate(callback: () => void): object {
    return setImmediate(callback);
  }

  clearImmediate(immediate: object): void {
    clearImmediate(immediate as NodeJS.Immediate);
  }

  nextTick(callback: () => void): void {
    process.nextTick(callback);
  }

  /** Lets time go by, on both clocks. Timers call back in the order they are due, each at its time. */
  advance(milliseconds: number): void {
    const end = this.#now + milliseconds;
    for (let next = this.#earliest(); next !== undefined && next[1].due <= end; next = this.#earliest()) {
      const [timer, { due, callback }] = next;
      this.#timers.delete(timer);
      this.#moveTo(Math.max(due, this.#now));
      callback();
    }
    this.#moveTo(end);
  }

  /** Lets time go by without the timers seeing it, as when the process is busy. */
  stall(milliseconds: number): void {
    this.#moveTo(this.#now + milliseconds);
  }

  /** Sets the wall clock forward, or back, and nothing else. */
  jump(milliseconds: number): void {
    this.#wallNow += milliseconds;
  }

  #moveTo(time: number): void {
    this.#wallNow += time - this.#now;
    this.#now = time;
  }

  #earliest(): [Timer, FakeTimer] | undefined {
    return [...this.#timers].sort(([, left], [, right]) => left.due - right.due)[0];
  }
}
