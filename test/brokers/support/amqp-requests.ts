import { once } from 'node:events';
import { create_container } from 'rhea';
import type { Dictionary, EventContext, Message, Source } from 'rhea';
import { guest } from './local-broker.js';

/** A request to the management node of a broker: application properties and a body. */
export interface AmqpRequest {
  readonly properties: Dictionary<string>;
  readonly body: string;
}

// A dynamic source has no address, though the types of rhea ask for one.
const dynamic = { dynamic: true } as Source;

/**
 * Sends requests to a node over AMQP, one after the other, and returns the answers. By rhea and not by what is tested,
 * so that the tests see with other eyes.
 */
export async function amqpRequests(
  port: number,
  node: string,
  requests: readonly AmqpRequest[],
): Promise<readonly Message[]> {
  const connection = create_container().connect({
    host: '127.0.0.1',
    port,
    username: guest,
    password: guest,
    reconnect: false,
  });
  try {
    const receiver = connection.open_receiver({ source: dynamic });
    await once(receiver, 'receiver_open');
    const sender = connection.open_sender(node);
    await once(sender, 'sendable');
    const answers: Message[] = [];
    for (const { properties, body } of requests) {
      const answered = once(receiver, 'message') as Promise<[EventContext]>;
      sender.send({ reply_to: receiver.source.address, application_properties: properties, body });
      const [{ message }] = await answered;
      answers.push(message!);
    }
    return answers;
  } finally {
    connection.close();
  }
}
