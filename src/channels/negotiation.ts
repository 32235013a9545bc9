import { isUtf8 } from 'node:buffer';
import type { HttpRequest } from './http-sink.js';

/** The part of a request that is used here, whichever interface it came by. */
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
  /** True: the server ends the connection after this answer. */
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
      return typeof value === 'string' ? textOf(value) : undefined;
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
      return value === null ? undefined : textOf(value);
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

/** True when an Accept header allows a stream of events (RFC 9110, §12.5.1): the most specific range counts. */
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
  const id = head.header('last-event-id') ?? queryValue(head.url, 'lastEventId');
  return id === '' ? undefined : id;
}

/** The value of a name in the query of an address. The path ends at the first question mark; others are as they are. */
function queryValue(url: string, name: string): string | undefined {
  const query = /\?([^#]*)/.exec(url)?.[1] ?? '';
  const pair = query.split('&').find((part) => part.startsWith(`${name}=`));
  const encoded = pair?.slice(name.length + 1).replaceAll('+', ' ');
  const bytes = encoded?.replaceAll(/%([\da-f]{2})/gi, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
  return bytes === undefined ? undefined : textOf(bytes);
}

/**
 * Decodes a header, which Node gives with one character of Latin-1 for each byte. Clients write UTF-8; some write
 * Latin-1.
 */
function textOf(latin1: string): string {
  const bytes = Buffer.from(latin1, 'latin1');
  return isUtf8(bytes) ? bytes.toString() : latin1;
}
