import { EmbeddedBroker } from 'amqp-messenger/broker';
import type { EmbeddedBrokerOptions } from 'amqp-messenger/broker';
import { Messenger } from 'amqp-messenger';
import type { MessengerOptions, Delivery } from 'amqp-messenger';
import { onTestFinished } from 'vitest';

/** A messenger that is closed when the test is over. Its time-out only bounds a test that fails. */
export function createMessenger(options: MessengerOptions = {}): Messenger {
  const messenger = new Messenger({ timeout: 15_000, ...options });
  onTestFinished(() => messenger.close());
  return messenger;
}

/** A messenger that tracks what it sends and answers for what it receives. */
export function createTrackingMessenger(options: MessengerOptions = {}): Messenger {
  return createMessenger({ outgoingWindow: 1, incomingWindow: -1, ...options });
}

/** A broker on a free port, stopped when the test is over. */
export async function startBroker(options: EmbeddedBrokerOptions = {}): Promise<EmbeddedBroker> {
  const broker = await new EmbeddedBroker({ port: 0, ...options }).start();
  onTestFinished(() => broker.stop());
  return broker;
}

/** Takes messages until there are this many. */
export async function receive(messenger: Messenger, count: number): Promise<Delivery[]> {
  const received: Delivery[] = [];
  while (received.length < count) {
    await messenger.recv();
    for (let next = messenger.get(); next !== undefined; next = messenger.get()) received.push(next);
  }
  return received;
}

/** Subscribes to a listener on a free port. Resolves with the address to send to. */
export async function listen(messenger: Messenger): Promise<string> {
  const { port } = await messenger.subscribe('amqp://~127.0.0.1:0').ready();
  return `amqp://127.0.0.1:${port ?? 0}`;
}
