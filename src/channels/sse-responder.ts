import type { Clock } from '../clock.js';
import { admit } from './admission.js';
import type { Authorize, Admission, AdmissionState } from './admission.js';
import type { EventSink } from './event-sink.js';
import { FetchSink } from './fetch-sink.js';
import { HttpSink, endConnection } from './http-sink.js';
import type { HttpRequest, HttpResponse } from './http-sink.js';
import { ListenerOutlet } from './listener-outlet.js';
import type { MessageQueueListener } from './message-queue-listener.js';
import { STREAM_HEADERS, headOfFetch, headOfHttp, lastEventIdOf } from './negotiation.js';
import type { Refusal, RequestHead } from './negotiation.js';
import { checkNames } from '../check-options.js';
import type { SseClients } from './sse-clients.js';
import type { SseContext } from './sse-context.js';
import { SseSession } from './sse-session.js';
import type { FilteredEvent } from './sse-session.js';

/** The options of a request for events. */
export interface AttachOptions<Request> {
  /** Looks at the request before it gets anything. It has `authorizeTimeout` for that. Default everybody may. */
  authorize?: Authorize<Request> | undefined;
  /**
   * Decides whether the client gets an event. By default it gets all. When the filter throws, the channel ends this
   * client and calls `onError`.
   */
  filter?: ((event: FilteredEvent, request: Request) => boolean) | undefined;
  /**
   * Gives the client what this listener gets, and nothing else. All clients of a listener get all of its messages, from
   * a history of its own. It is started for the first of them, and stopped when the last is gone; what comes meanwhile
   * waits for it, as `whileStopped` says.
   */
  listener?: ((request: Request) => MessageQueueListener) | undefined;
  /** Headers of the stream, in place of those it has: `cache-control`, for one. */
  headers?: Readonly<Record<string, string>> | undefined;
}

/** Makes the sink of a client, which tells the session how it fares. */
type OpenSink = (session: SseSession) => EventSink;

/** A request of `node:http` or `node:http2`, and what answers it. */
export interface HttpExchange<Asked> {
  readonly request: HttpRequest;
  readonly response: HttpResponse;
  /** The request, as hooks see it. */
  readonly asked: Asked;
  /** Called before anything is answered, and not when a hook throws. */
  readonly begin?: () => void;
}

/** A client that was let in. */
interface Admitted<Asked> {
  readonly request: Asked;
  readonly filter: AttachOptions<Asked>['filter'];
  readonly listener: MessageQueueListener | undefined;
  readonly lastEventId: string | undefined;
  /** Aborted when the client has left, if nothing else tells. */
  readonly signal?: AbortSignal;
}

/** Answers requests with the events of a channel. */
export class SseResponder implements Admission {
  readonly #context: SseContext;
  readonly #outlets = new WeakMap<MessageQueueListener, ListenerOutlet>();
  /** The outlets that have clients. */
  readonly #busy = new Set<ListenerOutlet>();
  admitted = 0;
  #connected = 0;
  #isLeaving = false;

  constructor(context: SseContext) {
    this.#context = context;
  }

  get state(): AdmissionState {
    if (this.#context.channel.isClosed) return 'closed';
    return this.#isLeaving ? 'leaving' : 'open';
  }

  get clock(): Clock {
    return this.#context.settings.clock;
  }

  get maxClients(): number {
    return this.#context.settings.maxClients;
  }

  get retryAfter(): number {
    return this.#context.settings.retryAfter;
  }

  get retry(): number {
    return this.#context.settings.retry;
  }

  get authorizeTimeout(): number {
    return this.#context.settings.authorizeTimeout;
  }

  /** The number of connected clients. */
  get clientCount(): number {
    return this.#connected;
  }

  report(error: unknown): void {
    this.#context.channel.report(error);
  }

  /** Lets nobody in any more: they are to come back, to whoever goes on from here. */
  leave(): void {
    this.#isLeaving = true;
  }

  /** Ends every client after `last`. The clients of a listener end after the last message of their listener. */
  async finish(last: Buffer | undefined, timeout: number): Promise<void> {
    const others = Array.from(this.#busy, ({ clients }) => {
      return last === undefined ? clients.finish(undefined, timeout) : clients.gone(timeout);
    });
    await Promise.all([this.#context.clients.finish(last, timeout), ...others]);
  }

  /** Answers a request of `node:http` or `node:http2`. Resolves with whether it gets the events. */
  async attach<Asked>(
    { request, response, asked, begin }: HttpExchange<Asked>,
    options: AttachOptions<Asked>,
  ): Promise<boolean> {
    checkNames('attach', options, ATTACH_OPTIONS);
    const head = headOfHttp(request);
    const refused = await admit(this, head, asked, options.authorize);
    if (refused !== undefined) {
      begin?.();
      if (!isOver(response)) refuse(response, refused);
      return false;
    }
    let isIn = false;
    try {
      // Before anything is sent: this may throw.
      const admitted = admittedOf(head, asked, options);
      begin?.();
      // The client may have left while the hook ran, and then no event would tell so.
      if (isOver(response)) return false;
      response.writeHead(200, streamHeaders(options));
      if (head.method === 'HEAD') {
        response.end();
        return false;
      }
      this.#open(admitted, (session) => new HttpSink(response, session));
      isIn = true;
      return true;
    } finally {
      if (!isIn) this.admitted--;
    }
  }

  /** Answers a Fetch request. */
  async toResponse(request: Request, options: AttachOptions<Request>): Promise<Response> {
    checkNames('toResponse', options, ATTACH_OPTIONS);
    const head = headOfFetch(request);
    const refused = await admit(this, head, request, options.authorize);
    if (refused !== undefined) {
      const { status, text } = refused;
      return new Response(text === '' ? null : text, { status, headers: { ...refused.headers } });
    }
    let sink: FetchSink | undefined;
    try {
      const admitted = admittedOf(head, request, options);
      if (head.method !== 'HEAD' && !request.signal.aborted) {
        this.#open({ ...admitted, signal: request.signal }, (session) => (sink = new FetchSink(session)));
      }
    } finally {
      if (sink === undefined) this.admitted--;
    }
    return new Response(sink?.body ?? null, { headers: streamHeaders(options) });
  }

  /** Returns the messages of a listener as a stream of events. */
  readable(listener: MessageQueueListener): ReadableStream<Uint8Array> {
    let body: ReadableStream<Uint8Array> | undefined;
    this.admitted++;
    this.#open({ request: undefined, filter: undefined, listener, lastEventId: undefined }, (session) => {
      const sink = new FetchSink(session);
      body = sink.body;
      return sink;
    });
    // `#open` has just set it, since a session has its sink from the beginning.
    return body!;
  }

  #open<Asked>({ request, filter, listener, lastEventId, signal }: Admitted<Asked>, openSink: OpenSink): SseSession {
    const { maxClientBytes, slowClients, retry, clock, trustLastEventId } = this.#context.settings;
    const outlet = listener === undefined ? undefined : this.#outletOf(listener);
    const { log, clients } = outlet ?? this.#context;
    const session = new SseSession({
      log,
      maxBytes: maxClientBytes,
      slowClients,
      retry,
      filter: filter === undefined ? undefined : (event) => filter(event, request),
      onError: (error) => this.report(error),
      now: () => clock.now(),
      defer: (callback) => void clock.setImmediate(callback),
      signal,
      changed: () => (session.state === 'closed' ? this.#left(session, clients, outlet) : clients.changed(session)),
    });
    const sink = openSink(session);
    this.#connected++;
    clients.add(session);
    if (outlet !== undefined && !this.#busy.has(outlet)) {
      this.#busy.add(outlet);
      outlet.open();
    }
    session.open(sink, trustLastEventId ? lastEventId : undefined);
    return session;
  }

  #left(session: SseSession, clients: SseClients, outlet: ListenerOutlet | undefined): void {
    this.#connected--;
    this.admitted--;
    clients.delete(session);
    if (outlet === undefined || clients.size > 0) return;
    this.#busy.delete(outlet);
    outlet.leave();
  }

  #outletOf(listener: MessageQueueListener): ListenerOutlet {
    const known = this.#outlets.get(listener);
    if (known !== undefined) return known;
    const outlet = new ListenerOutlet(listener, this.#context, () => void this.#outlets.delete(listener));
    this.#outlets.set(listener, outlet);
    return outlet;
  }
}

const ATTACH_OPTIONS = [
  'authorize',
  'filter',
  'listener',
  'headers',
] as const satisfies readonly (keyof AttachOptions<unknown>)[];

function admittedOf<Asked>(head: RequestHead, request: Asked, options: AttachOptions<Asked>): Admitted<Asked> {
  const { filter } = options;
  return { request, filter, listener: options.listener?.(request), lastEventId: lastEventIdOf(head) };
}

function streamHeaders({
  headers = {},
}: {
  headers?: Readonly<Record<string, string>> | undefined;
}): Record<string, string> {
  const given = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]);
  return { ...STREAM_HEADERS, ...(Object.fromEntries(given) as Record<string, string>) };
}

function refuse(response: HttpResponse, { status, headers, text, isLast }: Refusal): void {
  // HTTP/2 has no header for that.
  const ending = isLast === true && !('stream' in response) ? { connection: 'close' } : {};
  response.writeHead(status, { ...headers, ...ending });
  if (isLast === true) endConnection(response);
  response.end(text);
}

function isOver(response: HttpResponse): boolean {
  return 'stream' in response ? response.stream.destroyed : response.destroyed;
}
