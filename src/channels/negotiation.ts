import type { HttpRequest } from './http-sink.js';

/** What of a request matters, whichever interface it came by. */
export interface RequestHead {
  readonly method: string;
  readonly url: string;
  header(name: string): string | undefined;
}

/** A response that is no stream of events. */
export interface Refusal {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
  /** Whether the connection is to end with it. */
  readonly isLast?: boolean;
}

/** The headers of every stream of events. Proxies must not keep it, change it, or hold it back. */
export const STREAM_HEADERS: Readonly<Record<string, string>> = {
  'content-type': 'text/event-stream',
  'cache-control': 'no-cache, no-transform',
  'x-accel-buffering': 'no',
};

/** The head of a request of `node:http` or `node:http2`. */
export function headOfHttp(request: HttpRequest): RequestHead {
  return {
    method: request.method ?? 'GET',
    url: request.url ?? '/',
    header: (name) => {
      const value = request.headers[name];
      // Node reads headers as Latin-1; clients write them as UTF-8.
      return typeof value === 'string' ? Buffer.from(value, 'latin1').toString() : undefined;
    },
  };
}

/** The head of a Fetch request. */
export function headOfFetch(request: Request): RequestHead {
  const { method, url, headers } = request;
  return {
    method,
    url,
    header: (name) => {
      const value = headers.get(name);
      return value === null ? undefined : Buffer.from(value, 'latin1').toString();
    },
  };
}

/** Makes a refusal. */
export function refusal(status: number, text: string, headers: Readonly<Record<string, string>> = {}): Refusal {
  return { status, text, headers: text === '' ? headers : { 'content-type': 'text/plain; charset=utf-8', ...headers } };
}

/** Why a request cannot be answered with a stream of events; `undefined` when it can. */
export function negotiate(head: RequestHead): Refusal | undefined {
  if (!['GET', 'HEAD', 'POST'].includes(head.method)) {
    return refusal(405, 'Events are read with GET or POST.\n', { allow: 'GET, HEAD, POST' });
  }
  if (acceptsEvents(head.header('accept'))) return undefined;
  return refusal(406, 'Here are events only. Accept text/event-stream.\n');
}

/** Whether an Accept header lets a stream of events through (RFC 9110, §12.5.1): the most specific range counts. */
export function acceptsEvents(accept: string | undefined): boolean {
  if (accept === undefined || accept.trim() === '') return true;
  const ranges = new Map<string, boolean>();
  for (const range of accept.toLowerCase().split(',')) {
    const [type = '', ...parameters] = range.split(';').map((part) => part.trim());
    ranges.set(type, !parameters.some((parameter) => /^q=0(\.0*)?$/.test(parameter)));
  }
  return ranges.get('text/event-stream') ?? ranges.get('text/*') ?? ranges.get('*/*') ?? false;
}

/** The id of the last event a client has got: of the header, else of the query, which is all that some clients can set. */
export function lastEventIdOf(head: RequestHead): string | undefined {
  const [, query] = head.url.split('?', 2);
  const id = head.header('last-event-id') ?? new URLSearchParams(query).get('lastEventId');
  return id === null || id === '' ? undefined : id;
}
