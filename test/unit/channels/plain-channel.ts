import { AbstractChannel } from '../../../src/channels/abstract-channel.js';
import type { Message } from '../../../src/channels/message.js';

/** A channel whose streams give out the messages themselves. */
export class PlainChannel extends AbstractChannel<Message> {
  adapt(message: Message): Message {
    return message;
  }
}

/** The types of the next messages of a stream. */
export async function typesOf(stream: AsyncIterator<Message>, count: number): Promise<string[]> {
  const types: string[] = [];
  while (types.length < count) {
    const { done, value } = await stream.next();
    if (done === true) return [...types, 'done'];
    // Not done: it has a value.
    types.push((value as Message).type);
  }
  return types;
}
