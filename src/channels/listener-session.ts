import type { EventSink, EventSinkEvents } from './event-sink.js';
import type { SseConnection } from './sse-clients.js';

/** A client that gets what one listener gets, at its own speed: what it has not read waits in the listener's queue. */
export class ListenerSession implements EventSinkEvents, SseConnection {
  readonly flushed: number = Infinity;
  /** It holds its listener's queue back, which has bounds of its own, and nobody else. */
  readonly blockedSince: number | undefined = undefined;
  readonly #gone = new AbortController();
  readonly #changed: () => void;
  // Set by `open`, before anything else is called.
  #sink!: EventSink;
  #isBlocked = false;
  #resume: () => void = () => undefined;

  /** @param changed - Called when the client is gone. */
  constructor(changed: (session: ListenerSession) => void) {
    this.#changed = () => changed(this);
  }

  /** Aborted when the client is gone. */
  get signal(): AbortSignal {
    return this.#gone.signal;
  }

  /** Sends the head, then the events as they come and the client reads them. Ends when they do. */
  async open(sink: EventSink, head: Buffer, events: AsyncIterable<Buffer>): Promise<void> {
    this.#sink = sink;
    sink.write(head);
    try {
      for await (const bytes of events) {
        this.#isBlocked = !sink.write(bytes);
        if (this.#isBlocked) await new Promise<void>((resolve) => (this.#resume = resolve));
      }
      sink.end();
    } catch (error) {
      this.destroy();
      throw error;
    }
  }

  deliver(): void {
    // What the channel sends to all, the listener gets, and it comes from there.
  }

  heartbeat(bytes: Buffer): void {
    if (!this.#isBlocked) this.#sink.write(bytes);
  }

  finish(last: Buffer | undefined): void {
    // With an end to tell, the listener is told it, and the events end with that.
    if (last === undefined) this.#sink.end();
  }

  destroy(): void {
    this.#sink.destroy();
    this.closed();
  }

  drained(): void {
    this.#isBlocked = false;
    this.#resume();
  }

  closed(): void {
    if (this.#gone.signal.aborted) return;
    this.#gone.abort();
    this.#resume();
    this.#changed();
  }
}
