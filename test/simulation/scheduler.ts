import { setImmediate as realImmediate } from 'node:timers';
import type { Clock, Timer } from '../../src/index.js';

/** Something that is due at a time. */
class Due implements Timer {
  isOver = false;

  constructor(
    readonly due: number,
    readonly order: number,
    readonly callback: () => void,
    /** Whether the code under test has set it. */
    readonly isTimer: boolean,
  ) {}

  ref(): this {
    return this;
  }
}

/** When the virtual machines were started, in milliseconds since 1970. */
const START = Date.UTC(2030, 0, 1);

/**
 * Virtual time. It jumps from one event to the next, so an hour takes no longer than what happens in it. What belongs to
 * one turn of the event loop, ticks and promises, is left to Node, which does it in a fixed order.
 */
export class Scheduler implements Clock {
  #now = 0;
  #order = 0;
  /** A heap: nothing is due before what is half-way towards the front. */
  readonly #events: Due[] = [];
  #immediates: Due[] = [];
  #timers = 0;
  readonly #uncaught: (error: unknown) => void;

  /** @param uncaught Is told what a callback throws. */
  constructor(uncaught: (error: unknown) => void) {
    this.#uncaught = uncaught;
  }

  /** How many timers the code under test has set. */
  get timers(): number {
    return this.#timers;
  }

  now(): number {
    return this.#now;
  }

  wallNow(): number {
    return START + Math.floor(this.#now);
  }

  setTimeout(callback: () => void, delay: number): Timer {
    this.#timers++;
    return this.#add(callback, delay, true);
  }

  clearTimeout(timer: Timer): void {
    if (!(timer instanceof Due) || timer.isOver) return;
    timer.isOver = true;
    if (timer.isTimer) this.#timers--;
  }

  setImmediate(callback: () => void): object {
    const event = new Due(this.#now, this.#order++, callback, false);
    this.#immediates.push(event);
    return event;
  }

  clearImmediate(immediate: object): void {
    if (immediate instanceof Due) immediate.isOver = true;
  }

  nextTick(callback: () => void): void {
    process.nextTick(callback);
  }

  /** Has the world do something, after a delay. */
  at(delay: number, callback: () => void): Timer {
    return this.#add(callback, delay, false);
  }

  /** Waits, as a program in the world does. */
  sleep(delay: number): Promise<void> {
    return new Promise((resolve) => this.at(delay, resolve));
  }

  /** Lets time go by until a promise is settled, nothing is left to happen, or it is this late. Returns whether it is. */
  async runUntil(settled: Promise<unknown>, limit: number): Promise<boolean> {
    const story = { isOver: false };
    const note = (): void => void (story.isOver = true);
    settled.then(note, note);
    await this.#turn(() => undefined);
    while (!story.isOver) {
      if (this.#immediates.length > 0) {
        const immediates = this.#immediates;
        this.#immediates = [];
        for (const event of immediates) if (!event.isOver) await this.#turn(event.callback);
        continue;
      }
      const event = this.#shift();
      if (event === undefined || event.due > limit) {
        if (event !== undefined) this.#push(event);
        return false;
      }
      this.#now = Math.max(this.#now, event.due);
      event.isOver = true;
      if (event.isTimer) this.#timers--;
      await this.#turn(event.callback);
    }
    return true;
  }

  /** One turn of Node's event loop: a callback, and all the ticks and promises it leads to. */
  #turn(callback: () => void): Promise<void> {
    return new Promise((resolve) => {
      realImmediate(() => {
        try {
          callback();
        } catch (error) {
          this.#uncaught(error);
        }
        realImmediate(resolve);
      });
    });
  }

  #add(callback: () => void, delay: number, isTimer: boolean): Due {
    // As Node has it: no timer is due at once.
    const event = new Due(this.#now + (isTimer ? Math.max(1, delay) : delay), this.#order++, callback, isTimer);
    if (delay !== Infinity) this.#push(event);
    return event;
  }

  #push(event: Due): void {
    const events = this.#events;
    let place = events.push(event) - 1;
    while (place > 0) {
      const parent = (place - 1) >> 1;
      if (!isBefore(event, events[parent]!)) break;
      events[place] = events[parent]!;
      place = parent;
    }
    events[place] = event;
  }

  #shift(): Due | undefined {
    for (;;) {
      const first = this.#take();
      if (first === undefined || !first.isOver) return first;
    }
  }

  #take(): Due | undefined {
    const events = this.#events;
    const first = events[0];
    const last = events.pop();
    if (first === undefined || last === undefined || first === last) return first;
    let place = 0;
    for (let child = 1; child < events.length; child = place * 2 + 1) {
      if (child + 1 < events.length && isBefore(events[child + 1]!, events[child]!)) child++;
      if (!isBefore(events[child]!, last)) break;
      events[place] = events[child]!;
      place = child;
    }
    events[place] = last;
    return first;
  }
}

function isBefore(one: Due, other: Due): boolean {
  return one.due === other.due ? one.order < other.order : one.due < other.due;
}
