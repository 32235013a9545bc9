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
    const result = await stream.next();
    if (result.done === true) return [...types, 'done'];
    types.push(result.value.type);
  }
  return types;
}
