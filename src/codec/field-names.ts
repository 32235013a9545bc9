import { nearest } from '../nearest.js';
import { Unencodable } from './unencodable.js';

/** Names of message fields in the standard and in other AMQP libraries. */
const ALIASES: Readonly<Record<string, string>> = {
  to: 'address',
  messageid: 'id',
  msgid: 'id',
  absoluteexpirytime: 'expiryTime',
  timetolive: 'ttl',
  applicationproperties: 'properties',
  appproperties: 'properties',
  messageannotations: 'annotations',
  content: 'body',
  payload: 'body',
  data: 'body',
};

/** Marks received messages. It is the only property that `{ ...message }` copies from one. */
export const RECEIVED: unique symbol = Symbol('a received message');

/**
 * The type that declares this property; its value does not matter. Declarations that are made file by file cannot have
 * such a member in a class.
 */
export interface MarkedReceived {
  [RECEIVED]?: boolean;
}

const NAMES = [
  'address',
  'subject',
  'replyTo',
  'id',
  'correlationId',
  'userId',
  'contentType',
  'contentEncoding',
  'expiryTime',
  'creationTime',
  'groupId',
  'groupSequence',
  'replyToGroupId',
  'durable',
  'priority',
  'ttl',
  'firstAcquirer',
  'deliveryCount',
  'deliveryAnnotations',
  'annotations',
  'properties',
  'footer',
  'body',
];

/**
 * Checks that a message has only the fields of `Message`. A misspelt field would be lost silently, and so would every
 * field of a received message that was spread. Looks at own properties only. Throws `Unencodable`.
 */
export function checkFieldNames(message: object): void {
  if (RECEIVED in message) {
    throw new Unencodable('{ ...message } has no field of a received message; pass it on as message.with({ address })');
  }
  for (const name in message) {
    // A switch over literals is several times quicker here than a lookup in a set.
    switch (name) {
      case 'address':
      case 'subject':
      case 'replyTo':
      case 'id':
      case 'correlationId':
      case 'userId':
      case 'contentType':
      case 'contentEncoding':
      case 'expiryTime':
      case 'creationTime':
      case 'groupId':
      case 'groupSequence':
      case 'replyToGroupId':
      case 'durable':
      case 'priority':
      case 'ttl':
      case 'firstAcquirer':
      case 'deliveryCount':
      case 'deliveryAnnotations':
      case 'annotations':
      case 'properties':
      case 'footer':
      case 'body':
        break;
      default:
        if (Object.hasOwn(message, name)) throw unknownField(name);
    }
  }
}

function unknownField(name: string): Unencodable {
  const plain = name.replaceAll(/[_-]/g, '').toLowerCase();
  const meant = Object.hasOwn(ALIASES, plain) ? ALIASES[plain] : nearest(plain, NAMES);
  const error = new Unencodable(`a message has no such field${meant === undefined ? '' : `; did you mean ${meant}?`}`);
  error.path = `.${name}`;
  return error;
}
