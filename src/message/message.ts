import type { Body, Sendable } from './body.js';
import type { AmqpValue, Typed } from './typed.js';

/** A message id or correlation id (AMQP 1.0 §3.2.11–14): text, an unsigned integer, a UUID or bytes. */
export type MessageId = string | number | bigint | Uint8Array | Typed<'uuid', string> | Typed<'ulong', number | bigint>;

/** A map of named values: application properties, annotations, a footer. */
export type Properties = Readonly<Record<string, AmqpValue>>;

/**
 * A message as `put` accepts it: a plain object whose fields are all optional. It has the fields of the header (AMQP
 * 1.0 §3.2.1), of the properties (§3.2.4), and the sections that are maps.
 *
 * @typeParam Content The type of the body.
 */
export interface Message<Content = Body> {
  /** The destination: an address, or a name that the route table knows. Sent as `to`. */
  address?: string | undefined;
  /** A short text about the content or purpose. */
  subject?: string | undefined;
  /** The address to answer to. `~` stands for the sending messenger. */
  replyTo?: string | undefined;
  /** Identifies the message. */
  id?: MessageId | undefined;
  /** The id of the message that this one answers. */
  correlationId?: MessageId | undefined;
  /** The user who sent it. A broker may check it. */
  userId?: Uint8Array | undefined;
  /** The MIME type of a data body. */
  contentType?: string | undefined;
  /** The compression or encryption of a data body. */
  contentEncoding?: string | undefined;
  /** The time after which the message is useless. A number is milliseconds since 1970. */
  expiryTime?: Date | number | undefined;
  /** The time it was made. A number is milliseconds since 1970. */
  creationTime?: Date | number | undefined;
  /** The group of messages that it belongs to. */
  groupId?: string | undefined;
  /** Its position in the group, a uint. */
  groupSequence?: number | undefined;
  /** The group that answers to it belong to. */
  replyToGroupId?: string | undefined;
  /** True if the broker must keep the message when it restarts. Default false. */
  durable?: boolean | undefined;
  /** Priority, from 0 to 9. Default 4. */
  priority?: number | undefined;
  /** Time to live: milliseconds for which the message is useful, a uint. */
  ttl?: number | undefined;
  /** True if no other receiver has acquired it before. Set by brokers. */
  firstAcquirer?: boolean | undefined;
  /** The number of earlier deliveries that failed. Set by brokers. */
  deliveryCount?: number | undefined;
  /** Annotations for the next hop only. Keys are sent as symbols. */
  deliveryAnnotations?: Properties | undefined;
  /** Annotations for every hop on the way. Keys are sent as symbols. */
  annotations?: Properties | undefined;
  /** The application's own properties: simple values only (AMQP 1.0 §3.2.5). */
  properties?: Properties | undefined;
  /** Values that are known only after the body, such as a hash. Keys are sent as symbols. */
  footer?: Properties | undefined;
  /** The content. Bytes are sent as one data section, anything else as an AMQP value. Default `null`. */
  body?: Content;
}

/** A message whose body AMQP can encode. The body may have an interface or a type of the program's own. */
export type SendableMessage<Content = Body> = Message<Content> & {
  /** The content, each field of which AMQP has a type for. */
  readonly body?: Sendable<Content>;
};
