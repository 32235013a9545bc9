import { RequestError, asError } from '../errors.js';
import { opensStream, readCommand } from './command.js';
import type { StreamCommand } from './command.js';
import type { Controller } from './controller.js';
import { Credit } from './credit.js';
import { eventText, fieldOf, readObject } from './json-line.js';
import type { JsonObject } from './json-line.js';
import { protocolError } from './line-splitter.js';
import type { RemoteStream } from './remote-stream.js';
import type { ServerSettings } from './server-options.js';
import type { SocketOutput } from './socket-output.js';
import { isToken } from './token.js';
import { authenticationError, toWire } from './wire-error.js';

/** The version of the protocol, which `hello` tells. */
export const PROTOCOL_VERSION = 1;

/** The id that a client gives a request. */
export type RequestId = string | number;

/** The longest id of a request, in characters. Every event repeats the id. */
const LONGEST_ID = 128;

interface OpenStream {
  readonly stream: RemoteStream;
  readonly credit: Credit;
}

/**
 * One client that sends requests as lines: a JSON object each, with an `id` that every answer repeats. Requests are
 * carried out one after the other, in the order they come; streams run beside them.
 */
export class LineSession {
  readonly #controller: Controller;
  readonly #settings: ServerSettings;
  readonly #output: SocketOutput;
  readonly #streams = new Map<RequestId, OpenStream>();
  readonly #pumps = new Set<Promise<void>>();
  /** Listeners that go when the client goes: `[channel, listener]`. */
  readonly #listeners: [channel: string, listener: string][] = [];
  #isWelcome: boolean;
  #isOver = false;

  constructor(controller: Controller, settings: ServerSettings, output: SocketOutput) {
    this.#controller = controller;
    this.#settings = settings;
    this.#output = output;
    this.#isWelcome = settings.token === undefined;
  }

  /** True when the client has shown the token, or needs none. */
  get isWelcome(): boolean {
    return this.#isWelcome;
  }

  /** True when the client has a stream or a listener, which it would lose. */
  get isInUse(): boolean {
    return this.#streams.size > 0 || this.#listeners.length > 0;
  }

  /**
   * Carries out the request in a line and answers it. Resolves when the client has room for the next answer. After `end`
   * it does nothing: what a client has sent before it went is not begun when nobody is left to hold what it makes.
   *
   * @throws ProtocolError when the line is no request, AuthenticationError when the token is wrong or missing: then the
   * connection must be closed.
   */
  async handle(line: Buffer): Promise<void> {
    if (this.#isOver) return;
    const request = readObject(line);
    const id = readId(request);
    try {
      await this.#answer(id, request);
    } catch (error) {
      await this.#send({ id, ok: false, error: toWire(error) });
      if (!this.#isWelcome) throw error;
    }
  }

  /** Ends its streams and waits until they have said so; removes its listeners. */
  async end(): Promise<void> {
    this.#isOver = true;
    for (const { stream } of this.#streams.values()) stream.end();
    for (const [channel, listener] of this.#listeners.splice(0)) this.#controller.forget(channel, listener);
    await Promise.all(this.#pumps);
  }

  async #answer(id: RequestId, request: JsonObject): Promise<void> {
    const verb = fieldOf(request, 'verb');
    if (verb === 'hello') return this.#hello(id, request);
    if (!this.#isWelcome) throw authenticationError('The server wants a token. Say hello with it first.');
    if (verb === 'ping') return this.#send({ id, ok: true, result: null });
    if (verb === 'cancel') return this.#cancel(id, request);
    if (verb === 'credit') return this.#credit(id, request);
    const command = readCommand(request);
    if (opensStream(command)) return this.#open(id, request, command);
    const result = await this.#controller.run(command);
    if (command.verb === 'register' && result !== null && fieldOf(request, 'keep') !== true) {
      this.#listeners.push([command.channel, result]);
    }
    if (command.verb === 'removeListener') this.#disown(command.channel, command.listener);
    await this.#send({ id, ok: true, result });
  }

  async #hello(id: RequestId, request: JsonObject): Promise<void> {
    const { token, maxFrameSize, maxStreams } = this.#settings;
    if (token !== undefined && !isToken(token, fieldOf(request, 'token'))) {
      this.#isWelcome = false;
      throw authenticationError('The token is not the one the server wants.');
    }
    this.#isWelcome = true;
    await this.#send({ id, ok: true, result: { protocol: PROTOCOL_VERSION, maxFrameSize, maxStreams } });
  }

  async #open(id: RequestId, request: JsonObject, command: StreamCommand): Promise<void> {
    const { maxStreams, clock } = this.#settings;
    if (this.#streams.has(id)) throw new RequestError(`A stream with the id ${id} is open. Choose another id.`);
    if (this.#streams.size >= maxStreams) {
      throw new RequestError(`The connection has ${maxStreams} streams, all it may have. Cancel one.`);
    }
    const given = fieldOf(request, 'credit');
    const credit = new Credit(given === undefined ? Infinity : readCount(given), clock);
    const stream = this.#controller.open(command);
    this.#streams.set(id, { stream, credit });
    await this.#send({ id, ok: true, result: stream.listenerId });
    const pump = this.#pump(id, stream, credit).finally(() => this.#pumps.delete(pump));
    this.#pumps.add(pump);
  }

  /** Sends the events of a stream, each when the client allows it and the socket has room. */
  async #pump(id: RequestId, stream: RemoteStream, credit: Credit): Promise<void> {
    const head = `{"id":${JSON.stringify(id)},"event":`;
    let last: object = { id, end: true };
    try {
      while (await credit.take(stream.signal)) {
        const next = await stream.next();
        if (next === undefined || !(await this.#output.write(`${head}${eventText(next.event)}}\n`))) break;
      }
      if (stream.failure !== undefined) throw stream.failure;
    } catch (error) {
      last = { id, ok: false, error: toWire(error) };
    }
    stream.end();
    this.#streams.delete(id);
    await this.#send(last);
  }

  async #cancel(id: RequestId, request: JsonObject): Promise<void> {
    const open = this.#streams.get(readStreamId(request));
    open?.stream.end();
    await this.#send({ id, ok: true, result: open !== undefined });
  }

  /** Not answered: a client that reads fast would otherwise get as many answers as events. */
  #credit(_id: RequestId, request: JsonObject): Promise<void> {
    // The stream may have ended before the client knew.
    this.#streams.get(readStreamId(request))?.credit.add(readCount(fieldOf(request, 'credit')));
    return Promise.resolve();
  }

  #disown(channel: string, listener: string): void {
    const index = this.#listeners.findIndex((owned) => owned[0] === channel && owned[1] === listener);
    if (index !== -1) this.#listeners.splice(index, 1);
  }

  async #send(answer: object): Promise<void> {
    await this.#output.write(`${JSON.stringify(answer)}\n`);
  }
}

/** The line that tells a client why the server closes its connection. It belongs to no request. */
export function farewell(error: unknown): string {
  return `${JSON.stringify({ id: null, ok: false, error: toWire(asError(error)) })}\n`;
}

function readId(request: JsonObject): RequestId {
  const id = fieldOf(request, 'id');
  if (isId(id)) return id;
  throw protocolError(`A request needs an id: text of at most ${LONGEST_ID} characters, or a whole number.`);
}

function readStreamId(request: JsonObject): RequestId {
  const id = fieldOf(request, 'stream');
  if (isId(id)) return id;
  throw new RequestError('The request needs stream: the id of the request that has opened it.');
}

function isId(id: unknown): id is RequestId {
  return typeof id === 'string' ? id.length <= LONGEST_ID : Number.isSafeInteger(id);
}

function readCount(value: unknown): number {
  // A safe integer is a number.
  if (Number.isSafeInteger(value) && (value as number) >= 0) return value as number;
  throw new RequestError('Field credit must be a whole number from 0 up.');
}
