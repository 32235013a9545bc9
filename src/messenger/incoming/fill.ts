import { ReceivedMessage } from '../../codec/received-message.js';
import { OptionError } from '../../errors.js';
import type { Message } from '../../message/message.js';

/** Throws `OptionError` when a message of the caller cannot be filled. */
export function requireFillable(into: Message): void {
  const isObject = typeof into === 'object' && !(into instanceof ReceivedMessage) && Object.isExtensible(into);
  if (isObject && Object.values(Object.getOwnPropertyDescriptors(into)).every(({ configurable }) => configurable))
    return;
  throw new OptionError('get() fills an ordinary object, one that can be changed; null discards the message.');
}

/**
 * Fills a message of the caller with the fields of a received one, and removes its former fields. Throws before
 * changing it.
 */
export function fill(into: Message, message: ReceivedMessage): void {
  const fields = Object.entries(message.toObject());
  for (const key of Object.keys(into)) Reflect.deleteProperty(into, key);
  for (const [key, value] of fields) {
    Object.defineProperty(into, key, { value, writable: true, enumerable: true, configurable: true });
  }
}
