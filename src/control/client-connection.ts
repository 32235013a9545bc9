import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { ConnectionError, InvalidMessageFormatError, QueueFullError } from '../errors.js';
import type { MessagingError } from '../errors.js';
import { wait } from '../wait.js';
import type { Settle } from '../wait.js';
import type { ClientSettings } from './client-options.js';
import { EventStream } from './event-stream.js';
import { fieldOf, readObject } from './json-line.js';
import type { JsonObject } from './json-line.js';
import { LineSplitter } from './line-splitter.js';
import { addressText } from './socket-path.js';
import { SocketOutput } from './socket-output.js';
import { readToken } from './token.js';
import { fromWire } from './wire-error.js';

/** The limits of a request to a server. */
export interface RequestOptions {
  /** The time limit for the answer, in milliseconds. Default the `timeout` of the client. */
  timeout?: number | undefined;
  /** Stops waiting: the call rejects with the signal's reason. What was asked for may happen all the same. */
  signal?: AbortSignal | undefined;
}

/** A request that waits for its answer. */
interface Pending {
  readonly opensStream: boolean;
  readonly signal: AbortSignal | undefined;
  readonly settle: Settle<unknown>;
}

/** A client's side of a protocol. */
export interface ClientProtocol {
  /** True while requests can be sent. */
  readonly isOpen: boolean;
  /** Asks for something and resolves with the result. */
  request(verb: string, fields: JsonObject, options?: RequestOptions): Promise<unknown>;
  /** Asks for a stream. The signal ends it, too. */
  open(verb: string, fields: JsonObject, options: RequestOptions): Promise<EventStream>;
  close(): void;
}

/** One connection of a client to a server: requests and answers, and streams. */
export class ClientConnection implements ClientProtocol {
  readonly #socket: Socket;
  readonly #settings: ClientSettings;
  readonly #output: SocketOutput;
  readonly #splitter: LineSplitter;
  readonly #pending = new Map<number, Pending>();
  readonly #streams = new Map<number, EventStream>();
  #lastId = 0;
  #failure: MessagingError | undefined;

  constructor(socket: Socket, settings: ClientSettings) {
    this.#socket = socket;
    this.#settings = settings;
    this.#output = new SocketOutput(socket, settings.clock, settings.timeout);
    this.#splitter = new LineSplitter(settings.maxFrameSize);
    socket.on('data', (piece: Buffer) => this.#receive(piece));
    socket.on('error', (error) => this.#fail(connectionError('was lost', settings, error)));
    socket.on('end', () => this.#fail(connectionError('was closed by the server', settings)));
    socket.on('close', () => this.#fail(connectionError('was closed', settings)));
    this.#holdProcess();
  }

  /** True while requests can be sent. */
  get isOpen(): boolean {
    return this.#failure === undefined;
  }

  /** Asks for something and resolves with the result. */
  request(verb: string, fields: JsonObject, options: RequestOptions = {}): Promise<unknown> {
    return this.#ask(verb, fields, options, false);
  }

  /** Asks for a stream. The signal ends it, too. */
  async open(verb: string, fields: JsonObject, options: RequestOptions): Promise<EventStream> {
    const credit = this.#settings.streamWindow;
    // A request that opens a stream resolves with the stream.
    return (await this.#ask(verb, { ...fields, credit }, options, true)) as EventStream;
  }

  /** Closes it. Requests that wait are rejected, and streams end. */
  close(): void {
    for (const stream of this.#streams.values()) stream.finish();
    this.#fail(connectionError('was closed by the client', this.#settings));
  }

  async #ask(verb: string, fields: JsonObject, options: RequestOptions, opensStream: boolean): Promise<unknown> {
    const { clock, maxInFlight, timeout: usual } = this.#settings;
    const { timeout = usual, signal } = options;
    signal?.throwIfAborted();
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#pending.size >= maxInFlight) {
      throw new QueueFullError(`${maxInFlight} requests wait for answers, all that may. Await some of them first.`);
    }
    const id = ++this.#lastId;
    const line = lineOf({ id, verb, ...fields });
    const limits = { timeout, signal, onTimeout: () => noAnswer(timeout) };
    return wait<unknown>(clock, limits, (settle) => {
      this.#pending.set(id, { opensStream, signal, settle });
      this.#holdProcess();
      void this.#output.ready().then(() => this.#pending.has(id) && this.#output.write(line));
      return () => {
        // When the answer has come, the request is no longer there.
        if (this.#pending.delete(id) && opensStream) this.#cancel(id);
        this.#holdProcess();
      };
    });
  }

  #receive(piece: Buffer): void {
    try {
      for (const line of this.#splitter.push(piece)) this.#take(readObject(line));
    } catch (error) {
      // Only errors of the protocol are thrown in there.
      this.#fail(error as MessagingError);
    }
  }

  /** Takes an answer or an event. What nobody waits for any more is let go. */
  #take(answer: JsonObject): void {
    const id = fieldOf(answer, 'id');
    if (id === null) throw fromWire(fieldOf(answer, 'error'));
    if (typeof id !== 'number') return;
    const failure = fieldOf(answer, 'ok') === false ? fromWire(fieldOf(answer, 'error')) : undefined;
    const stream = this.#streams.get(id);
    if (stream === undefined) {
      this.#settle(id, failure, fieldOf(answer, 'result'));
    } else if (Object.hasOwn(answer, 'event')) {
      stream.push(fieldOf(answer, 'event'));
    } else {
      this.#streams.delete(id);
      stream.finish(failure);
      this.#holdProcess();
    }
  }

  #settle(id: number, failure: Error | undefined, result: unknown): void {
    const pending = this.#pending.get(id);
    if (pending === undefined) return;
    this.#pending.delete(id);
    const { opensStream, signal, settle } = pending;
    if (failure !== undefined) settle.reject(failure);
    else settle.resolve(opensStream ? this.#newStream(id, String(result), signal) : result);
  }

  /** Made before the next line is looked at, which may be its first event. */
  #newStream(id: number, listenerId: string, signal: AbortSignal | undefined): EventStream {
    const control = {
      allow: (credit: number): void => this.#tell('credit', { stream: id, credit }),
      cancel: (): void => this.#cancel(id),
    };
    const stream = new EventStream(listenerId, this.#settings.streamWindow, control, signal);
    this.#streams.set(id, stream);
    return stream;
  }

  #cancel(id: number): void {
    this.#streams.delete(id);
    this.#tell('cancel', { stream: id });
    this.#holdProcess();
  }

  /** Sends what needs no answer. */
  #tell(verb: string, fields: JsonObject): void {
    void this.#output.write(lineOf({ id: ++this.#lastId, verb, ...fields }));
  }

  /** The process stays alive for an answer or a stream, and for nothing else. */
  #holdProcess(): void {
    if (this.#pending.size + this.#streams.size > 0) this.#socket.ref();
    else this.#socket.unref();
  }

  #fail(error: MessagingError): void {
    if (this.#failure !== undefined) return;
    this.#failure = error;
    this.#socket.destroy();
    const pending = [...this.#pending.values()];
    this.#pending.clear();
    for (const { settle } of pending) settle.reject(error);
    for (const stream of this.#streams.values()) stream.finish(error);
    this.#streams.clear();
  }
}

/**
 * Connects to a server, and shows the token.
 *
 * @throws ConnectionError when nothing listens there; TimeoutError; AuthenticationError; OptionError when the token cannot
 * be read.
 */
export async function openConnection(settings: ClientSettings): Promise<ClientConnection> {
  const token = await readToken(settings.tokenOptions);
  const connection = new ClientConnection(await dial(settings), settings);
  try {
    await connection.request('hello', token === undefined ? {} : { token });
    return connection;
  } catch (error) {
    connection.close();
    throw error;
  }
}

/** Opens a socket. */
export function dial({ address, clock, timeout }: ClientSettings): Promise<Socket> {
  return wait(clock, { timeout, onTimeout: () => noAnswer(timeout) }, (settle) => {
    const socket = connect(address);
    const onError = (cause: Error): void => {
      settle.reject(new ConnectionError(`No server answers at ${addressText(address)}. Start one there.`, { cause }));
    };
    socket.once('error', onError);
    socket.once('connect', () => settle.resolve(socket));
    return () => {
      socket.off('error', onError);
      if (socket.readyState !== 'open') socket.destroy();
    };
  });
}

function lineOf(request: JsonObject): string {
  try {
    return `${JSON.stringify(request)}\n`;
  } catch (error) {
    throw new InvalidMessageFormatError('The payload has no JSON text: it holds a bigint or itself.', { cause: error });
  }
}

function noAnswer(timeout: number): string {
  return `The server has not answered for ${timeout} ms. What was asked for may happen still.`;
}

function connectionError(what: string, { address }: ClientSettings, cause?: Error): ConnectionError {
  return new ConnectionError(`The connection to ${addressText(address)} ${what}.`, { cause });
}
