import type { ReceivedMessage } from '../codec/received-message.js';
import { asError } from '../errors.js';
import type { Message as AmqpMessage } from '../message/message.js';
import { receiveMessage } from './check-message.js';
import type { Envelope } from './envelope.js';
import { InvalidMessageError } from './errors.js';
import { fromJson } from './json.js';
import { getUniqueNameForMessage, isFields } from './message.js';
import type { MessageType } from './message.js';

/** The content type of the messages. */
const CONTENT_TYPE = 'application/json';

/** Writes a message as AMQP: the name as subject, the fields as JSON in a data section (AMQP 1.0 §3.2.4, §3.2.6). */
export function toAmqp(envelope: Envelope, ttl: number | undefined): AmqpMessage {
  const { message, name, messageId, correlationId, publishedAt, expiresAt } = envelope;
  return {
    subject: name,
    id: messageId,
    correlationId,
    creationTime: publishedAt,
    expiryTime: expiresAt,
    ttl,
    durable: true,
    contentType: CONTENT_TYPE,
    body: Buffer.from(JSON.stringify(message)),
  };
}

/**
 * Reads a message that was received, and asks the schema of its type.
 *
 * @throws InvalidMessageError when it is not what the type allows.
 */
export async function fromAmqp(type: MessageType, received: ReceivedMessage): Promise<Envelope> {
  const name = getUniqueNameForMessage(type);
  try {
    const { subject, correlationId, creationTime, expiryTime } = received;
    if (subject !== undefined && subject !== name) {
      throw new InvalidMessageError(`A message with the subject ${subject} came to subscribers of ${name}.`);
    }
    const message = await receiveMessage(type, fieldsOf(received.body));
    return {
      message,
      name,
      messageId: messageIdOf(received) ?? '',
      correlationId: correlationId === undefined ? undefined : idText(correlationId),
      publishedAt: dateOf(creationTime) ?? new Date(),
      expiresAt: dateOf(expiryTime),
    };
  } catch (error) {
    if (error instanceof InvalidMessageError) throw error;
    const cause = asError(error);
    throw new InvalidMessageError(`What came to subscribers of ${name} cannot be read: ${cause.message}`, { cause });
  }
}

/** The id of a message as text. `undefined` when it has none. */
export function messageIdOf({ id }: Pick<AmqpMessage, 'id'>): string | undefined {
  return id === undefined ? undefined : idText(id);
}

function fieldsOf(body: unknown): object {
  const text = body instanceof Uint8Array ? new TextDecoder('utf-8', { fatal: true }).decode(body) : body;
  const json: unknown = typeof text === 'string' ? JSON.parse(text) : undefined;
  const fields = fromJson(json);
  if (isFields(fields)) return fields;
  throw new InvalidMessageError('The content of a message must be JSON text of an object.');
}

function idText(id: NonNullable<AmqpMessage['id']>): string {
  return id instanceof Uint8Array ? Buffer.from(id).toString('hex') : String(id);
}

function dateOf(time: Date | number | undefined): Date | undefined {
  return typeof time === 'number' ? new Date(time) : time;
}
