/**
 * Every error that this package throws or reports. Programs test `code`; the message tells people what to do next.
 * `condition` and `cause` hold the peer's error.
 *
 * No error carries a credential: addresses are redacted before.
 */

/** The code of an error: a stable string that a program can test. */
export type ErrorCode =
  | 'ERR_OPTION'
  | 'ERR_ADDRESS'
  | 'ERR_PATTERN'
  | 'ERR_ENCODE'
  | 'ERR_DECODE'
  | 'ERR_TRACKER'
  | 'ERR_STATE'
  | 'ERR_QUEUE_FULL'
  | 'ERR_CHANNEL_FLUSHED'
  | 'ERR_TIMEOUT'
  | 'ERR_INTERRUPTED'
  | 'ERR_NO_SOURCES'
  | 'ERR_LISTEN'
  | 'ERR_CONNECTION'
  | 'ERR_AUTHENTICATION'
  | 'ERR_PROTOCOL'
  | 'ERR_LINK'
  | 'ERR_SEND'
  | 'ERR_INVALID_CHANNEL'
  | 'ERR_INVALID_LISTENER'
  | 'ERR_INVALID_MESSAGE_FORMAT'
  | 'ERR_NO_MESSAGES'
  | 'ERR_REQUEST'
  | 'ERR_PUBSUB'
  | 'ERR_MESSAGE'
  | 'ERR_HANDLER'
  | 'ERR_BROKER_CLOSED'
  | 'ERR_BROKER_NOT_INITIALIZED'
  | 'ERR_CONSUMER_REGISTERED'
  | 'ERR_TOPOLOGY'
  | 'ERR_CONFIG';

/** Options of every error class of this package. */
export interface MessagingErrorOptions {
  /** The error that led to this one. */
  cause?: unknown;
  /** The AMQP condition that the peer sent, such as `amqp:not-found` (AMQP 1.0 §2.8.15). */
  condition?: string | undefined;
}

/** The parent of every error of this package. */
export class MessagingError extends Error {
  /** The code of the error: a stable string that a program can test. */
  readonly code: ErrorCode;
  /** The AMQP condition that the peer sent, when the error came from the peer. */
  readonly condition: string | undefined;

  constructor(code: ErrorCode, message: string, options: MessagingErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.condition = options.condition;
    this.name = new.target.name;
  }
}

/** An option or argument is unknown, or has a wrong type or value. */
export class OptionError extends MessagingError {
  constructor(message: string, options?: MessagingErrorOptions) {
    super('ERR_OPTION', message, options);
  }
}

/** An address cannot be used: it is empty, has no host, or has an invalid port. */
export class AddressError extends MessagingError {
  constructor(message: string, options?: MessagingErrorOptions) {
    super('ERR_ADDRESS', message, options);
  }
}

/** A route or rewrite rule cannot be used. */
export class PatternError extends MessagingError {
  constructor(message: string, options?: MessagingErrorOptions) {
    super('ERR_PATTERN', message, options);
  }
}

/** AMQP cannot encode a value. Thrown by `put`, before anything is queued. */
export class EncodeError extends MessagingError {
  constructor(message: string, options?: MessagingErrorOptions) {
    super('ERR_ENCODE', message, options);
  }
}

/** Received bytes are not valid AMQP, or exceed a limit that makes hostile bytes harmless. */
export class DecodeError extends MessagingError {
  constructor(message: string, options?: MessagingErrorOptions) {
    super('ERR_DECODE', message, { condition: 'amqp:decode-error', ...options });
  }
}

/** A tracker belongs to another messenger or has the wrong direction. */
export class TrackerError extends MessagingError {
  constructor(message: string, options?: MessagingErrorOptions) {
    super('ERR_TRACKER', message, options);
  }
}

/** The object is stopped or closed, so it cannot do this any more. */
export class StateError extends MessagingError {
  constructor(message: string, options?: MessagingErrorOptions) {
    super('ERR_STATE', message, options);
  }
}

/** The queue has reached its limit of messages or bytes. Nothing was queued. */
export class QueueFullError extends MessagingError {
  constructor(message: string, options?: MessagingErrorOptions) {
    super('ERR_QUEUE_FULL', message, options);
  }
}

/** A `ClientQueue` has reached its capacity. Nothing was pushed. */
export class ChannelQueueFullError extends QueueFullError {}

/** A `ClientQueue` was stopped and accepts no more messages. */
export class ChannelFlushedError extends MessagingError {
  constructor(message: string, options?: MessagingErrorOptions) {
    super('ERR_CHANNEL_FLUSHED', message, options);
  }
}

/** The time limit of a call is over. What the call waited for may still happen. */
export class TimeoutError extends MessagingError {
  constructor(message: string, options?: MessagingErrorOptions) {
    super('ERR_TIMEOUT', message, options);
  }
}

/** `interrupt` ended the call. What the call waited for may still happen. */
export class InterruptError extends MessagingError {
  constructor(message: string, options?: MessagingErrorOptions) {
    super('ERR_INTERRUPTED', message, options);
  }
}

/** `recv` has nothing left to receive from: no subscription, or every subscription has failed. */
export class NoSourcesError extends MessagingError {
  constructor(message: string, options?: MessagingErrorOptions) {
    super('ERR_NO_SOURCES', message, options);
  }
}

/** Listening on a port failed: it is in use or not allowed. */
export class ListenError extends MessagingError {
  constructor(message: string, options?: MessagingErrorOptions) {
    super('ERR_LISTEN', message, options);
  }
}

/** A connection could not be opened, was lost, or was closed by the peer. */
export class ConnectionError extends MessagingError {
  constructor(message: string, options?: MessagingErrorOptions, code: ErrorCode = 'ERR_CONNECTION') {
    super(code, message, options);
  }
}

/** The peer refused the credentials, or both sides have no SASL mechanism in common. Trying again will not help. */
export class AuthenticationError extends ConnectionError {
  constructor(message: string, options?: MessagingErrorOptions) {
    super(message, { condition: 'amqp:unauthorized-access', ...options }, 'ERR_AUTHENTICATION');
  }
}

/** The peer violated AMQP, or exceeded a limit. The connection was closed. */
export class ProtocolError extends ConnectionError {
  constructor(message: string, options?: MessagingErrorOptions) {
    super(message, { condition: 'amqp:connection:framing-error', ...options }, 'ERR_PROTOCOL');
  }
}

/** The peer refused a link or detached it with an error, for example because the address is unknown or not allowed. */
export class LinkError extends MessagingError {
  constructor(message: string, options?: MessagingErrorOptions) {
    super('ERR_LINK', message, options);
  }
}

/** An HTTP server has answered with something other than an event stream. */
export class SseResponseError extends ConnectionError {
  /** The status of its answer. */
  readonly status: number;
  /** The milliseconds after which the server accepts a new request, if it told so. */
  readonly retryAfter: number | undefined;

  constructor(message: string, status: number, retryAfter?: number) {
    super(message);
    this.status = status;
    this.retryAfter = retryAfter;
  }
}

/** The channel does not exist, exists already, or is closed. */
export class InvalidChannelError extends MessagingError {
  constructor(message: string, options?: MessagingErrorOptions) {
    super('ERR_INVALID_CHANNEL', message, options);
  }
}

/** The listener is not in the channel, its id is taken by another one, or its stream has ended. */
export class InvalidListenerError extends MessagingError {
  constructor(message: string, options?: MessagingErrorOptions) {
    super('ERR_INVALID_LISTENER', message, options);
  }
}

/** A message of a channel has a wrong type, or a field that cannot be sent. */
export class InvalidMessageFormatError extends MessagingError {
  constructor(message: string, options?: MessagingErrorOptions) {
    super('ERR_INVALID_MESSAGE_FORMAT', message, options);
  }
}

/** A listener is stopped or has no message. */
export class NoMessagesError extends MessagingError {
  constructor(message: string, options?: MessagingErrorOptions) {
    super('ERR_NO_MESSAGES', message, options);
  }
}

/** A request to the socket controller is invalid, or the controller failed to perform it. */
export class RequestError extends MessagingError {
  constructor(message: string, options?: MessagingErrorOptions) {
    super('ERR_REQUEST', message, options);
  }
}

/** A configuration file cannot be found or read, or is invalid. The message names file, line and key. */
export class ConfigError extends MessagingError {
  constructor(message: string, options?: MessagingErrorOptions) {
    super('ERR_CONFIG', message, options);
  }
}

/** The parent of every error of publishing and subscribing. */
export class PubSubError extends MessagingError {
  constructor(message: string, options?: MessagingErrorOptions, code: ErrorCode = 'ERR_PUBSUB') {
    super(code, message, options);
  }
}

/** An AMQP error from the peer (AMQP 1.0 §2.8.14). */
export interface PeerError {
  /** The condition, such as `amqp:not-found`. */
  condition: string;
  /** The peer's description, if it sent one. */
  description?: string | undefined;
}

/** Turns anything thrown into an `Error`, so that a cause is always an `Error`. */
export function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}
