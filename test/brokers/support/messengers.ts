import type { Body, Message } from 'amqp-messenger';
import { Messenger } from 'amqp-messenger';
import { expect, onTestFinished } from 'vitest';
import type { Queue } from './queue.js';

/** How long one call of a messenger may take, in milliseconds. */
const timeout = 30_000;

/** A messenger that is stopped when the test ends. */
export function messenger(options: { outgoingWindow?: number; incomingWindow?: number } = {}): Messenger {
  const made = new Messenger({ timeout, ...options });
  onTestFinished(() => made.stop());
  return made;
}

/** Sends messages of these bodies, and waits until the broker has them. */
export async function send(address: string, ...messageBodies: Body[]): Promise<void> {
  const sender = messenger({ outgoingWindow: messageBodies.length });
  for (const body of messageBodies) sender.put({ address, body });
  await sender.send();
  await sender.stop();
}

/** The next message, not yet accepted. */
export async function next(receiver: Messenger): Promise<NonNullable<ReturnType<Messenger['get']>>> {
  if (receiver.incoming === 0) await receiver.recv(1);
  return receiver.get()!;
}

/**
 * Receives and accepts until there are as many messages as asked for.
 *
 * @param credit What `recv` is given. Default: what is missing, a thousand at most.
 */
export async function receive(receiver: Messenger, count: number, credit?: number): Promise<Message[]> {
  const messages: Message[] = [];
  while (messages.length < count) {
    await receiver.recv(credit ?? Math.min(count - messages.length, 1000));
    while (receiver.incoming > 0) {
      const { message, tracker } = receiver.get()!;
      receiver.accept(tracker);
      messages.push(message);
    }
  }
  return messages;
}

/** Sends a message to a queue and returns it as it comes out. */
export async function throughQueue(queue: Queue, message: Message): Promise<Message> {
  const both = messenger({ outgoingWindow: 1, incomingWindow: 1 });
  const tracker = both.put({ ...message, address: queue.url });
  await both.send();
  expect(tracker.status).toBe('accepted');
  both.subscribe(queue.url);
  const [received] = await receive(both, 1);
  await both.stop();
  return received!;
}

/** The bodies of messages. */
export function bodies(messages: readonly Message[]): unknown[] {
  return messages.map(({ body }) => body);
}

/** A body as a test writes it: bytes come in as whatever class of bytes is at hand. */
export function plainBody({ body }: Message): unknown {
  return body instanceof Uint8Array ? Uint8Array.from(body) : body;
}
