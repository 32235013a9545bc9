import rhea from 'rhea';
import { describe, expect, it } from 'vitest';
import { encodeMessage } from '../../../src/codec/encode-message.js';
import { Output } from '../../../src/codec/output.js';
import { ReceivedMessage } from '../../../src/codec/received-message.js';
import type { Message } from '../../../src/message/message.js';
import { MessageDice } from './generated-message.js';
import { expectSame } from './support.js';

// rhea has read and written AMQP with many brokers for years, so where both agree both are right. Where they differ on
// purpose the messages are made such that the difference does not show:
//  - rhea gives 64-bit integers that are not safe as a Buffer of 8 bytes: all integers here are safe.
//  - rhea writes a whole number as uint, int, ulong or long, we as long: both read as the same number.
//  - rhea writes -0 as the int 0: there is none here.
//  - rhea gives maps the prototype of Object, and a data section as an object with `content`: see `comparable`.
//  - rhea knows no Map, and an empty header and properties are written all the same: they read as no fields.

/** What rhea calls the fields of a message. */
const RHEA_NAMES: Record<keyof Message, string> = {
  address: 'to',
  subject: 'subject',
  replyTo: 'reply_to',
  id: 'message_id',
  correlationId: 'correlation_id',
  userId: 'user_id',
  contentType: 'content_type',
  contentEncoding: 'content_encoding',
  expiryTime: 'absolute_expiry_time',
  creationTime: 'creation_time',
  groupId: 'group_id',
  groupSequence: 'group_sequence',
  replyToGroupId: 'reply_to_group_id',
  durable: 'durable',
  priority: 'priority',
  ttl: 'ttl',
  firstAcquirer: 'first_acquirer',
  deliveryCount: 'delivery_count',
  deliveryAnnotations: 'delivery_annotations',
  annotations: 'message_annotations',
  properties: 'application_properties',
  footer: 'footer',
  body: 'body',
};
const NAMES = Object.entries(RHEA_NAMES) as [keyof Message, string][];
const MESSAGES = 15_000;
const TIMEOUT = 60_000;

function toRhea(message: Message): Record<string, unknown> {
  const entries = NAMES.filter(([name]) => message[name] !== undefined).map(([name, theirs]) => [
    theirs,
    message[name],
  ]);
  const converted = Object.fromEntries(entries) as Record<string, unknown>;
  if (message.body instanceof Uint8Array) converted['body'] = rhea.message.data_section(Buffer.from(message.body));
  return converted;
}

function fromRhea(message: Record<string, unknown>): Record<string, unknown> {
  const entries = NAMES.filter(([, theirs]) => message[theirs] !== undefined).map(([name, theirs]) => [
    name,
    message[theirs],
  ]);
  const converted = Object.fromEntries(entries) as Record<string, unknown>;
  const body = converted['body'] as { typecode?: number; content?: unknown } | null;
  if (body?.typecode === 0x75) converted['body'] = body.content;
  return converted;
}

describe(`${2 * MESSAGES} messages`, () => {
  it(
    'are read by rhea as we wrote them',
    () => {
      const dice = new MessageDice(3);
      const output = new Output();
      for (let round = 0; round < MESSAGES; round++) {
        const message = dice.message();
        output.open(0);
        encodeMessage(output, message, message.address);
        const bytes = output.buffer.subarray(output.start, output.position);
        expectSame(fromRhea(rhea.message.decode(bytes)), message);
      }
    },
    TIMEOUT,
  );

  it(
    'are read by us as rhea wrote them, and go out again as they came in',
    () => {
      const dice = new MessageDice(5);
      const output = new Output();
      for (let round = 0; round < MESSAGES; round++) {
        const message = dice.message();
        const bytes = rhea.message.encode(toRhea(message));
        const received = new ReceivedMessage(bytes, 0, bytes.length);
        expectSame(received.toObject(), message);
        output.open(0);
        encodeMessage(output, received, received.address);
        if (!output.buffer.subarray(output.start, output.position).equals(bytes)) expect.fail('The copy differs.');
      }
    },
    TIMEOUT,
  );
});
