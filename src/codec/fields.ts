import type { Message, MessageId } from '../message/message.js';
import { rememberPeerAddress } from '../message/peer-address.js';
import { Typed } from '../message/typed.js';
import type { AmqpValue } from '../message/typed.js';
import {
  APPLICATION_PROPERTIES,
  DELIVERY_ANNOTATIONS,
  FOOTER,
  HEADER,
  MESSAGE_ANNOTATIONS,
  PROPERTIES,
} from './sections.js';
import type { FieldWriter } from './write-field.js';
import {
  writeBinaryField,
  writeBooleanField,
  writeIdField,
  writeSymbolField,
  writeTextField,
  writeTimeField,
  writeUbyteField,
  writeUintField,
} from './write-field.js';
import type { EntryKind } from './write-value.js';

/** A part of a received message, and its index in the parts that have been read. */
export interface Part {
  readonly index: number;
  readonly name: keyof Message;
  /** Its section, one of `sections.ts`. */
  readonly section: number;
}

/** A field of the header or of the properties (AMQP 1.0 §3.2.1, §3.2.4). */
export class Field<Value> implements Part {
  constructor(
    readonly index: number,
    readonly name: keyof Message,
    readonly section: number,
    /** Its position in the list of the section. */
    readonly place: number,
    /** Converts the received value, or returns `undefined` when its type is wrong. */
    readonly convert: (value: AmqpValue) => Value | undefined,
    readonly write: FieldWriter,
  ) {}
}

/** A section that is a map. */
export class MapPart implements Part {
  constructor(
    readonly index: number,
    readonly name: keyof Message,
    readonly section: number,
    readonly kind: EntryKind,
  ) {}
}

/** The index of the body among the parts of a received message. */
export const BODY_INDEX = 0;

export const APPLICATION: MapPart = new MapPart(1, 'properties', APPLICATION_PROPERTIES, 'simple');
export const ANNOTATIONS: MapPart = new MapPart(2, 'annotations', MESSAGE_ANNOTATIONS, 'symbols');
export const DELIVERY: MapPart = new MapPart(3, 'deliveryAnnotations', DELIVERY_ANNOTATIONS, 'symbols');
export const FOOT: MapPart = new MapPart(4, 'footer', FOOTER, 'symbols');

export const DURABLE: Field<boolean> = new Field(5, 'durable', HEADER, 0, toBoolean, writeBooleanField);
export const PRIORITY: Field<number> = new Field(6, 'priority', HEADER, 1, toUint, writeUbyteField);
export const TTL: Field<number> = new Field(7, 'ttl', HEADER, 2, toUint, writeUintField);
export const FIRST_ACQUIRER: Field<boolean> = new Field(8, 'firstAcquirer', HEADER, 3, toBoolean, writeBooleanField);
export const DELIVERY_COUNT: Field<number> = new Field(9, 'deliveryCount', HEADER, 4, toUint, writeUintField);

export const ID: Field<MessageId> = new Field(10, 'id', PROPERTIES, 0, toId, writeIdField);
export const USER_ID: Field<Uint8Array> = new Field(11, 'userId', PROPERTIES, 1, toBytes, writeBinaryField);
export const ADDRESS: Field<string> = new Field(12, 'address', PROPERTIES, 2, toText, writeTextField);
export const SUBJECT: Field<string> = new Field(13, 'subject', PROPERTIES, 3, toText, writeTextField);
export const REPLY_TO: Field<string> = new Field(14, 'replyTo', PROPERTIES, 4, toReplyTo, writeTextField);
export const CORRELATION_ID: Field<MessageId> = new Field(15, 'correlationId', PROPERTIES, 5, toId, writeIdField);
export const CONTENT_TYPE: Field<string> = new Field(16, 'contentType', PROPERTIES, 6, toText, writeSymbolField);
export const CONTENT_ENCODING: Field<string> = new Field(
  17,
  'contentEncoding',
  PROPERTIES,
  7,
  toText,
  writeSymbolField,
);
export const EXPIRY_TIME: Field<Date | number> = new Field(18, 'expiryTime', PROPERTIES, 8, toTime, writeTimeField);
export const CREATION_TIME: Field<Date | number> = new Field(19, 'creationTime', PROPERTIES, 9, toTime, writeTimeField);
export const GROUP_ID: Field<string> = new Field(20, 'groupId', PROPERTIES, 10, toText, writeTextField);
export const GROUP_SEQUENCE: Field<number> = new Field(21, 'groupSequence', PROPERTIES, 11, toUint, writeUintField);
export const REPLY_TO_GROUP_ID: Field<string> = new Field(22, 'replyToGroupId', PROPERTIES, 12, toText, writeTextField);

/** The fields of the header, by position. */
export const HEADER_FIELDS: readonly Field<unknown>[] = [DURABLE, PRIORITY, TTL, FIRST_ACQUIRER, DELIVERY_COUNT];

/** The fields of the properties, by position. */
export const PROPERTIES_FIELDS: readonly Field<unknown>[] = [
  ID,
  USER_ID,
  ADDRESS,
  SUBJECT,
  REPLY_TO,
  CORRELATION_ID,
  CONTENT_TYPE,
  CONTENT_ENCODING,
  EXPIRY_TIME,
  CREATION_TIME,
  GROUP_ID,
  GROUP_SEQUENCE,
  REPLY_TO_GROUP_ID,
];

/** The sections that are maps. */
export const MAP_PARTS: readonly MapPart[] = [APPLICATION, ANNOTATIONS, DELIVERY, FOOT];

function toBoolean(value: AmqpValue): boolean | undefined {
  return typeof value === 'boolean' ? value : undefined;
}

function toUint(value: AmqpValue): number | undefined {
  if (typeof value === 'bigint') return toUint(Number(value)); // a ulong, when those are asked for as bigint
  return typeof value === 'number' && value === value >>> 0 ? value : undefined;
}

/** A string or a symbol: some peers send one in place of the other. */
/** A reply-to: the peer has chosen the host in it. */
function toReplyTo(value: AmqpValue): string | undefined {
  const address = toText(value);
  if (address !== undefined) rememberPeerAddress(address);
  return address;
}

function toText(value: AmqpValue): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function toBytes(value: AmqpValue): Uint8Array | undefined {
  return value instanceof Uint8Array ? value : undefined;
}

function toId(value: AmqpValue): MessageId | undefined {
  if (typeof value === 'string' || value instanceof Uint8Array) return value;
  if (typeof value === 'bigint') return value >= 0n ? value : undefined;
  if (typeof value === 'number') return Number.isSafeInteger(value) && value >= 0 ? value : undefined;
  return isUuid(value) ? value : undefined;
}

function isUuid(value: AmqpValue): value is Typed<'uuid', string> {
  return value instanceof Typed && value.type === 'uuid';
}

/** A time outside the range of `Date`, such as the greatest timestamp for "never", is clamped to the safe integers. */
function toTime(value: AmqpValue): Date | number | undefined {
  if (value instanceof Date) return value;
  if (!(value instanceof Typed) || value.type !== 'timestamp') return undefined;
  return Math.max(Number.MIN_SAFE_INTEGER, Math.min(Number.MAX_SAFE_INTEGER, Number(value.value)));
}
