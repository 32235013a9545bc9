import { isUtf8 } from 'node:buffer';
import { jsonValue } from '../codec/json-value.js';
import type { ReceivedMessage } from '../codec/received-message.js';
import { nearest } from '../nearest.js';
import { DataBody, SequenceBody, ValueBody } from '../message/body.js';
import type { Body } from '../message/body.js';
import type { Message } from '../message/message.js';
import type { AmqpValue } from '../message/typed.js';
import { printable } from '../printable.js';
import { CommandError, EXIT } from './exit.js';

/** The fields of a message in JSON, and how each is converted when it is read. */
const FIELDS: Readonly<Record<string, (value: never) => unknown>> = {
  subject: same,
  replyTo: same,
  id: same,
  correlationId: same,
  userId: (value: string) => Buffer.from(value, 'base64'),
  contentType: same,
  contentEncoding: same,
  expiryTime: time,
  creationTime: time,
  groupId: same,
  groupSequence: same,
  replyToGroupId: same,
  durable: same,
  priority: same,
  ttl: same,
  annotations: same,
  properties: same,
  footer: same,
};
/** Fields that only peers or the command line set. They are printed, but ignored when a message is read. */
const LEFT_OUT = new Set(['address', 'firstAcquirer', 'deliveryCount', 'deliveryAnnotations']);
const BODY = ['body', 'bodyType', 'bodyEncoding'];

/**
 * A message as an object for JSON. A body of bytes has `bodyType: 'data'`. It is text when the bytes are UTF-8, and
 * otherwise base64 with `bodyEncoding: 'base64'`.
 */
export function messageToJson(message: ReceivedMessage): Record<string, unknown> {
  const { body, userId, ...fields } = message.toObject();
  // An object stays an object.
  const shown = jsonValue(fields) as Record<string, unknown>;
  if (userId !== undefined) shown['userId'] = Buffer.from(userId).toString('base64');
  return { ...shown, ...bodyToJson(body) };
}

/** A message as a line of JSON. Control characters are escaped, including those that JSON allows. */
export function jsonLine(message: ReceivedMessage): string {
  return printable(JSON.stringify(messageToJson(message)));
}

/** The body of a message: itself when it is text or bytes, otherwise as JSON. */
export function bodyText(body: Body | undefined): string | Buffer {
  if (typeof body === 'string') return body;
  if (body instanceof DataBody) return Buffer.concat(body.sections);
  if (body instanceof Uint8Array) return Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  return body === undefined || body === null ? '' : JSON.stringify(jsonValue(body));
}

/** Makes a message of a line of JSON: an object with the fields of a message. Throws `CommandError`. */
export function messageFromJson(text: string, where: string): Message {
  let given: unknown;
  try {
    given = JSON.parse(text);
  } catch (error) {
    const reason = error instanceof SyntaxError ? error.message : '';
    throw inputError(where, `is not a whole JSON object: ${reason}.`);
  }
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw inputError(where, 'is not a JSON object with the fields of a message, such as {"body":"hello"}.');
  }
  const message: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(given)) {
    if (LEFT_OUT.has(name) || BODY.includes(name)) continue;
    const convert = Object.hasOwn(FIELDS, name) ? FIELDS[name] : undefined;
    if (convert === undefined) throw unknownField(where, name);
    // The encoder checks the types.
    message[name] = convert(value as never);
  }
  return { ...message, body: bodyFromJson(given, where) };
}

function bodyToJson(body: Body | undefined): Record<string, unknown> {
  if (body instanceof SequenceBody) return { body: jsonValue(body.sections), bodyType: 'sequence' };
  if (body instanceof ValueBody) return { ...bytesToJson(bodyText(body.value)), bodyType: 'value' };
  if (body instanceof DataBody || body instanceof Uint8Array)
    return { ...bytesToJson(bodyText(body)), bodyType: 'data' };
  return { body: jsonValue(body) ?? null };
}

function bytesToJson(bytes: string | Buffer): Record<string, unknown> {
  if (typeof bytes === 'string' || isUtf8(bytes)) return { body: bytes.toString() };
  return { body: bytes.toString('base64'), bodyEncoding: 'base64' };
}

function bodyFromJson(given: object, where: string): Body {
  const { body, bodyType, bodyEncoding } = given as Readonly<Record<string, unknown>>;
  // AMQP can encode every JSON value.
  const content = body as AmqpValue | undefined;
  if (bodyEncoding !== undefined && bodyEncoding !== 'base64')
    throw inputError(where, 'has a bodyEncoding that is not base64.');
  const encoding = bodyEncoding === 'base64' ? 'base64' : 'utf8';
  switch (bodyType) {
    case undefined:
      return bodyEncoding === undefined ? (content ?? null) : bytesOf(content, encoding, where);
    case 'value':
      return bodyEncoding === undefined ? (content ?? null) : new ValueBody(bytesOf(content, encoding, where));
    case 'data':
      return bytesOf(content, encoding, where);
    case 'sequence':
      if (Array.isArray(content) && content.every((section) => Array.isArray(section)))
        return new SequenceBody(content);
      throw inputError(where, 'has bodyType sequence, whose body must be a list of lists.');
    default:
      throw inputError(where, 'has a bodyType that is not value, data or sequence.');
  }
}

function bytesOf(content: unknown, encoding: 'base64' | 'utf8', where: string): Buffer {
  if (typeof content === 'string') return Buffer.from(content, encoding);
  throw inputError(where, 'has bytes as body, which must be text.');
}

function unknownField(where: string, name: string): CommandError {
  const known = [...Object.keys(FIELDS), ...BODY];
  const meant = nearest(name, known);
  return inputError(
    where,
    `has a field ${name}, which messages do not have. ${meant === undefined ? `There are: ${known.join(', ')}.` : `Did you mean ${meant}?`}`,
  );
}

function inputError(where: string, what: string): CommandError {
  return new CommandError(`${where} ${what}`, EXIT.input);
}

function same(value: unknown): unknown {
  return value;
}

function time(value: unknown): unknown {
  return typeof value === 'string' ? new Date(value) : value;
}
