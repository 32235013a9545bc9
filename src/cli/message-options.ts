import { InvalidArgumentError } from 'commander';
import type { Command } from 'commander';
import type { Message } from '../message/message.js';
import type { AmqpValue } from '../message/typed.js';
import { wholeNumber } from './exit.js';

/** Options for the fields of messages. */
export interface MessageOptions {
  subject?: string;
  contentType?: string;
  correlationId?: string;
  groupId?: string;
  ttl?: number;
  priority?: number;
  persistent?: boolean;
  property?: Record<string, AmqpValue>;
}

/** Adds the options for the fields of a message. */
export function addMessageOptions(command: Command): Command {
  return command
    .option('-s, --subject <text>', 'the subject')
    .option('--content-type <type>', 'the MIME type; the body goes out as bytes then')
    .option('--correlation-id <id>', 'the correlation id')
    .option('--group-id <id>', 'the group')
    .option('--ttl <ms>', 'how long the messages are of use', wholeNumber)
    .option('--priority <n>', 'the priority, 0 to 9', wholeNumber)
    .option('--persistent', 'the broker keeps the messages over a restart')
    .option('--property <name=value>', 'an application property; name:=value is JSON; may be repeated', property);
}

/** Returns the fields of a message that the options set. */
export function fieldsOf(options: MessageOptions): Message {
  const { subject, contentType, correlationId, groupId, ttl, priority, persistent, property: properties } = options;
  const fields = { subject, contentType, correlationId, groupId, ttl, priority, durable: persistent, properties };
  // An option that is not given must not override the field of a line of JSON.
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

/** Makes a body of text, or of its bytes when a content type is given. */
export function textBody(text: string, { contentType }: Pick<MessageOptions, 'contentType'>): string | Buffer {
  return contentType === undefined ? text : Buffer.from(text);
}

function property(text: string, before: Record<string, AmqpValue> = {}): Record<string, AmqpValue> {
  const [, name, separator, value = ''] = /^([^=]+?)(:?=)(.*)$/s.exec(text) ?? [];
  if (name === undefined) throw new InvalidArgumentError('Write name=value, or name:=5 for what is not text.');
  try {
    // AMQP can encode every JSON value.
    const content = separator === '=' ? value : (JSON.parse(value) as AmqpValue);
    return { ...before, [name]: content };
  } catch {
    throw new InvalidArgumentError(`What follows ${name}:= must be JSON.`);
  }
}
