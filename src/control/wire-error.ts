import {
  AuthenticationError,
  ChannelQueueFullError,
  InvalidChannelError,
  InvalidListenerError,
  InvalidMessageFormatError,
  MessagingError,
  OptionError,
  RequestError,
  TimeoutError,
  asError,
} from '../errors.js';
import { fieldOf, isObject } from './json-line.js';
import { protocolError } from './line-splitter.js';

/** An error as it goes over the wire. */
export interface WireError {
  /** The name of its class. */
  readonly name: string;
  /** The code of the error, a stable string: an `ErrorCode`. */
  readonly code: string;
  readonly message: string;
}

type ErrorMaker = (message: string) => MessagingError;

/** The class of error that the client makes for each code. Other codes become a `RequestError`. */
const MAKERS: ReadonlyMap<string, ErrorMaker> = new Map<string, ErrorMaker>([
  ['ERR_AUTHENTICATION', authenticationError],
  ['ERR_INVALID_CHANNEL', (message: string) => new InvalidChannelError(message)],
  ['ERR_INVALID_LISTENER', (message: string) => new InvalidListenerError(message)],
  ['ERR_INVALID_MESSAGE_FORMAT', (message: string) => new InvalidMessageFormatError(message)],
  ['ERR_OPTION', (message: string) => new OptionError(message)],
  ['ERR_PROTOCOL', protocolError],
  ['ERR_QUEUE_FULL', (message: string) => new ChannelQueueFullError(message)],
  ['ERR_TIMEOUT', (message: string) => new TimeoutError(message)],
]);

/** The error for a token that is wrong or missing. It has no AMQP condition, since it is not AMQP. */
export function authenticationError(message: string): AuthenticationError {
  return new AuthenticationError(message, { condition: undefined });
}

/** An error as it goes over the wire. What is not of this package has the code `ERR_REQUEST`. */
export function toWire(thrown: unknown): WireError {
  const { name, message } = asError(thrown);
  return { name, code: thrown instanceof MessagingError ? thrown.code : 'ERR_REQUEST', message };
}

/** The error that has come over the wire, as one of this package's classes. */
export function fromWire(error: unknown): MessagingError {
  const fields = isObject(error) ? error : {};
  const code = fieldOf(fields, 'code');
  const message = fieldOf(fields, 'message');
  const text = typeof message === 'string' ? message : 'The controller gave no reason.';
  const make = typeof code === 'string' ? MAKERS.get(code) : undefined;
  return make?.(text) ?? new RequestError(text);
}
