/**
 * Channels: messages to listeners in this process, to browsers as server-sent events, and back from them.
 *
 * It has eric-sse as its model. There the names are in snake case, `SSEChannel` is `SseChannel`, errors are exceptions,
 * and times are seconds; here times are milliseconds.
 *
 * @module
 */
export { AbstractChannel } from './channels/abstract-channel.js';
export type { ChannelOptions, StreamOptions, WatchOptions } from './channels/abstract-channel.js';
export { CHANNEL_CLOSED, CHANNEL_ERROR, Message, RESYNC } from './channels/message.js';
export type { MessageOptions } from './channels/message.js';
export { MessageQueueListener } from './channels/message-queue-listener.js';
export type { ListenerEvents, ListenerOptions } from './channels/message-queue-listener.js';
export type { Mailbox, MailboxState } from './channels/mailbox.js';
export type { Signature, SignatureAlgorithm, SignatureKey } from './channels/signature.js';
export { SignedMessage } from './channels/signed-message.js';
export type { SignedPayload } from './channels/signed-message.js';
export { SseChannel } from './channels/sse-channel.js';
export type { SseEvent } from './channels/sse-channel.js';
export { SseChannelContainer } from './channels/sse-channel-container.js';
export type { SseChannelOptions } from './channels/sse-options.js';
export {
  ChannelQueueFullError,
  InvalidChannelError,
  InvalidListenerError,
  InvalidMessageFormatError,
  NoMessagesError,
  OptionError,
} from './errors.js';
