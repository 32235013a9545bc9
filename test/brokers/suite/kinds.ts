import { randomUUID } from 'node:crypto';
import { Messenger } from 'amqp-messenger';
import { expect, it, onTestFinished } from 'vitest';
import type { LocalBroker } from '../support/broker.js';
import { bodies, messenger, receive } from '../support/messengers.js';

type Kind = 'queue' | 'topic';

/**
 * A broker that makes a queue or a topic of an address by its first use, and drops what is sent to it as the other: nothing
 * is accepted and lost there, unless somebody publishes to a topic without subscribers.
 */
export function kindsSuite(broker: () => LocalBroker): void {
  const address = (): string => `${broker().url}/kind-${randomUUID()}`;

  /** A messenger that states what its nodes are, or does not. */
  function stating(kind: Kind | undefined): Messenger {
    const options = { timeout: 15_000, outgoingWindow: 10, incomingWindow: 10 };
    const made = new Messenger(kind === undefined ? options : { ...options, capabilities: [kind] });
    made.on('error', () => undefined);
    onTestFinished(() => made.stop());
    return made;
  }

  /** Sends a message. Returns its status. */
  async function sent(node: string, kind: Kind | undefined, body: string): Promise<string> {
    const sender = stating(kind);
    const tracker = sender.put({ address: node, body });
    return tracker.outcome();
  }

  async function received(receiver: Messenger): Promise<unknown[]> {
    return bodies(await receive(receiver, 1));
  }

  const stated = [undefined, 'queue', 'topic'] as const;
  const words = (kind: Kind | undefined): string => (kind === undefined ? 'states nothing' : `states ${kind}`);
  const pairs = stated.flatMap((sends) => stated.map((receives) => ({ sends, receives })));

  for (const { sends, receives } of pairs.filter((pair) => pair.sends !== 'topic' && pair.receives !== 'topic')) {
    it(`a new address is a queue when the sender ${words(sends)}, comes first and goes, and the receiver ${words(receives)}`, async () => {
      const node = address();
      expect(await sent(node, sends, 'early')).toBe('accepted');
      const receiver = stating(receives);
      receiver.subscribe(node);
      expect(await received(receiver)).toEqual(['early']);
    });
  }

  for (const { sends, receives } of pairs) {
    it(`a new address that a receiver uses first that ${words(receives)} has what a sender sends that ${words(sends)}, or refuses it`, async () => {
      const node = address();
      const receiver = stating(receives);
      await receiver.subscribe(node).ready();
      const gotten = receiver.recv(1);
      gotten.catch(() => undefined);
      const isTopic = receives === 'topic';
      const isOther = sends !== undefined && isTopic !== (sends === 'topic');
      expect(await sent(node, sends, 'late')).toBe(isOther ? 'aborted' : 'accepted');
      if (isOther) return;
      await gotten;
      expect(receiver.get()?.message.body).toBe('late');
    });
  }

  it('a queue keeps what is sent to it after its last receiver has gone', async () => {
    const node = address();
    const sender = stating(undefined);
    const first = stating(undefined);
    await first.subscribe(node).ready();
    sender.put({ address: node, body: 'one' });
    expect(await received(first)).toEqual(['one']);
    await first.stop();
    // The broker has deleted the empty queue by now, or is about to.
    const tracker = sender.put({ address: node, body: 'two' });
    expect(await tracker.outcome()).toBe('accepted');
    const second = stating(undefined);
    second.subscribe(node);
    expect(await received(second)).toEqual(['two']);
  });

  it('a request that comes before its server is answered', async () => {
    const node = address();
    const asking = messenger({ outgoingWindow: 10 });
    const answer = asking.request({ address: node, body: 'question' }, { timeout: 15_000 });
    const server = messenger({ incomingWindow: 10, outgoingWindow: 10 });
    await new Promise<void>((resolve) => {
      if (asking.outgoing === 0) resolve();
      else asking.once('status', () => resolve());
    });
    server.subscribe(node);
    await server.recv(1);
    const question = server.get()!;
    question.accept();
    server.reply(question, { body: 'answer' });
    expect((await answer).body).toBe('answer');
  });
}
