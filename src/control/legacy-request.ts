import type { Command } from './command.js';
import { fieldOf, isObject } from './json-line.js';
import type { JsonObject } from './json-line.js';
import { LegacyError } from './legacy-error.js';

const UTF_8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The verbs of the legacy protocol that need no message. Every other one does, known or not. */
const WITHOUT_MESSAGE: ReadonlySet<unknown> = new Set(['w', 'c', 'l', 'r', 'rl', 'rc']);

/** A request of the legacy protocol, and the token that came with it. */
export interface LegacyRequest {
  /** The command; `undefined` for an unknown verb, which the server answers by nothing. */
  readonly command: Command | undefined;
  readonly token: unknown;
}

/**
 * Reads the one request of a legacy connection: a JSON object with the keys `v` verb, `c` channel, `r` listener, `t` type
 * and `p` payload.
 *
 * @throws LegacyError, as eric-sse answers each mistake.
 */
export function readLegacyRequest(bytes: Buffer): LegacyRequest {
  const raw = decode(bytes);
  const request = parse(raw);
  const verb = fieldOf(request, 'v');
  if (verb === undefined || (!WITHOUT_MESSAGE.has(verb) && typeof fieldOf(request, 't') !== 'string')) {
    throw new LegacyError('InvalidMessageFormat', raw);
  }
  return { command: commandOf(verb, request), token: fieldOf(request, 'token') };
}

function commandOf(verb: unknown, request: JsonObject): Command | undefined {
  const channel = idText(fieldOf(request, 'c'));
  const listener = idText(fieldOf(request, 'r'));
  // For the verbs that use it, it has just been found to be text.
  const type = fieldOf(request, 't') as string;
  const payload = fieldOf(request, 'p') ?? null;
  switch (verb) {
    case 'c':
      return { verb: 'create', channel: undefined };
    case 'r':
      return { verb: 'register', channel, options: {} };
    case 'd':
      return { verb: 'dispatch', channel, listener, type, payload };
    case 'b':
      return { verb: 'broadcast', channel, type, payload };
    case 'l':
      return { verb: 'listen', channel, listener };
    case 'w':
      return { verb: 'watch', channel, options: {} };
    case 'rl':
      return { verb: 'removeListener', channel, listener };
    case 'rc':
      return { verb: 'removeChannel', channel };
    default:
      return undefined;
  }
}

/** No channel and no listener has an empty id, and replies show it as `None`. */
function idText(id: unknown): string {
  return typeof id === 'string' ? id : '';
}

function decode(bytes: Buffer): string {
  try {
    return UTF_8.decode(bytes);
  } catch {
    throw new LegacyError('UnicodeDecodeError', 'the request is not UTF-8');
  }
}

function parse(raw: string): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(raw);
  } catch {
    const end = endOfFirst(raw);
    throw new LegacyError('JSONDecodeError', end === undefined ? 'Expecting value' : `Extra data: char ${end}`);
  }
  if (isObject(value)) return value;
  throw new LegacyError(
    'TypeError',
    Array.isArray(value) ? 'list indices must be integers or slices, not str' : 'the request is not an object',
  );
}

/** Returns the index behind the first whole JSON object; `undefined` when there is none. */
function endOfFirst(raw: string): number | undefined {
  let depth = 0;
  for (const { 0: token, index } of raw.matchAll(/"(?:[^"\\]|\\.)*"|[{}]/gs)) {
    depth += token === '{' ? 1 : token === '}' ? -1 : 0;
    if (depth > 0) continue;
    const end = index + token.length;
    try {
      JSON.parse(raw.slice(0, end));
    } catch {
      return undefined;
    }
    return end + (/^[ \t\n\r]*/.exec(raw.slice(end))?.[0].length ?? 0);
  }
  return undefined;
}
