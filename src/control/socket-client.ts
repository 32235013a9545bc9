import type { SseEvent } from '../channels/sse-context.js';
import { StateError } from '../errors.js';
import { following, wait } from '../wait.js';
import { openConnection } from './client-connection.js';
import type { ClientProtocol, RequestOptions } from './client-connection.js';
import { resolveClientOptions } from './client-options.js';
import type { ClientSettings, SocketClientOptions } from './client-options.js';
import type { RemoteListenerOptions } from './command.js';
import type { EventStream } from './event-stream.js';
import type { JsonObject } from './json-line.js';
import { sendLegacy } from './legacy-call.js';
import { LegacyClient, isLegacy } from './legacy-client.js';

/** A message for a channel of a server. A `Message` is one. */
export interface OutgoingMessage {
  /** The kind of the message. */
  readonly type: string;
  /** Any JSON value. Default `null`. */
  readonly payload?: unknown;
}

/** The options of a new channel. */
export interface CreateChannelOptions extends RequestOptions {
  /** Its id. Default a random UUID, which nobody can guess. */
  id?: string | undefined;
}

/** The options of a new listener. */
export interface RegisterOptions extends RequestOptions, RemoteListenerOptions {
  /** True: the listener outlives the connection. Default false: the server removes it when the client has gone. */
  keep?: boolean | undefined;
}

/** The options of `watch`. The signal ends the stream, too. */
export interface WatchChannelOptions extends RequestOptions, Pick<RemoteListenerOptions, 'capacity'> {}

/**
 * Acts on the channels of a `SocketServer` in another process. It connects at its first request, and again at the next
 * one after its connection has broken; no request is sent twice. It keeps the process alive only while an answer or a
 * stream is waited for. With a server that speaks only the legacy protocol, that of eric-sse, it speaks that: a
 * connection for each request, no options of channels and listeners, and no bounds for slow readers.
 *
 * Besides what each method says, every one throws ConnectionError when no server answers or the connection breaks,
 * TimeoutError, AuthenticationError for a wrong token, the signal's reason, QueueFullError when too many requests wait,
 * and StateError after `close`.
 */
export class SocketClient implements AsyncDisposable {
  readonly #settings: ClientSettings;
  #connecting: Promise<ClientProtocol> | undefined;
  #connection: ClientProtocol | undefined;
  /** True when the server speaks the legacy protocol only, which `auto` finds out. */
  #isLegacy: boolean | undefined;
  #isClosed = false;

  /** @throws OptionError for an option that cannot be. */
  constructor(options: SocketClientOptions) {
    this.#settings = resolveClientOptions(options);
  }

  /** Makes a channel, and resolves with its id. @throws InvalidChannelError when the id is taken. */
  async createChannel({ id, ...options }: CreateChannelOptions = {}): Promise<string> {
    return String(await this.#request('create', { channel: id }, options));
  }

  /**
   * Makes a listener, and resolves with its id. Messages wait for it until `listen` streams them.
   *
   * @throws InvalidChannelError when there is no such channel; InvalidListenerError when the id is taken; OptionError.
   */
  async register(channel: string, options: RegisterOptions = {}): Promise<string> {
    const { id, capacity, overflow, whileStopped, keep } = options;
    const fields = { channel, listener: id, capacity, overflow, whileStopped, keep };
    return String(await this.#request('register', fields, options));
  }

  /**
   * Sends a message to one listener.
   *
   * @throws InvalidChannelError, InvalidListenerError; ChannelQueueFullError when the listener has no room;
   * InvalidMessageFormatError when the payload has no JSON text.
   */
  async dispatch(
    channel: string,
    listener: string,
    { type, payload }: OutgoingMessage,
    options?: RequestOptions,
  ): Promise<void> {
    await this.#request('dispatch', { channel, listener, type, payload }, options);
  }

  /** Sends a message to all listeners of a channel. @throws As `dispatch` does. */
  async broadcast(channel: string, { type, payload }: OutgoingMessage, options?: RequestOptions): Promise<void> {
    await this.#request('broadcast', { channel, type, payload }, options);
  }

  /**
   * Starts a listener and streams its messages. It is stopped when nobody listens to it any more; then messages wait for
   * it again. The signal ends the stream, too.
   *
   * @throws InvalidChannelError, InvalidListenerError.
   */
  async listen<Event = SseEvent>(
    channel: string,
    listener: string,
    options?: RequestOptions,
  ): Promise<EventStream<Event>> {
    return this.#open<Event>('listen', { channel, listener }, options);
  }

  /**
   * Streams what is sent to a channel from now on, to a listener that lives as long as the stream. When it is read too
   * slowly the stream throws ChannelQueueFullError, rather than have a gap.
   *
   * @throws InvalidChannelError.
   */
  async watch<Event = SseEvent>(channel: string, options: WatchChannelOptions = {}): Promise<EventStream<Event>> {
    return this.#open<Event>('watch', { channel, capacity: options.capacity }, options);
  }

  /** Removes a listener. Its streams end. @throws InvalidChannelError, InvalidListenerError. */
  async removeListener(channel: string, listener: string, options?: RequestOptions): Promise<void> {
    await this.#request('removeListener', { channel, listener }, options);
  }

  /** Removes a channel and closes it. Its streams end. @throws InvalidChannelError. */
  async removeChannel(channel: string, options?: RequestOptions): Promise<void> {
    await this.#request('removeChannel', { channel }, options);
  }

  /** Resolves when the server has answered. */
  async ping(options?: RequestOptions): Promise<void> {
    await this.#request('ping', {}, options);
  }

  /**
   * Sends one request in the legacy protocol, over a connection of its own, and resolves with the text of the reply.
   * Errors come back as text, too.
   */
  sendPayload(payload: JsonObject, options: RequestOptions = {}): Promise<string> {
    return sendLegacy(this.#settings, payload, options);
  }

  /** Closes the connection. Requests that wait are rejected, and streams end. Closing again does nothing. */
  async close(): Promise<void> {
    this.#isClosed = true;
    // The requests that wait for the connection fail with the reason.
    const connection = await this.#connecting?.catch(() => undefined);
    connection?.close();
  }

  /** Closes it at the end of an `await using` block. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #request(verb: string, fields: JsonObject, options: RequestOptions = {}): Promise<unknown> {
    const connection = await this.#connect(options.signal);
    return connection.request(verb, fields, options);
  }

  async #open<Event>(verb: string, fields: JsonObject, options: RequestOptions = {}): Promise<EventStream<Event>> {
    const connection = await this.#connect(options.signal);
    // Only the maker of a channel knows the type of its events.
    return (await connection.open(verb, fields, options)) as EventStream<Event>;
  }

  async #connect(signal: AbortSignal | undefined): Promise<ClientProtocol> {
    signal?.throwIfAborted();
    if (this.#isClosed) throw new StateError('The client is closed. Make a new one.');
    if (this.#connection?.isOpen === false) this.#connecting = undefined;
    this.#connecting ??= this.#dial();
    return wait(this.#settings.clock, { signal }, following(this.#connecting));
  }

  async #dial(): Promise<ClientProtocol> {
    try {
      this.#connection = undefined;
      const { protocol } = this.#settings;
      this.#isLegacy ??= protocol === 'auto' ? await isLegacy(this.#settings) : protocol === 'legacy';
      this.#connection = this.#isLegacy ? new LegacyClient(this.#settings) : await openConnection(this.#settings);
      return this.#connection;
    } catch (error) {
      this.#connecting = undefined;
      throw error;
    }
  }
}
