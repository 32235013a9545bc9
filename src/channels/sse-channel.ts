import { AbstractChannel } from './abstract-channel.js';
import type { StreamOptions } from './abstract-channel.js';
import type { HistorySnapshot } from './event-log.js';
import { takeOver } from './fastify.js';
import type { FastifyReplyLike, FastifyRequestLike } from './fastify.js';
import { FEED_OPTIONS, Feed } from './feed.js';
import type { FeedDelivery, FeedOptions } from './feed.js';
import type { FeedMessage } from './feed-message.js';
import { FAREWELL } from './listener-outlet.js';
import type { HttpRequest, HttpResponse } from './http-sink.js';
import { CHANNEL_CLOSED } from './message.js';
import type { Message } from './message.js';
import type { MessageQueueListener } from './message-queue-listener.js';
import { channelOptionsOf, resolveSseOptions } from './sse-options.js';
import type { SseChannelOptions } from './sse-options.js';
import { checkNames } from '../check-options.js';
import { SseContext } from './sse-context.js';
import type { SseEvent } from './sse-context.js';
import { SseResponder } from './sse-responder.js';
import type { AttachOptions } from './sse-responder.js';

/** Answers a request of `node:http`, `node:http2` or Express; `next` gets what a hook throws. */
export type HttpHandler = (request: HttpRequest, response: HttpResponse, next?: (error: unknown) => void) => void;

/**
 * A channel whose messages go to browsers as server-sent events (HTML standard, §9.2). A broadcast goes to every
 * listener and every client; it is encoded once. Clients that come back get what they have missed, from a bounded
 * history, or an event `resync` when the history does not reach back far enough.
 */
export class SseChannel extends AbstractChannel<SseEvent> {
  readonly #context: SseContext;
  readonly #responder: SseResponder;
  readonly #feeds = new Set<{ stop(): Promise<void> }>();
  #farewell: Promise<void> | undefined;
  #leaving: Promise<void> | undefined;
  #closing: Promise<void> | undefined;

  /** @throws OptionError for an option that is unknown or cannot be. */
  constructor(options: SseChannelOptions = {}) {
    super(channelOptionsOf(options));
    this.#context = new SseContext(this, resolveSseOptions(options));
    this.#responder = new SseResponder(this.#context);
  }

  /** The number of connected clients. */
  get clientCount(): number {
    return this.#responder.clientCount;
  }

  /** The fields of the event for a message. Override it to change what clients get. */
  adapt({ type, payload, id }: Message): SseEvent {
    return { event: type, retry: this.#context.settings.retry, data: payload, ...(id === undefined ? {} : { id }) };
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
      const bytes = this.#context.lastEvent(message);
      super.broadcast(message);
      this.#farewell = this.#responder.finish(bytes, FAREWELL);
      return;
    }
    const { log, clients } = this.#context;
    const logged = this.#context.eventOf(message, log);
    super.broadcast(message);
    log.append(logged);
    clients.deliver(logged);
  }

  /** Returns the history as a JSON value. Give it to the next channel after a restart, as the option `snapshot`. */
  snapshot(): HistorySnapshot {
    return this.#context.log.snapshot();
  }

  /**
   * Resolves when no listener holds the channel back, nor a client, which it may for as long as `patience` says.
   *
   * @throws The signal's reason when it is aborted.
   */
  override async ready({ signal }: StreamOptions = {}): Promise<void> {
    const { clients, settings } = this.#context;
    do {
      await super.ready({ signal });
      await clients.ready(settings.patience, signal);
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
    checkNames('a feed', options, FEED_OPTIONS);
    const feed = new Feed<Received>(this.#context, source, options, () => void this.#feeds.delete(feed));
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

  /**
   * Returns the messages of one listener as the bytes of server-sent events. It starts the listener; whoever cancels
   * the stream stops it.
   */
  readable(listener: MessageQueueListener): ReadableStream<Uint8Array> {
    return this.#responder.readable(listener);
  }

  /**
   * Ends the connections of all clients, which then reconnect to the server that takes over: this is the way to shut
   * down. The channel stops its feeds, so that deliveries that were not broadcast go back. Every client gets what waits
   * for it before its connection ends; the channel destroys the connection of a client that has not read after 5
   * seconds. A client that connects meanwhile is told to reconnect, and its connection ends, too. Afterwards
   * `snapshot()` gives the history for the channel that takes over. Disconnecting again does the same as once.
   */
  disconnect(): Promise<void> {
    this.#leaving ??= this.#leave();
    return this.#leaving;
  }

  /**
   * Stops the feeds, tells every listener and client the end, and ends the connections. A client that connects after
   * that gets 204, which makes browsers stop. Resolves when all clients have gone; the channel destroys the connections
   * of those that have not read after 5 seconds. Closing again does the same as once.
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
}
