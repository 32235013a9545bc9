import { randomUUID } from 'node:crypto';
import type { Body } from 'amqp-messenger';
import { expect } from 'vitest';
import type { Broker } from '../support/broker.js';
import type { BrokerFacts } from '../support/broker-facts.js';
import { testsOn } from '../support/known-faults.js';
import { bodies, messenger, next, plainBody, receive, send, throughQueue } from '../support/messengers.js';
import { expectEmpty, newQueue, newQueues } from '../support/queue.js';

const plainBodies: readonly (readonly [kind: string, body: Body])[] = [
  ['text', 'Grüße, 世界 👋'],
  ['empty text', ''],
  ['long text', 'x'.repeat(100_000)],
  ['bytes', Uint8Array.from({ length: 256 }, (_, index) => index)],
  ['no bytes', new Uint8Array()],
  ['a map', { text: 'a', number: 1, nothing: null, truth: true, list: [1, 'two'], map: { deep: 'x' } }],
  ['an integer', 42],
  ['a negative integer', -42],
  ['an integer of 64 bits', 2 ** 40],
  ['a fraction', 3.25],
  ['a truth value', true],
  ['a time', new Date(1_700_000_000_000)],
  ['nothing', null],
];

/** A messenger and one broker. */
export function messengerSuite(facts: BrokerFacts, broker: () => Broker): void {
  const it = testsOn(facts);

  it('carries 10,000 messages in order, and neither loses nor doubles one', async () => {
    const count = 10_000;
    const queue = await newQueue(broker());
    const sender = messenger({ outgoingWindow: count });
    const trackers = [];
    for (let number = 0; number < count; number++) trackers.push(sender.put({ address: queue.url, body: number }));
    await sender.send();
    expect(trackers.filter((tracker) => tracker.status !== 'accepted')).toEqual([]);

    const receiver = messenger({ incomingWindow: 100 });
    receiver.subscribe(queue.url);
    const messages = await receive(receiver, count);
    expect(bodies(messages)).toEqual([...Array(count).keys()]);
    await receiver.stop();
    await expectEmpty(broker(), queue);
  });

  it('carries messages that are received while others are still sent', async () => {
    const count = 2000;
    const queue = await newQueue(broker());
    const receiver = messenger({ incomingWindow: 100 });
    receiver.subscribe(queue.url);
    const received = receive(receiver, count);
    const sender = messenger({ outgoingWindow: count });
    for (let number = 0; number < count; number++) {
      sender.put({ address: queue.url, body: number });
      if (number % 100 === 99) await sender.send();
    }
    expect(bodies(await received)).toEqual([...Array(count).keys()]);
    await receiver.stop();
    await expectEmpty(broker(), queue);
  });

  it('gets a released message again', async () => {
    const queue = await newQueue(broker());
    await send(queue.url, 'again');
    const receiver = messenger({ incomingWindow: 10 });
    receiver.subscribe(queue.url);
    const first = await next(receiver);
    receiver.release(first.tracker);
    expect(first.tracker.status).toBe('released');
    const second = await next(receiver);
    expect(second.message.body).toBe('again');
    receiver.accept(second.tracker);
    await receiver.stop();
    await expectEmpty(broker(), queue);
  });

  if (facts.rejected === 'put aside') {
    it('does not get a rejected message again', async () => {
      const queue = await newQueue(broker());
      await send(queue.url, 'bad');
      const receiver = messenger({ incomingWindow: 10 });
      receiver.subscribe(queue.url);
      const { tracker } = await next(receiver);
      receiver.reject(tracker, { condition: 'amqp:not-allowed', description: 'The message is bad.' });
      expect(tracker.status).toBe('rejected');
      await receiver.stop();

      await send(queue.url, 'good');
      const later = messenger({ incomingWindow: 10 });
      later.subscribe(queue.url);
      expect(await receive(later, 1)).toMatchObject([{ body: 'good' }]);
      await later.stop();
      await expectEmpty(broker(), queue);
    });
  }

  if (facts.rejected === 'comes again') {
    it('gets a rejected message again, with a failure counted', async () => {
      const queue = await newQueue(broker());
      await send(queue.url, 'bad');
      const receiver = messenger({ incomingWindow: 10 });
      receiver.subscribe(queue.url);
      receiver.reject((await next(receiver)).tracker);
      const { message, tracker } = await next(receiver);
      expect(message).toMatchObject({ body: 'bad', deliveryCount: 1 });
      receiver.accept(tracker);
      await receiver.stop();
      await expectEmpty(broker(), queue);
    });
  }

  it('leaves messages that were got but not accepted for the next receiver', async () => {
    const queue = await newQueue(broker());
    await send(queue.url, 'one', 'two', 'three');
    const first = messenger({ incomingWindow: 10 });
    first.subscribe(queue.url);
    first.accept((await next(first)).tracker);
    await next(first);
    await first.stop();

    const second = messenger({ incomingWindow: 10 });
    second.subscribe(queue.url);
    expect(bodies(await receive(second, 2))).toEqual(['two', 'three']);
    await second.stop();
    await expectEmpty(broker(), queue);
  });

  for (const [kind, body] of plainBodies) {
    it(`carries ${kind} as body`, async () => {
      const queue = await newQueue(broker());
      expect(plainBody(await throughQueue(queue, { body }))).toEqual(body);
    });
  }

  it('carries a list as body', async (context) => {
    if (!facts.carriesLists) context.skip('This broker ends the session when it gets a list.');
    const queue = await newQueue(broker());
    expect((await throughQueue(queue, { body: [1, 'two', [3]] })).body).toEqual([1, 'two', [3]]);
  });

  it('carries header, properties, application properties and annotations', async () => {
    const queue = await newQueue(broker());
    const message = {
      subject: 'created',
      id: 'message-1',
      correlationId: 'request-7',
      replyTo: 'answers',
      contentType: 'application/json',
      contentEncoding: 'identity',
      creationTime: new Date(1_700_000_000_000),
      groupId: 'group',
      groupSequence: 3,
      replyToGroupId: 'other',
      durable: true,
      priority: 7,
      ttl: 600_000,
      properties: { text: 'Grüße', number: 5, fraction: 0.5, truth: false },
      annotations: { 'x-opt-note': 'kept' },
      body: new TextEncoder().encode('{"id":1}'),
    };
    const received = await throughQueue(queue, message);
    expect(plainBody(received)).toEqual(message.body);
    // The time to live may have become shorter on the way.
    expect(received).toMatchObject({ ...message, body: received.body, ttl: expect.any(Number) as number });
  });

  it('keeps credentials out of the address that goes out with a message', async () => {
    const queue = await newQueue(broker());
    const { username, password } = new URL(broker().url);
    const { address } = await throughQueue(queue, { body: 'x' });
    expect(address).toContain(queue.path);
    expect(address).not.toContain(`${username}:${password}`);
  });

  for (const megabytes of [1, 10]) {
    it(`carries a message of ${megabytes} MB`, async () => {
      const queue = await newQueue(broker());
      const body = Uint8Array.from({ length: megabytes * 1_000_000 }, (_, index) => (index * 31) % 251);
      const received = await throughQueue(queue, { body });
      // Compared as one value: a comparison element by element takes seconds.
      expect(received.body instanceof Uint8Array && Buffer.compare(received.body, body)).toBe(0);
    });
  }

  it('sends settled messages without a window', async () => {
    const count = 1000;
    const queue = await newQueue(broker());
    const sender = messenger({ outgoingWindow: 0 });
    const trackers = [];
    for (let number = 0; number < count; number++) trackers.push(sender.put({ address: queue.url, body: number }));
    await sender.send();
    expect(trackers.filter((tracker) => tracker.status !== 'settled')).toEqual([]);

    const receiver = messenger();
    receiver.subscribe(queue.url);
    expect(bodies(await receive(receiver, count))).toEqual([...Array(count).keys()]);
    await receiver.stop();
    await expectEmpty(broker(), queue);
  });

  it('sends to and receives from 100 addresses over one connection', async () => {
    const queues = await newQueues(broker(), 100);
    const both = messenger({ outgoingWindow: 100, incomingWindow: 100 });
    const opened: string[] = [];
    both.on('connection', ({ to, endpoint }) => {
      if (to === 'open') opened.push(endpoint);
    });
    both.route('all/*', `${broker().url}/$1`);
    for (const { path } of queues) both.put({ address: `all/${path}`, body: path });
    await both.send();
    for (const { path } of queues) both.subscribe(`all/${path}`);
    const messages = await receive(both, queues.length, -1);
    expect(bodies(messages).toSorted()).toEqual(queues.map(({ path }) => path).toSorted());
    expect(opened).toHaveLength(1);
    await both.stop();
    await expectEmpty(broker(), ...queues);
  });

  it('shares credit among addresses when there are more addresses than credit', async (context) => {
    if (!facts.drains) context.skip('This broker ends the session when credit is drained.');
    const queues = await newQueues(broker(), 5);
    for (const { url, path } of queues) await send(url, path);
    const receiver = messenger({ incomingWindow: 10 });
    for (const { url } of queues) receiver.subscribe(url);
    const messages = await receive(receiver, queues.length, 1);
    expect(bodies(messages).toSorted()).toEqual(queues.map(({ path }) => path).toSorted());
    await receiver.stop();
    await expectEmpty(broker(), ...queues);
  });

  it('reports wrong credentials and gives the messages back as aborted', async (context) => {
    const { protocol, username, host } = new URL(broker().url);
    if (username === '') context.skip('This broker may take anybody.');
    const queue = await newQueue(broker());
    const sender = messenger({ outgoingWindow: 1 });
    const tracker = sender.put({ address: `${protocol}//nobody:wrong-secret@${host}/${queue.path}`, body: 'x' });
    const failure = await sender.send().catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'ERR_SEND', cause: { code: 'ERR_AUTHENTICATION' } });
    expect(String(failure)).not.toContain('wrong-secret');
    expect(tracker.status).toBe('aborted');
  });

  const unknown = (): string => `${broker().url}/${facts.address(`not-there-${randomUUID()}`)}`;
  const notFound = { code: 'ERR_LINK', condition: 'amqp:not-found' };

  if (facts.unknownAddress.sender === 'refused') {
    it('reports an unknown address to the sender', async () => {
      const sender = messenger({ outgoingWindow: 1 });
      const tracker = sender.put({ address: unknown(), body: 'x' });
      await expect(sender.send()).rejects.toMatchObject({ code: 'ERR_SEND', cause: notFound });
      expect(tracker.status).toBe('aborted');
    });
  }

  if (facts.unknownAddress.sender === 'made') {
    it('has a message for an unknown address stored there', async () => {
      const name = `not-there-${randomUUID()}`;
      const address = `${broker().url}/${facts.address(name)}`;
      await send(address, 'early');
      await expect.poll(() => broker().queueDepth(name)).toBeOneOf([1, undefined]);
      const receiver = messenger({ incomingWindow: 1 });
      receiver.subscribe(address);
      expect(bodies(await receive(receiver, 1))).toEqual(['early']);
    });
  }

  if (facts.unknownAddress.sender === 'dropped') {
    it('has a message for an unknown address accepted, and the broker drops it', async () => {
      const name = `not-there-${randomUUID()}`;
      await send(`${broker().url}/${facts.address(name)}`, 'lost');
      expect(await broker().queueDepth(name)).toBeOneOf([0, undefined]);
    });
  }

  it('reports an unknown address to the receiver, unless the broker makes the node', async () => {
    const receiver = messenger();
    const subscription = receiver.subscribe(unknown());
    if (facts.unknownAddress.receiver === 'refused') {
      await expect(receiver.recv(1)).rejects.toMatchObject({ code: 'ERR_NO_SOURCES', cause: notFound });
    } else {
      await subscription.ready();
      expect(subscription.state).toBe('open');
    }
  });
}
