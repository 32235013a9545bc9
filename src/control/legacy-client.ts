import {
  InvalidChannelError,
  InvalidListenerError,
  InvalidMessageFormatError,
  OptionError,
  RequestError,
} from '../errors.js';
import type { MessagingError } from '../errors.js';
import { dial } from './client-connection.js';
import type { ClientProtocol, RequestOptions } from './client-connection.js';
import type { ClientSettings } from './client-options.js';
import { EventStream } from './event-stream.js';
import { readObject } from './json-line.js';
import type { JsonObject } from './json-line.js';
import { sendLegacy } from './legacy-call.js';
import { LineSplitter } from './line-splitter.js';
import { readToken } from './token.js';

/** The verbs of lines, as the legacy protocol has them, with the names of its fields. */
const VERBS: Readonly<Record<string, string>> = {
  create: 'c',
  register: 'r',
  dispatch: 'd',
  broadcast: 'b',
  listen: 'l',
  watch: 'w',
  removeListener: 'rl',
  removeChannel: 'rc',
};
const KEYS: Readonly<Record<string, string>> = { channel: 'c', listener: 'r', type: 't', payload: 'p' };

/** An exception, as Python shows it. */
const EXCEPTION = /^(\w*(?:Error|Exception|InvalidMessageFormat))\((.*)\)$/s;

/** Asks a server in the legacy protocol, that of eric-sse: a connection for each request. */
export class LegacyClient implements ClientProtocol {
  readonly isOpen: boolean = true;
  readonly #settings: ClientSettings;
  readonly #streams = new Set<EventStream>();

  constructor(settings: ClientSettings) {
    this.#settings = settings;
  }

  /** @throws OptionError for what the protocol cannot say. */
  async request(verb: string, fields: JsonObject, options: RequestOptions = {}): Promise<unknown> {
    // No listener has this name. Any answer shows that the server is there.
    if (verb === 'ping') return sendLegacy(this.#settings, { v: 'l', c: '', r: '' }, options);
    const { timeout, signal } = options;
    const reply = await sendLegacy(this.#settings, legacyOf(verb, fields), { timeout, signal });
    const [, exception, argument] = EXCEPTION.exec(reply) ?? [];
    if (exception !== undefined) throw errorOf(exception, argument ?? '', verb, reply);
    if (reply === '') throw new RequestError('The server has answered nothing.');
    return reply;
  }

  /** @throws OptionError for what the protocol cannot say. */
  async open(verb: string, fields: JsonObject, { signal }: RequestOptions): Promise<EventStream> {
    const request = legacyOf(verb, fields);
    signal?.throwIfAborted();
    const token = await readToken(this.#settings.tokenOptions);
    const socket = await dial(this.#settings);
    const { streamWindow, maxFrameSize } = this.#settings;
    let waiting = 0;
    const control = {
      allow: (events: number): void => {
        waiting -= events;
        socket.resume();
      },
      cancel: () => void socket.destroy(),
    };
    const id = typeof fields['listener'] === 'string' ? fields['listener'] : '';
    const stream = new EventStream(id, streamWindow, control, signal);
    const splitter = new LineSplitter(maxFrameSize);
    this.#streams.add(stream);
    const read = (line: Buffer): void => {
      if (line.length === 0) return;
      stream.push(eventOf(line, verb));
      waiting++;
      if (waiting >= streamWindow) socket.pause();
    };
    const finish = (failure?: Error): void => {
      this.#streams.delete(stream);
      stream.finish(failure);
      socket.destroy();
    };
    const attempt = (work: () => void): void => {
      try {
        work();
      } catch (error) {
        finish(error as MessagingError);
      }
    };
    socket.on('data', (piece: Buffer) => attempt(() => [...splitter.push(piece)].forEach(read)));
    socket.on('end', () =>
      attempt(() => {
        read(splitter.rest());
        finish();
      }),
    );
    socket.on('error', finish);
    socket.on('close', () => finish());
    socket.end(JSON.stringify(token === undefined ? request : { ...request, token }));
    return stream;
  }

  close(): void {
    for (const stream of this.#streams) void stream.return();
  }
}

/** @throws OptionError for a field that the protocol does not have. */
function legacyOf(verb: string, fields: JsonObject): JsonObject {
  const request: Record<string, unknown> = { v: VERBS[verb] };
  for (const [name, value] of Object.entries(fields)) {
    if (value === undefined) continue;
    const isSaid = name in KEYS && !(verb === 'create' || (verb === 'register' && name === 'listener'));
    if (!isSaid) throw new OptionError(`The server speaks the legacy protocol, where ${verb} has no ${name}.`);
    request[KEYS[name] ?? name] = value;
  }
  return request;
}

/** @throws The error that stands where an event would. */
function eventOf(line: Buffer, verb: string): JsonObject {
  const text = line.toString();
  const [, exception, argument] = EXCEPTION.exec(text.trim()) ?? [];
  if (exception !== undefined) throw errorOf(exception, argument ?? '', verb, text);
  return readObject(line);
}

function errorOf(exception: string, argument: string, verb: string, reply: string): MessagingError {
  const message = argument === '' ? reply : argument.replace(/^(['"])(.*)\1$/s, '$2');
  if (exception === 'InvalidChannelException') return new InvalidChannelError(message);
  if (exception === 'InvalidListenerException') return new InvalidListenerError(message);
  if (exception === 'InvalidMessageFormat') return new InvalidMessageFormatError(message);
  if (exception === 'KeyError' && verb === 'removeChannel')
    return new InvalidChannelError(`There is no channel ${message}.`);
  if (exception === 'KeyError' && verb === 'removeListener')
    return new InvalidListenerError(`There is no listener ${message}.`);
  return new RequestError(reply);
}

/**
 * Finds out whether a server speaks the legacy protocol and no other: such a server answers a greeting in lines the way
 * Python shows an exception, since the greeting has no verb that it knows.
 */
export async function isLegacy(settings: ClientSettings): Promise<boolean> {
  const reply = await sendLegacy(settings, { id: 0, verb: 'hello' }, {});
  return EXCEPTION.test(reply);
}
