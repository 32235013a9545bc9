/**
 * Every error this package throws or reports. A program tells them apart by `code`; a person reads the message,
 * which says what to do next. What the peer said is in `condition` and `cause`.
 *
 * No error carries a credential: addresses are redacted before they get here.
 */

/** What went wrong, as a stable string a program can test. */
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

/** What every error class of this package takes besides its message. */
export interface MessagingErrorOptions {
  /** The error that led to this one. */
  cause?: unknown;
  /** The AMQP condition the peer gave, such as `amqp:not-found` (AMQP 1.0 §2.8.15). */
  condition?: string | undefined;
}

/** The parent of every error of this package. */
export class MessagingError extends Error {
  /** What went wrong, as a stable string a program can test. */
  readonly code: ErrorCode;
  /** The AMQP condition the peer gave, when the error came from the peer. */
  readonly condition: string | undefined;

  constructor(code: ErrorCode, message: string, options: MessagingErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.condition = options.condition;
    this.name = new.target.name;
  }
}

/** An option or argument has a wrong type or value, or is not known. */
export class OptionError extends MessagingError {
  constructor(message: string, options?: MessagingErrorOptions) {
    super('ERR_OPTION', message, options);
  }
}

/** An address cannot be used: it is empty, has no host, or names a port that is not one. */
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

/** A value cannot be written as AMQP. Thrown by `put`, before anything is queued. */
export class EncodeError extends MessagingError {
  constructor(message: string, options?: MessagingErrorOptions) {
    super('ERR_ENCODE', message, options);
  }
}

/** Bytes are not what the AMQP standard allows, or go beyond a limit that keeps hostile bytes harmless. */
export class DecodeError extends MessagingError {
  constructor(message: string, options?: MessagingErrorOptions) {
    super('ERR_DECODE', message, { condition: 'amqp:decode-error', ...options });
  }
}

/** A tracker of another messenger, or of the wrong direction, was given. */
export class TrackerError extends MessagingError {
  constructor(message: string, options?: MessagingErrorOptions) {
    super('ERR_TRACKER', message, options);
  }
}

/** The object is stopped or closed and cannot do this any more. */
export class StateError extends MessagingError {
  constructor(message: string, options?: MessagingErrorOptions) {
    super('ERR_STATE', message, options);
  }
}

/** The queue has as many messages or bytes as its limit allows. Nothing was queued. */
export class QueueFullError extends MessagingError {
  constructor(message: string, options?: MessagingErrorOptions) {
    super('ERR_QUEUE_FULL', message, options);
  }
}

/** A `ClientQueue` holds as many messages as its capacity. Nothing was pushed. */
export class ChannelQueueFullError extends QueueFullError {}

/** A `ClientQueue` was stopped and takes no more messages. */
export class ChannelFlushedError extends MessagingError {
  constructor(message: string, options?: MessagingErrorOptions) {
    super('ERR_CHANNEL_FLUSHED', message, options);
  }
}

/** The time given to a call ran out. What the call waited for may still happen. */
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

/** A port cannot be listened on: it is in use, or not allowed. */
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

/** The peer refused the credentials, or no SASL mechanism suits both sides. Trying again will not help. */
export class AuthenticationError extends ConnectionError {
  constructor(message: string, options?: MessagingErrorOptions) {
    super(message, { condition: 'amqp:unauthorized-access', ...options }, 'ERR_AUTHENTICATION');
  }
}

/** The peer broke the rules of AMQP, or sent more than a limit allows. The connection was closed. */
export class ProtocolError extends ConnectionError {
  constructor(message: string, options?: MessagingErrorOptions) {
    super(message, { condition: 'amqp:connection:framing-error', ...options }, 'ERR_PROTOCOL');
  }
}

/** A link was refused, or detached with an error, by the peer: the address is unknown or not allowed, say. */
export class LinkError extends MessagingError {
  constructor(message: string, options?: MessagingErrorOptions) {
    super('ERR_LINK', message, options);
  }
}

/** A server of events has answered with something else. */
export class SseResponseError extends ConnectionError {
  /** The status of its answer. */
  readonly status: number;
  /** The milliseconds after which it wants to be asked again, when it has said so. */
  readonly retryAfter: number | undefined;

  constructor(message: string, status: number, retryAfter?: number) {
    super(message);
    this.status = status;
    this.retryAfter = retryAfter;
  }
}

/** There is no channel with that id, there is one already, or it is closed. */
export class InvalidChannelError extends MessagingError {
  constructor(message: string, options?: MessagingErrorOptions) {
    super('ERR_INVALID_CHANNEL', message, options);
  }
}

/** A channel has no listener with that id, has another one with it, or has told it the end. */
export class InvalidListenerError extends MessagingError {
  constructor(message: string, options?: MessagingErrorOptions) {
    super('ERR_INVALID_LISTENER', message, options);
  }
}

/** What should be a message of a channel is none, or has a field that cannot be sent. */
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

/** A request to the socket controller cannot be understood, or the controller has failed at it. */
export class RequestError extends MessagingError {
  constructor(message: string, options?: MessagingErrorOptions) {
    super('ERR_REQUEST', message, options);
  }
}

/** A configuration file cannot be found or read, or something in it is wrong: the message names file, line and key. */
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

/** What the peer says is wrong: an AMQP error (AMQP 1.0 §2.8.14). */
export interface PeerError {
  /** The condition, such as `amqp:not-found`. */
  condition: string;
  /** The peer's words, when it gave any. */
  description?: string | undefined;
}

/** Turns anything thrown into an `Error`, so that a cause is always one. */
export function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}
