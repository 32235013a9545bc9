import { SYSTEM_CLOCK } from '../clock.js';
import { InvalidMessageFormatError, OptionError, SseResponseError, asError } from '../errors.js';
import { following, onAbort, pause, wait } from '../wait.js';
import { EventParser } from './event-parser.js';
import { checkNames } from '../check-options.js';
import type { EventParserOptions, ServerSentEvent } from './event-parser.js';

/** The options of an `SseClient`. Times are milliseconds. */
export interface SseClientOptions extends EventParserOptions {
  /** Headers of the request. `Accept` and `Last-Event-ID` are set by the client. */
  headers?: Readonly<Record<string, string>> | undefined;
  /** The method of the request. Default `GET`. */
  method?: string | undefined;
  /** The body of the request, sent again with every reconnect. */
  body?: string | Uint8Array | undefined;
  /** The time until a reconnect, unless the server says another. Default 2000. */
  retry?: number | undefined;
  /** The longest time until a reconnect, whatever the server says and however often it failed. Default 60 000. */
  maxRetry?: number | undefined;
  /**
   * The client reconnects when the server has sent nothing for so long, neither an event nor a comment. Servers send
   * something about every 15 seconds (HTML standard, §9.2.7). `Infinity` never reconnects for this reason. Default 60
   * 000.
   */
  idleTimeout?: number | undefined;
  /** Called before a reconnect: why, and in how many milliseconds. No error: the server has ended the response. */
  onReconnect?: ((error: Error | undefined, delay: number) => void) | undefined;
  /** Ends the events when it is aborted, as `close()` does. */
  signal?: AbortSignal | undefined;
  /** Makes the requests. Default the global `fetch`. */
  fetch?: typeof globalThis.fetch | undefined;
}

const CLIENT_OPTIONS = [
  'headers',
  'method',
  'body',
  'retry',
  'maxRetry',
  'idleTimeout',
  'onReconnect',
  'signal',
  'fetch',
  'maxEventSize',
  'lastEventId',
] as const satisfies readonly (keyof SseClientOptions)[];

/** A server may not make a client ask it more often than this, in milliseconds. */
const LEAST_RETRY = 100;

/** A header can have these, so such an id can be sent back. */
const HEADER_TEXT = /^[^\0-\x08\x0a-\x1f\x7f]+$/;

/**
 * The events of a server as they come: `for await (const event of client)`. When the connection is lost, or the server
 * fails, it asks again, from the last event it has given out. Nothing is read ahead of the loop but what a socket holds.
 *
 * It ends when the server answers 204, at `close()`, or by the signal. Each loop has a connection of its own and begins
 * where the one before has got to.
 */
export class SseClient implements AsyncIterable<ServerSentEvent>, Disposable {
  readonly #url: string;
  readonly #options: SseClientOptions;
  readonly #ending = new AbortController();
  readonly #idleTimeout: number;
  #retry: number;
  #lastEventId: string;

  /** @throws OptionError for an invalid address, and for a time that is not a number from 0 up. */
  constructor(url: string | URL, options: SseClientOptions = {}) {
    if (!URL.canParse(url.toString())) throw new OptionError('The address of a server of events must be a URL.');
    checkNames('an SseClient', options, CLIENT_OPTIONS);
    const { retry = 2000, maxRetry = 60_000, idleTimeout = 60_000, lastEventId = '' } = options;
    for (const [name, value] of Object.entries({ retry, maxRetry, idleTimeout })) {
      if (!(value >= 0)) throw new OptionError(`Option ${name} must be a number of milliseconds from 0 up.`);
    }
    this.#url = url.toString();
    this.#options = { ...options, maxRetry };
    this.#retry = retry;
    this.#idleTimeout = idleTimeout;
    this.#lastEventId = lastEventId;
  }

  /** The id of the last event that a loop has got. Empty when there was none, or the server has taken it back. */
  get lastEventId(): string {
    return this.#lastEventId;
  }

  /**
   * The events. The loop throws SseResponseError when the server's answer is no stream of events and asking again will
   * not help, and InvalidMessageFormatError when an event is too large.
   */
  async *[Symbol.asyncIterator](): AsyncGenerator<ServerSentEvent, void> {
    const { signal } = this.#options;
    const callOff = signal && onAbort(signal, () => this.close());
    try {
      yield* this.#events();
    } finally {
      callOff?.();
    }
  }

  async *#events(): AsyncGenerator<ServerSentEvent, void> {
    let failures = 0;
    while (!this.#isEnded()) {
      let problem: Error | undefined;
      const connection = new AbortController();
      try {
        const response = await this.#inTime(this.#request(connection.signal));
        if (response.status === 204) return;
        checkResponse(response);
        failures = 0;
        yield* this.#read(response);
      } catch (error) {
        if (this.#isEnded()) return;
        failures++;
        problem = asError(error);
        if (isFinal(problem)) throw problem;
      } finally {
        // Lets go of what is left of it: an answer that comes too late, or the rest of a body.
        connection.abort();
      }
      await this.#wait(failures, problem);
    }
  }

  /** Ends every loop. Closing again does nothing. */
  close(): void {
    this.#ending.abort();
  }

  /** Closes it at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.close();
  }

  #isEnded(): boolean {
    return this.#ending.signal.aborted;
  }

  #request(signal: AbortSignal): Promise<Response> {
    const { headers, method = 'GET', body = null, fetch = globalThis.fetch } = this.#options;
    const all = new Headers(headers);
    all.set('accept', 'text/event-stream');
    if (HEADER_TEXT.test(this.#lastEventId)) {
      // Headers take bytes, each as a character of Latin-1; the id is to be UTF-8.
      all.set('last-event-id', Buffer.from(this.#lastEventId).toString('latin1'));
    }
    return fetch(this.#url, { method, headers: all, body, signal });
  }

  async *#read(response: Response): AsyncGenerator<ServerSentEvent, void> {
    const parser = new EventParser({ maxEventSize: this.#options.maxEventSize, lastEventId: this.#lastEventId });
    // A body holds bytes, which its type does not say.
    const body = response.body as ReadableStream<Uint8Array> | null;
    const reader = body?.getReader();
    try {
      for (;;) {
        const chunk = reader === undefined ? undefined : await this.#inTime(reader.read());
        if (chunk?.value === undefined) return;
        for (const event of parser.push(chunk.value)) {
          this.#lastEventId = event.lastEventId;
          yield event;
          if (this.#isEnded()) return;
        }
        this.#lastEventId = parser.lastEventId;
        if (parser.retry !== undefined) this.#retry = Math.max(parser.retry, LEAST_RETRY);
      }
    } finally {
      // The loop may have been left. What has failed has failed already.
      reader?.cancel().catch(() => undefined);
    }
  }

  /** Waits for the server, unless it says nothing for too long or the client is closed. */
  #inTime<Result>(answer: Promise<Result>): Promise<Result> {
    const limits = {
      timeout: this.#idleTimeout,
      signal: this.#ending.signal,
      onTimeout: () => `The server has said nothing for ${this.#idleTimeout} ms.`,
    };
    return wait(SYSTEM_CLOCK, limits, following(answer));
  }

  async #wait(failures: number, problem: Error | undefined): Promise<void> {
    const { maxRetry = 0, onReconnect } = this.#options;
    const asked = problem instanceof SseResponseError ? problem.retryAfter : undefined;
    const delay = Math.min(asked ?? this.#retry * 2 ** Math.min(Math.max(failures - 1, 0), 10), maxRetry);
    onReconnect?.(problem, delay);
    await pause(SYSTEM_CLOCK, { timeout: delay, signal: this.#ending.signal });
  }
}

/** @throws SseResponseError when the response is no stream of events. */
function checkResponse(response: Response): void {
  const { status, headers } = response;
  const isEvents = /^\s*text\/event-stream\s*(;|$)/i.test(headers.get('content-type') ?? '');
  if (status === 200 && isEvents) return;
  const retryAfter = Number(headers.get('retry-after') ?? NaN) * 1000;
  void response.body?.cancel();
  throw new SseResponseError(
    status === 200 ? 'The server has answered with something else than events.' : `The server has answered ${status}.`,
    status,
    Number.isFinite(retryAfter) && retryAfter >= 0 ? retryAfter : undefined,
  );
}

/** True when a reconnect will not help. */
function isFinal(problem: Error): boolean {
  if (problem instanceof InvalidMessageFormatError) return true;
  return problem instanceof SseResponseError && problem.status < 500 && ![408, 425, 429].includes(problem.status);
}
