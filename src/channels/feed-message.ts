import { jsonValue } from '../codec/json-value.js';
import { eventIdOf } from './event-encoder.js';
import { Message } from './message.js';

/** The part of an AMQP message that a feed reads. A `ReceivedMessage` of a messenger fits; so does a plain object. */
export interface FeedMessage {
  /** The message-id (AMQP 1.0 §3.2.4). */
  readonly id?: unknown;
  /** The subject: the type of the message it becomes. */
  readonly subject?: string | undefined;
  /** The MIME type of a body of bytes. */
  readonly contentType?: string | undefined;
  /** The application's own properties; `type` is the type when there is no subject. */
  readonly properties?: object | undefined;
  /** The message annotations; `x-stream-offset` is the id when there is no message-id. */
  readonly annotations?: object | undefined;
  /** The body: the payload of the message it becomes. */
  readonly body?: unknown;
}

/**
 * The message of a channel for an AMQP message. Its type is the subject, else the application property `type`, else
 * `message`. Its payload is the body; of bytes what the content-type says: the value of JSON, text, else base64. Its id
 * is the message-id, else the offset that a stream of RabbitMQ gives, if that can be the id of an event. What AMQP has
 * and JSON has not becomes what comes nearest: digits of a bigint, a list of pairs of a map.
 *
 * @throws SyntaxError when a body is said to be JSON and is not.
 */
export function messageOf(received: FeedMessage): Message {
  const { body, contentType = '' } = received;
  // Sections are decoded when they are looked at: these are not unless they must be.
  const type = received.subject ?? textOf(member(received.properties, 'type')) ?? 'message';
  const id = idOf(received.id) ?? idOf(member(received.annotations, 'x-stream-offset'));
  return new Message(type, body instanceof Uint8Array ? contentOf(body, contentType) : jsonValue(body), { id });
}

function contentOf(bytes: Uint8Array, contentType: string): unknown {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (/^application\/(.+\+)?json\b/i.test(contentType)) return JSON.parse(buffer.toString());
  return /^text\//i.test(contentType) ? buffer.toString() : buffer.toString('base64');
}

/** An id of AMQP as text: of text, an integer, bytes, or a typed value around one of these. */
function idOf(id: unknown): string | undefined {
  const value = typeof id === 'object' && id !== null && 'value' in id ? id.value : id;
  const text = value instanceof Uint8Array ? Buffer.from(value).toString('base64url') : textOf(value);
  if (text === undefined) return undefined;
  try {
    return eventIdOf(text);
  } catch {
    // A client could not send it back: the channel's own id does better.
    return undefined;
  }
}

function textOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  return typeof value === 'number' || typeof value === 'bigint' ? `${value}` : undefined;
}

function member(from: object | undefined, name: string): unknown {
  return from === undefined ? undefined : Object.getOwnPropertyDescriptor(from, name)?.value;
}
