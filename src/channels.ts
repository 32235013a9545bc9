/**
 * Channels: messages to listeners in this process, to browsers as server-sent events, and back from them.
 *
 * It has eric-sse as its model. There the names are in snake case, `SSEChannel` is `SseChannel`, errors are exceptions,
 * and times are seconds; here times are milliseconds.
 *
 * @module amqp-messenger/channels
 * @category Reference
 */
export { AbstractChannel } from './channels/abstract-channel.js';
export type { ChannelOptions, StreamOptions, WatchOptions } from './channels/abstract-channel.js';
export type { Authorization, Authorize } from './channels/admission.js';
export type { HistoryOptions, HistorySnapshot, RememberedEvent } from './channels/event-log.js';
export { EventParser } from './channels/event-parser.js';
export type { EventParserOptions, ServerSentEvent } from './channels/event-parser.js';
export type { FastifyReplyLike, FastifyRequestLike } from './channels/fastify.js';
export type { Feed, FeedDelivery, FeedOptions } from './channels/feed.js';
export { messageOf } from './channels/feed-message.js';
export type { FeedMessage } from './channels/feed-message.js';
export type { HttpRequest, HttpResponse } from './channels/http-sink.js';
export { CHANNEL_CLOSED, CHANNEL_ERROR, Message, RESYNC } from './channels/message.js';
export type { MessageOptions } from './channels/message.js';
export { MessageQueueListener } from './channels/message-queue-listener.js';
export type { ListenerEvents, ListenerOptions } from './channels/message-queue-listener.js';
export type { Signature, SignatureAlgorithm, SignatureKey } from './channels/signature.js';
export { SignedMessage } from './channels/signed-message.js';
export type { SignedPayload } from './channels/signed-message.js';
export { SimpleDistributedApplicationListener } from './channels/simple-distributed-application-listener.js';
export type { Action, ActionReplies } from './channels/simple-distributed-application-listener.js';
export { SseChannel } from './channels/sse-channel.js';
export type { HttpHandler } from './channels/sse-channel.js';
export { SseChannelContainer } from './channels/sse-channel-container.js';
export type { SseEvent } from './channels/sse-context.js';
export { SseClient } from './channels/sse-client.js';
export type { SseClientOptions } from './channels/sse-client.js';
export type { SseChannelOptions } from './channels/sse-options.js';
export type { AttachOptions } from './channels/sse-responder.js';
export type { FilteredEvent, SlowClientPolicy } from './channels/sse-session.js';
export type { Overflow } from './queue/client-queue-options.js';
export type { Clock, Timer } from './clock.js';
export {
  ChannelQueueFullError,
  ConnectionError,
  InvalidChannelError,
  InvalidListenerError,
  InvalidMessageFormatError,
  MessagingError,
  NoMessagesError,
  OptionError,
  SseResponseError,
} from './errors.js';
export type { PeerError } from './errors.js';
export { DataProcessingChannel } from './channels/processing/data-processing-channel.js';
export type { DataProcessingOptions, ProcessQueueOptions } from './channels/processing/data-processing-channel.js';
export type { HandlerContext, MessageHandler } from './channels/processing/message-handler.js';
export type { FailedItem, Failure, ProcessedItem, QueueItem } from './channels/processing/processed-item.js';
export { handleInPool } from './channels/processing/worker-pool.js';
export type { MessageTask, WorkerPool } from './channels/processing/worker-pool.js';
export type { RequestOptions } from './control/client-connection.js';
export type { SocketClientOptions } from './control/client-options.js';
export type { RemoteListenerOptions } from './control/command.js';
export type { EventStream } from './control/event-stream.js';
export type { JsonObject } from './control/json-line.js';
export type {
  PathAddress,
  PortAddress,
  ResolvedAddress,
  SocketAddress,
  SocketProtocol,
  SocketServerOptions,
} from './control/server-options.js';
export { SocketClient } from './control/socket-client.js';
export type {
  CreateChannelOptions,
  OutgoingMessage,
  RegisterOptions,
  WatchChannelOptions,
} from './control/socket-client.js';
export { SocketServer } from './control/socket-server.js';
export type { TokenOptions } from './control/token.js';
export {
  AuthenticationError,
  ListenError,
  ProtocolError,
  QueueFullError,
  RequestError,
  StateError,
  TimeoutError,
} from './errors.js';
