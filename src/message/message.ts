import type { Body, Sendable } from './body.js';
import type { AmqpValue, Typed } from './typed.js';

/** A message id or correlation id (AMQP 1.0 §3.2.11–14): text, an unsigned integer, a UUID or bytes. */
export type MessageId = string | number | bigint | Uint8Array | Typed<'uuid', string> | Typed<'ulong', number | bigint>;

/** A map of named values: application properties, annotations, a footer. */
export type Properties = Readonly<Record<string, AmqpValue>>;

/**
 * A message, as `put` takes it: a plain object of which every field is optional.
 * Fields of the header (AMQP 1.0 §3.2.1), of the properties (§3.2.4), and the sections that are maps.
 *
 * @typeParam Content What the body is.
 */
export interface Message<Content = Body> {
  /** Where it goes: a name for the route table, or an address. The wire's `to`. */
  address?: string | undefined;
  /** What it is about. */
  subject?: string | undefined;
  /** Where an answer is wanted. `~` stands for the sending messenger itself. */
  replyTo?: string | undefined;
  /** Tells it from all others. */
  id?: MessageId | undefined;
  /** Which message it answers. */
  correlationId?: MessageId | undefined;
  /** Who sent it; a broker may check it. */
  userId?: Uint8Array | undefined;
  /** The MIME type of a data body. */
  contentType?: string | undefined;
  /** How a data body is compressed or enciphered. */
  contentEncoding?: string | undefined;
  /** When it stops being of use. A number is milliseconds since 1970. */
  expiryTime?: Date | number | undefined;
  /** When it was made. A number is milliseconds since 1970. */
  creationTime?: Date | number | undefined;
  /** The group it belongs to. */
  groupId?: string | undefined;
  /** Its place in the group, a uint. */
  groupSequence?: number | undefined;
  /** The group an answer belongs to. */
  replyToGroupId?: string | undefined;
  /** Whether the broker must keep it over a restart. Default false. */
  durable?: boolean | undefined;
  /** 0 to 9; the standard's default is 4. */
  priority?: number | undefined;
  /** How long it is of use, in milliseconds, a uint. */
  ttl?: number | undefined;
  /** Whether nobody else has acquired it before. Set by brokers. */
  firstAcquirer?: boolean | undefined;
  /** How often its delivery has failed before. Set by brokers. */
  deliveryCount?: number | undefined;
  /** For the next hop only. Keys go out as symbols. */
  deliveryAnnotations?: Properties | undefined;
  /** For everything on the way. Keys go out as symbols. */
  annotations?: Properties | undefined;
  /** The application's own properties: simple values only (AMQP 1.0 §3.2.5). */
  properties?: Properties | undefined;
  /** What is known only after the body: a hash, say. Keys go out as symbols. */
  footer?: Properties | undefined;
  /** The content. Bytes go out as one data section, anything else as an AMQP value. Default `null`. */
  body?: Content;
}

/** A message whose body can be sent: anything that AMQP has a type for, in interfaces and types of a program's own, too. */
export type SendableMessage<Content = Body> = Message<Content> & {
  /** The content, each field of which AMQP has a type for. */
  readonly body?: Sendable<Content>;
};
