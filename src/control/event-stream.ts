import { onAbort } from '../wait.js';

/** The connection as its streams see it. */
export interface StreamControl {
  /** Lets the server send so many more events. */
  allow(events: number): void;
  /** Tells the server that no more events are wanted. */
  cancel(): void;
}

/**
 * Events of a channel as they come from the server, which sends no more than a window of them before they are taken.
 * Leaving the loop ends the stream at the server, too. When the connection breaks, the loop throws; what had come in by
 * then is given out first.
 */
export class EventStream<Event = unknown> implements AsyncIterableIterator<Event>, AsyncDisposable {
  /** The id of the listener at the server whose messages these are. */
  readonly listenerId: string;
  readonly #control: StreamControl;
  /**
   * The stream allows the server so many more events when it has given out as many: half the window, so that the server
   * need not wait.
   */
  readonly #half: number;
  #events: Event[] = [];
  #taken = 0;
  #waiting: (() => void)[] = [];
  readonly #callOff: (() => void) | undefined;
  #isOver = false;
  #failure: Error | undefined;

  /** @internal */
  constructor(listenerId: string, window: number, control: StreamControl, signal?: AbortSignal) {
    this.listenerId = listenerId;
    this.#half = Math.ceil(window / 2);
    this.#control = control;
    this.#callOff = signal && onAbort(signal, () => void this.return());
  }

  /** @internal An event has come. */
  push(event: Event): void {
    if (this.#isOver) return;
    this.#events.push(event);
    this.#wake();
  }

  /** @internal No more events will come, and why, if that is a failure. */
  finish(failure?: Error): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#failure = failure;
    this.#callOff?.();
    this.#wake();
  }

  /**
   * The next event; done when the listener was stopped or removed, or after `return`.
   *
   * @throws ConnectionError when the connection broke; ChannelQueueFullError when the stream was read too slowly, so
   * that the server has ended it; once.
   */
  async next(): Promise<IteratorResult<Event, undefined>> {
    while (this.#events.length === 0 && !this.#isOver) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    if (this.#events.length > 0) return { done: false, value: this.#take() };
    const failure = this.#failure;
    this.#failure = undefined;
    if (failure !== undefined) throw failure;
    return { done: true, value: undefined };
  }

  /** Ends the stream, and drops the events that have come in and were not taken. */
  return(): Promise<IteratorResult<Event, undefined>> {
    if (!this.#isOver) this.#control.cancel();
    this.finish();
    this.#events = [];
    this.#failure = undefined;
    return Promise.resolve({ done: true, value: undefined });
  }

  /** Itself. */
  [Symbol.asyncIterator](): this {
    return this;
  }

  /** Ends it at the end of an `await using` block. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  #take(): Event {
    // The caller has just looked. The list is at most a window long, so moving the others up costs little.
    const event = this.#events.shift()!;
    this.#taken++;
    if (this.#taken === this.#half && !this.#isOver) {
      this.#control.allow(this.#taken);
      this.#taken = 0;
    }
    return event;
  }

  #wake(): void {
    for (const resume of this.#waiting.splice(0)) resume();
  }
}
