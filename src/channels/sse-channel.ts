import { InvalidMessageFormatError, asError } from '../errors.js';
import { AbstractChannel } from './abstract-channel.js';
import type { StreamOptions } from './abstract-channel.js';
import { encodeEvent, eventIdOf } from './event-encoder.js';
import { EventLog } from './event-log.js';
import type { HistorySnapshot, LoggedEvent } from './event-log.js';
import { takeOver } from './fastify.js';
import type { FastifyReplyLike, FastifyRequestLike } from './fastify.js';
import { FEED_OPTIONS, Feed } from './feed.js';
import type { FeedDelivery, FeedHost, FeedOptions } from './feed.js';
import type { FeedMessage } from './feed-message.js';
import type { HttpRequest, HttpResponse } from './http-sink.js';
import { CHANNEL_CLOSED } from './message.js';
import type { Message } from './message.js';
import type { MessageQueueListener } from './message-queue-listener.js';
import { channelOptionsOf, resolveSseOptions } from './sse-options.js';
import type { SseChannelOptions, SseChannelSettings } from './sse-options.js';
import { checkNames } from './option-names.js';
import { SseResponder } from './sse-responder.js';
import type { AttachOptions } from './sse-responder.js';

/** What the streams of a channel for server-sent events give out: the fields of an event. */
export interface SseEvent {
  /** The event name: the type of the message. */
  readonly event: string;
  /** The event id: the id of the message, when it has one. */
  readonly id?: string | undefined;
  /** The milliseconds after which a client that has lost its connection comes back. */
  readonly retry?: number | undefined;
  /** The payload of the message. */
  readonly data: unknown;
}

/** Answers a request of `node:http`, `node:http2` or Express; `next` gets what a hook throws. */
export type HttpHandler = (request: HttpRequest, response: HttpResponse, next?: (error: unknown) => void) => void;

/** How long clients have, in milliseconds, to read what waits for them when they are told to go. */
const FAREWELL = 5000;

/** How long somebody who does wait for clients waits for one that does not read, in milliseconds, at least. */
const PATIENCE = 5000;

/**
 * A channel whose messages go to browsers as server-sent events (HTML standard, §9.2). A broadcast goes to every
 * listener and every client; it is encoded once. Clients that come back get what they have missed, from a bounded
 * history, or an event `resync` when the history does not reach back far enough.
 */
export class SseChannel extends AbstractChannel<SseEvent> {
  readonly #settings: SseChannelSettings;
  readonly #log: EventLog;
  readonly #responder: SseResponder;
  readonly #feeds = new Set<{ stop(): Promise<void> }>();
  #farewell: Promise<void> | undefined;
  #leaving: Promise<void> | undefined;
  #closing: Promise<void> | undefined;

  /** @throws OptionError for an option that is unknown or cannot be. */
  constructor(options: SseChannelOptions = {}) {
    super(channelOptionsOf(options));
    this.#settings = resolveSseOptions(options);
    const { history, snapshot, clock, patience } = this.#settings;
    this.#log = new EventLog(history, clock, snapshot);
    const host = {
      isClosed: () => this.isClosed,
      report: (error: unknown) => this.report(error),
      messages: (listener: MessageQueueListener, signal: AbortSignal) => this.messages(listener, signal),
      eventOf: (message: Message, log: EventLog) => this.#eventOf(message, log),
      lastEvent: (message: Message) => this.#lastEvent(message),
      farewell: FAREWELL,
      patience: Math.max(patience, PATIENCE),
    };
    this.#responder = new SseResponder(host, this.#settings, this.#log);
  }

  /** How many clients are connected. */
  get clientCount(): number {
    return this.#responder.clientCount;
  }

  /** The fields of the event for a message. Override it to change what clients get. */
  adapt({ type, payload, id }: Message): SseEvent {
    return { event: type, retry: this.#settings.retry, data: payload, ...(id === undefined ? {} : { id }) };
  }

  /**
   * Sends a message to every listener and every client there is now, and keeps it for those who come back. One of the
   * type `_eric_channel_closed` is not kept: it ends the connections.
   *
   * @throws As `AbstractChannel.broadcast` does; InvalidMessageFormatError when the payload is no JSON value, the id
   * cannot be an event id, or `adapt` or `serializer` throws, which is the `cause` then. Then nobody got it.
   */
  override broadcast(message: Message): void {
    if (message.type === CHANNEL_CLOSED) {
      const bytes = this.#lastEvent(message);
      super.broadcast(message);
      this.#farewell = this.#responder.finish(bytes, FAREWELL);
      return;
    }
    const logged = this.#eventOf(message, this.#log);
    super.broadcast(message);
    this.#log.append(logged);
    this.#responder.clients.deliver(logged);
  }

  /** What the history has, as a JSON value, for the option `snapshot` of the channel that comes after a restart. */
  snapshot(): HistorySnapshot {
    return this.#log.snapshot();
  }

  /**
   * Resolves when no listener holds the channel back, nor a client, which it may for as long as `patience` says.
   *
   * @throws The signal's reason when it is aborted.
   */
  override async ready({ signal }: StreamOptions = {}): Promise<void> {
    do {
      await super.ready({ signal });
      await this.#responder.clients.ready(this.#settings.patience, signal);
    } while (this.isHeldBack);
  }

  /**
   * Broadcasts what comes from elsewhere, an AMQP subscription say, until it ends. Nothing is taken from it while a
   * listener holds the channel back, or a client that `patience` lets do so.
   *
   * @param source - What comes: `messenger.receive({ subscription })`, for one. Not of a messenger with
   * `incomingWindow: 0`, which accepts messages before they are broadcast: `done` rejects with OptionError then.
   * @throws InvalidChannelError after `close`.
   */
  feed(source: AsyncIterable<FeedDelivery>, options?: FeedOptions): Feed;
  feed<Received>(
    source: AsyncIterable<FeedDelivery<Received>>,
    options: FeedOptions<Received> & Required<Pick<FeedOptions<Received>, 'map'>>,
  ): Feed<Received>;
  feed<Received = FeedMessage>(
    source: AsyncIterable<FeedDelivery<Received>>,
    options: FeedOptions<Received> = {},
  ): Feed<Received> {
    this.checkOpen();
    const written = Math.max(this.#settings.patience, PATIENCE);
    checkNames('a feed', options, FEED_OPTIONS);
    const host: FeedHost = {
      broadcast: (message) => this.broadcast(message),
      remembers: (message) => this.#remembers(message),
      ready: (signal) => this.ready({ signal }),
      changes: (signal) => this.#responder.clients.changes(written, signal),
      position: () => this.#log.next,
      flushed: () => this.#responder.clients.flushed(written),
      ended: () => void this.#feeds.delete(feed),
      clock: this.#settings.clock,
    };
    const feed = new Feed<Received>(host, source, options);
    this.#feeds.add(feed);
    return feed;
  }

  /** Makes what answers requests with the events, for `node:http`, `node:http2` and Express. */
  handler(options: AttachOptions<HttpRequest> = {}): HttpHandler {
    return (request, response, next) => {
      this.attach(request, response, options).catch((error: unknown) => {
        if (next !== undefined) {
          next(error);
          return;
        }
        // A hook may have answered by itself, and then failed.
        if (response.headersSent) response.destroy();
        else response.writeHead(500).end();
        this.report(error);
      });
    };
  }

  /**
   * Answers one request of `node:http` or `node:http2`. Resolves with whether it gets the events: the response then goes
   * on until the client leaves or the channel ends. Headers that were set before are sent along.
   *
   * @throws What a hook has thrown; then nothing was answered.
   */
  attach(request: HttpRequest, response: HttpResponse, options: AttachOptions<HttpRequest> = {}): Promise<boolean> {
    return this.#responder.attach({ request, response, asked: request }, options);
  }

  /**
   * Answers one request of Fastify: `app.get('/events', (request, reply) => channel.fastify(request, reply))`. Headers that
   * plugins have set on the reply, such as those of `@fastify/cors`, are sent along. What a hook throws goes to Fastify.
   * In a hook `preClose` of the application call `disconnect()`.
   */
  fastify<Asked extends FastifyRequestLike>(
    request: Asked,
    reply: FastifyReplyLike,
    options: AttachOptions<Asked> = {},
  ): Promise<boolean> {
    const begin = (): void => takeOver(reply);
    return this.#responder.attach({ request: request.raw, response: reply.raw, asked: request, begin }, options);
  }

  /**
   * The answer to one Fetch request, for frameworks that speak `Request` and `Response`.
   *
   * @throws What a hook has thrown.
   */
  toResponse(request: Request, options: AttachOptions<Request> = {}): Promise<Response> {
    return this.#responder.toResponse(request, options);
  }

  /** What one listener gets, as the bytes of server-sent events. Starts the listener; cancelling stops it. */
  readable(listener: MessageQueueListener): ReadableStream<Uint8Array> {
    return this.#responder.readable(listener);
  }

  /**
   * Ends this server's part, and the clients come back to whoever goes on from here: the way to shut down. The feeds are
   * stopped, so that what was not broadcast goes back. Every client gets what waits for it, and then its connection is
   * ended; one that does not read is cut off after 5 seconds. Who comes meanwhile is told to come again, and its
   * connection is ended, too. After that `snapshot()` is what another channel can go on from. Disconnecting again does
   * the same as once.
   */
  disconnect(): Promise<void> {
    this.#leaving ??= this.#leave();
    return this.#leaving;
  }

  /**
   * Stops the feeds, tells every listener and client the end, and ends the connections; who comes after that gets 204,
   * which makes browsers stop. Resolves when all clients are gone; those who do not read are cut off after 5 seconds.
   * Closing again does the same as once.
   */
  override close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const stopped = Array.from(this.#feeds, (feed) => feed.stop());
    await super.close();
    await Promise.all([...stopped, this.#farewell]);
  }

  async #leave(): Promise<void> {
    this.#responder.leave();
    await Promise.all(Array.from(this.#feeds, (feed) => feed.stop()));
    await this.#responder.finish(undefined, FAREWELL);
  }

  /** Whether the history has the event for a message, not just one of its id. */
  #remembers(message: Message): boolean {
    try {
      const event = this.adapt(message);
      const known = event.id === undefined ? undefined : this.#log.find(eventIdOf(event.id));
      return known?.bytes.equals(this.#encode(event)) ?? false;
    } catch {
      // What cannot be an event is rejected when it is broadcast.
      return false;
    }
  }

  /** The event for a message, to be the next in a log. */
  #eventOf(message: Message, log: EventLog): LoggedEvent {
    try {
      const event = this.adapt(message);
      const id = log.nextId(event.id === undefined ? undefined : eventIdOf(event.id));
      return { id, type: event.event, bytes: this.#encode({ ...event, id }), message };
    } catch (error) {
      if (error instanceof InvalidMessageFormatError) throw error;
      const why = `A message of type ${message.type} cannot be an event: ${asError(error).message}`;
      throw new InvalidMessageFormatError(why, { cause: error });
    }
  }

  /** The event that tells the end. Without an id: clients come back with that of the last real event. */
  #lastEvent(message: Message): Buffer {
    try {
      return this.#encode({ ...this.adapt(message), id: undefined });
    } catch (error) {
      // A channel must be able to close, whatever its hooks make of a message without payload.
      this.report(error);
      return encodeEvent({ event: CHANNEL_CLOSED, data: 'null' });
    }
  }

  /** `retry` is told once, when a client comes. */
  #encode({ event, id, data }: SseEvent): Buffer {
    const text: unknown = this.#settings.serializer(data);
    // An event without data is none: a browser would drop it without a word.
    if (typeof text !== 'string') throw new InvalidMessageFormatError('The serializer must return a string.');
    return encodeEvent({ id: id === undefined ? undefined : eventIdOf(id), event, data: text });
  }
}
