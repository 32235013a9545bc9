import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2';
import type { EventSink } from './event-sink.js';
import type { SseSession } from './sse-session.js';

/** A request of `node:http` or of the compatibility interface of `node:http2`. */
export type HttpRequest = IncomingMessage | Http2ServerRequest;

/** The response to it. */
export type HttpResponse = ServerResponse | Http2ServerResponse;

/** A client of `node:http` or `node:http2`. */
export class HttpSink implements EventSink {
  readonly #response: HttpResponse;
  readonly #stream: Http2ServerResponse['stream'] | undefined;
  #isOver = false;

  constructor(response: HttpResponse, session: SseSession) {
    this.#response = response;
    this.#stream = 'stream' in response ? response.stream : undefined;
    response.on('drain', () => session.drained());
    // A broken connection is closed next, and that is what counts.
    response.on('error', () => undefined);
    // The event `close` of the request comes when the request was read, which is too early.
    response.once('close', () => {
      this.#isOver = true;
      session.closed();
    });
  }

  get bufferedBytes(): number {
    return this.#response.writableLength;
  }

  write(bytes: Buffer): boolean {
    if (this.#isOver) return true;
    // The two kinds have the same signature, but TypeScript cannot call a union of overloads.
    return (this.#response as ServerResponse).write(bytes);
  }

  end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    endConnection(this.#response);
    this.#response.end();
  }

  destroy(): void {
    this.#isOver = true;
    if (this.#stream === undefined) (this.#response as ServerResponse).destroy();
    else this.#stream.destroy();
  }
}

/** The peer has so many milliseconds to close its end of a connection. */
const LINGER = 1000;

/**
 * Has the connection of a response end after it, so that its client does not come back over it: a server that goes down
 * waits for its connections. Other responses of HTTP/2 are finished first.
 */
export function endConnection(response: HttpResponse): void {
  if ('stream' in response) {
    const { session } = response.stream;
    response.once('finish', () => session?.close());
    return;
  }
  const { socket } = response;
  response.once('finish', () => {
    if (socket === null || socket.destroyed) return;
    // Not at once: that could take from the client what is on its way.
    const timer = setTimeout(() => socket.destroy(), LINGER).unref();
    socket.once('close', () => clearTimeout(timer));
    socket.end();
  });
}
