import type { EventSink } from './event-sink.js';
import type { SseSession } from './sse-session.js';

/** The stream asks for a pause when it holds this many bytes, as many as a socket holds. */
const HIGH_WATER_MARK = 16_384;

/** A client that reads a stream of the web: the body of a Fetch `Response`. */
export class FetchSink implements EventSink {
  /** The stream that the client reads. */
  readonly body: ReadableStream<Uint8Array>;
  readonly #session: SseSession;
  // The stream starts while it is made.
  #controller!: ReadableStreamDefaultController<Uint8Array>;
  #isOver = false;

  constructor(session: SseSession) {
    this.#session = session;
    this.body = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#controller = controller;
        },
        pull: () => {
          if (!this.#isOver) session.drained();
        },
        cancel: () => this.#close(),
      },
      { highWaterMark: HIGH_WATER_MARK, size: ({ byteLength }) => byteLength },
    );
  }

  get bufferedBytes(): number {
    return HIGH_WATER_MARK - (this.#controller.desiredSize ?? HIGH_WATER_MARK);
  }

  write(bytes: Buffer): boolean {
    if (this.#isOver) return true;
    // A copy: a reader may transfer its chunks, and these bytes are shared with every other client.
    this.#controller.enqueue(Uint8Array.from(bytes));
    return (this.#controller.desiredSize ?? 0) > 0;
  }

  end(): void {
    if (this.#isOver) return;
    this.#controller.close();
    this.#close();
  }

  destroy(): void {
    if (this.#isOver) return;
    // The client must not read what waits: it reconnects and asks for it.
    this.#controller.error(new DOMException('The server has ended the stream.', 'AbortError'));
    this.#close();
  }

  #close(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#session.closed();
  }
}
