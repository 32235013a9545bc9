import { admit } from './admission.js';
import type { Authorize, Doorway } from './admission.js';
import { encodeEvent } from './event-encoder.js';
import type { EventLog } from './event-log.js';
import type { EventSink, EventSinkEvents } from './event-sink.js';
import { FetchSink } from './fetch-sink.js';
import { HttpSink } from './http-sink.js';
import type { HttpRequest, HttpResponse } from './http-sink.js';
import { ListenerSession } from './listener-session.js';
import type { MessageQueueListener } from './message-queue-listener.js';
import { STREAM_HEADERS, headOfFetch, headOfHttp, lastEventIdOf } from './negotiation.js';
import type { RequestHead } from './negotiation.js';
import type { SseClients } from './sse-clients.js';
import type { SseChannelSettings } from './sse-options.js';
import { SseSession } from './sse-session.js';

/** How a request is let in, and what it gets. */
export interface AttachOptions<Request> {
  /** Looks at the request before it gets anything. Default everybody may. */
  authorize?: Authorize<Request> | undefined;
  /** Whether the client gets an event. Default all. When it throws, that client is cut off, and `onError` told. */
  filter?: ((event: { readonly id: string; readonly type: string }, request: Request) => boolean) | undefined;
  /**
   * Gives the client what this listener gets, and nothing else: no history. The listener is started, and stopped when
   * the client is gone; what comes meanwhile waits for it, as `whileStopped` says.
   */
  listener?: ((request: Request) => MessageQueueListener) | undefined;
}

/** What the responder needs of its channel. */
export interface ResponderChannel {
  isClosed(): boolean;
  /** Tells what a hook has thrown while nobody waits for an answer. */
  report(error: unknown): void;
  /** What a listener gets, as the bytes of events. */
  events(listener: MessageQueueListener, signal: AbortSignal): AsyncIterable<Buffer>;
}

/** A client that was let in. */
interface Session extends EventSinkEvents {
  readonly signal: AbortSignal;
  destroy(): void;
}

/** Makes the sink of a client, which tells the session how it fares. */
type OpenSink = (events: EventSinkEvents) => EventSink;

/** Answers requests with the events of a channel. */
export class SseResponder implements Doorway {
  readonly #channel: ResponderChannel;
  readonly #settings: SseChannelSettings;
  readonly #log: EventLog;
  readonly #clients: SseClients;

  constructor(channel: ResponderChannel, settings: SseChannelSettings, log: EventLog, clients: SseClients) {
    this.#channel = channel;
    this.#settings = settings;
    this.#log = log;
    this.#clients = clients;
  }

  get isClosed(): boolean {
    return this.#channel.isClosed();
  }

  get clientCount(): number {
    return this.#clients.size;
  }

  get maxClients(): number {
    return this.#settings.maxClients;
  }

  get retryAfter(): number {
    return this.#settings.retryAfter;
  }

  /** Answers a request of `node:http` or `node:http2`. Resolves with whether it gets the events. */
  async attach(request: HttpRequest, response: HttpResponse, options: AttachOptions<HttpRequest>): Promise<boolean> {
    const head = headOfHttp(request);
    const refused = await admit(this, head, request, options.authorize);
    // It may have gone while the hook was at it, and then nothing would ever tell.
    if (isOver(response)) return false;
    const isStream = refused === undefined && head.method !== 'HEAD';
    // Before anything is sent: this may throw.
    const open = isStream ? this.#prepare(head, request, options) : undefined;
    response.writeHead(refused?.status ?? 200, { ...(refused?.headers ?? STREAM_HEADERS) });
    if (open === undefined) {
      response.end(refused?.text ?? '');
    } else {
      open((events) => new HttpSink(response, events));
    }
    return isStream;
  }

  /** Answers a Fetch request. */
  async toResponse(request: Request, options: AttachOptions<Request>): Promise<Response> {
    const head = headOfFetch(request);
    const refused = await admit(this, head, request, options.authorize);
    if (refused !== undefined) {
      return new Response(refused.text === '' ? null : refused.text, { ...refused, headers: { ...refused.headers } });
    }
    const headers = { ...STREAM_HEADERS };
    if (head.method === 'HEAD' || request.signal.aborted) return new Response(null, { headers });
    let body: ReadableStream<Uint8Array> | null = null;
    const session = this.#prepare(
      head,
      request,
      options,
    )((events) => {
      const sink = new FetchSink(events);
      body = sink.body;
      return sink;
    });
    request.signal.addEventListener('abort', () => session.destroy(), { once: true, signal: session.signal });
    return new Response(body, { headers });
  }

  /** What a listener gets, as a stream. */
  readable(listener: MessageQueueListener): ReadableStream<Uint8Array> {
    const session = new ListenerSession((gone) => this.#clients.delete(gone));
    const sink = new FetchSink(session);
    this.#openListener(session, sink, listener);
    return sink.body;
  }

  /** Asks everything that may go wrong. What it returns begins the session. */
  #prepare<Asked>(head: RequestHead, request: Asked, options: AttachOptions<Asked>): (open: OpenSink) => Session {
    const { filter } = options;
    const listener = options.listener?.(request);
    if (listener !== undefined) {
      return (open) => {
        const session = new ListenerSession((gone) => this.#clients.delete(gone));
        this.#openListener(session, open(session), listener);
        return session;
      };
    }
    const { maxClientBytes, slowClients, retry, clock, trustLastEventId } = this.#settings;
    const session = new SseSession({
      log: this.#log,
      maxBytes: maxClientBytes,
      slowClients,
      retry,
      filter: filter === undefined ? undefined : (event) => filter(event, request),
      onError: (error) => this.#channel.report(error),
      now: () => clock.now(),
      changed: () => (session.state === 'closed' ? this.#clients.delete(session) : this.#clients.changed(session)),
    });
    return (open) => {
      const sink = open(session);
      this.#clients.add(session);
      session.open(sink, trustLastEventId ? lastEventIdOf(head) : undefined);
      return session;
    };
  }

  #openListener(session: ListenerSession, sink: EventSink, listener: MessageQueueListener): void {
    listener.start();
    session.signal.addEventListener('abort', () => listener.stop(), { once: true });
    this.#clients.add(session);
    const head = encodeEvent({ retry: this.#settings.retry });
    session.open(sink, head, this.#channel.events(listener, session.signal)).catch((error: unknown) => {
      this.#channel.report(error);
    });
  }
}

function isOver(response: HttpResponse): boolean {
  return 'stream' in response ? response.stream.destroyed : response.destroyed;
}
