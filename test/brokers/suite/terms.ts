import { randomUUID } from 'node:crypto';
import { Messenger, described, symbol } from 'amqp-messenger';
import type { SubscribeOptions } from 'amqp-messenger';
import { expect, onTestFinished } from 'vitest';
import type { LocalBroker } from '../support/broker.js';
import type { BrokerFacts } from '../support/broker-facts.js';
import { FaultProxy } from '../../support/fault-proxy.js';
import { testsOn } from '../support/known-faults.js';
import { bodies, messenger, next, receive, send } from '../support/messengers.js';
import { newQueue } from '../support/queue.js';
import type { Queue } from '../support/queue.js';

/** How long messages that ought not to come are waited for, in milliseconds. */
const quiet = 500;

/**
 * What a subscription may ask for. A broker that does not have it says so, or the messenger knows: nothing that changes
 * what a subscription means is passed over in silence.
 */
export function termsSuite(facts: BrokerFacts, broker: () => LocalBroker): void {
  const it = testsOn(facts);

  /** Expects that a subscription fails when it asks for something at an address. */
  async function expectRefusal(address: string, options: SubscribeOptions): Promise<void> {
    await expect(messenger().subscribe(address, options).ready({ timeout: 10_000 })).rejects.toThrow();
  }

  /** Lets messengers receive until nothing has come for a while, and returns what each has. */
  async function receiveAll(receivers: readonly Messenger[]): Promise<unknown[][]> {
    const all = receivers.map(async (receiver): Promise<unknown[]> => {
      const got: unknown[] = [];
      for (;;) {
        const more = await receiver.recv(-1, { timeout: quiet }).catch(() => false);
        if (!more) return got;
        for (let item = receiver.get(); item !== undefined; item = receiver.get()) {
          receiver.accept(item.tracker);
          got.push(item.message.body);
        }
      }
    });
    return Promise.all(all);
  }

  if (facts.grants.browsing) {
    it('browsing leaves the messages in the queue', async () => {
      const queue = await newQueue(broker());
      await send(queue.url, 'one');
      const looking = messenger({ incomingWindow: 10 });
      looking.subscribe(queue.url, { distributionMode: 'copy' });
      expect(bodies(await receive(looking, 1))).toEqual(['one']);
      await looking.stop();
      expect(await broker().queueDepth(queue.name)).toBe(1);
    });
  } else {
    it('browsing is refused, and takes nothing', async () => {
      const queue = await newQueue(broker());
      await send(queue.url, 'one');
      await expectRefusal(queue.url, { distributionMode: 'copy' });
      await expect.poll(() => broker().queueDepth(queue.name)).toBe(1);
    });
  }

  const selector = "colour = 'red'";
  async function queueOfTwo(): Promise<Awaited<ReturnType<typeof newQueue>>> {
    const queue = await newQueue(broker());
    const sender = messenger({ outgoingWindow: 2 });
    for (const colour of ['blue', 'red']) sender.put({ address: queue.url, properties: { colour }, body: colour });
    await sender.send();
    return queue;
  }

  if (facts.grants.selector) {
    it('a selector gets the messages that it selects, and no others', async () => {
      const queue = await queueOfTwo();
      const receiver = messenger({ incomingWindow: 10 });
      receiver.subscribe(queue.url, { selector });
      expect(await receiveAll([receiver])).toEqual([['red']]);
    });
  } else {
    it('a selector is refused', async () => {
      await expectRefusal((await queueOfTwo()).url, { selector });
    });
  }

  if (facts.grants.topicCapability) {
    it('the capability topic has each subscription get every message', async () => {
      const address = `${broker().url}/${facts.peer.addressOf(randomUUID())}`;
      const receivers = [1, 2].map(() => messenger({ incomingWindow: 100 }));
      for (const receiver of receivers) await receiver.subscribe(address, { capabilities: ['topic'] }).ready();
      // Credit before messages: a topic may drop what nobody takes.
      const received = receivers.map((receiver) => receive(receiver, 3));
      await send(address, 1, 2, 3);
      for (const messages of await Promise.all(received)) expect(bodies(messages)).toEqual([1, 2, 3]);
    });
  } else {
    it('the capability topic is refused at a queue', async () => {
      await expectRefusal((await newQueue(broker())).url, { capabilities: ['topic'] });
    });
  }

  const sharing: SubscribeOptions = { name: 'work', shared: 'global', capabilities: ['topic'] };

  if (facts.grants.shared) {
    it('a shared subscription gives each message to one of those who share', async () => {
      const address = `${broker().url}/${facts.peer.addressOf(randomUUID())}`;
      const receivers = [1, 2].map(() => messenger({ incomingWindow: 100 }));
      for (const receiver of receivers) await receiver.subscribe(address, sharing).ready();
      const received = receiveAll(receivers);
      await send(address, ...Array(10).keys());
      const [first = [], second = []] = await received;
      expect([...first, ...second].toSorted()).toEqual([...Array(10).keys()]);
    });
  } else {
    it('a shared subscription is refused', async () => {
      await expectRefusal(`${broker().url}/${facts.peer.addressOf(randomUUID())}`, sharing);
    });
  }

  it('answers a request at a dynamic node', async () => {
    const queue = await newQueue(broker());
    const server = messenger({ incomingWindow: 10, outgoingWindow: 10 });
    server.subscribe(queue.url);
    const asking = messenger({ outgoingWindow: 10 });
    const answer = asking.request({ address: queue.url, body: 'question' }, { timeout: 15_000 });
    answer.catch(() => undefined);
    if (!facts.grants.dynamicNodes) {
      await expect(answer).rejects.toMatchObject({ code: 'ERR_LINK' });
      return;
    }
    const question = await Promise.race([next(server), answer.then(() => Promise.reject(new Error('early')))]);
    server.accept(question.tracker);
    server.reply(question, { body: 'answer' });
    expect((await answer).body).toBe('answer');
  });

  if (facts.streams === true) {
    it('a subscription to a stream goes on where it was when its connection is lost, with what has come meanwhile', async () => {
      const name = `stream-${randomUUID()}`;
      await broker().declareQueue(name, { type: 'stream' });
      const path = facts.address(name);
      const proxy = await FaultProxy.listen(Number(new URL(broker().url).port));
      const sender = messenger({ outgoingWindow: 100 });
      const append = async (from: number, to: number): Promise<void> => {
        for (let body = from; body < to; body++)
          sender.put({ address: `${broker().url}/${path}`, body, durable: true });
        await sender.send();
      };
      const receiver = new Messenger({ incomingWindow: 100, reconnect: { delay: 50, maxDelay: 200 } });
      onTestFinished(() => receiver.close());
      receiver.on('error', () => undefined);
      const specification = 'rabbitmq:stream-offset-spec';
      const url = new URL(broker().url);
      url.port = String(proxy.port);
      const filters = { [specification]: described(symbol(specification), 'first') };
      await append(0, 50);
      receiver.subscribe(`${url.href.replace(/\/$/, '')}/${path}`, { filters, credit: 20 });
      const before = bodies(await receive(receiver, 50, -1));
      proxy.refuses = true;
      proxy.cut();
      await append(50, 60);
      proxy.refuses = false;
      await append(60, 70);
      const after = bodies(await receive(receiver, 20, -1));
      expect([...before, ...after]).toEqual([...Array(70).keys()]);
    });
  }

  /** A messenger of a name, with any number of connections to the broker. */
  function named(name: string): Messenger {
    const made = new Messenger({ name, outgoingWindow: 2, tls: { caFile: broker().certificates.authority } });
    onTestFinished(() => made.close());
    return made;
  }

  const addressOn = (url: string, queue: Queue): string => `${url}/${facts.address(queue.name)}`;

  if (facts.oneConnectionOfAName === true) {
    it('refuses a second connection of one messenger, which says what to do', async () => {
      const queue = await newQueue(broker());
      const both = named(randomUUID());
      const first = both.put({ address: addressOn(broker().url, queue), body: 'x' });
      await both.send();
      const second = both.put({ address: addressOn(broker().tlsUrl, queue), body: 'x' });
      await expect(both.send()).rejects.toMatchObject({
        code: 'ERR_SEND',
        cause: {
          code: 'ERR_CONNECTION',
          condition: 'amqp:invalid-field',
          message: expect.stringContaining('give each messenger a "name" of its own') as string,
        },
      });
      expect([first.status, second.status]).toEqual(['accepted', 'aborted']);
    });

    it('may be reached by two messengers, one for each connection', async () => {
      const queue = await newQueue(broker());
      for (const url of [broker().url, broker().tlsUrl]) {
        const sender = named(randomUUID());
        const tracker = sender.put({ address: addressOn(url, queue), body: 'x' });
        expect(await tracker.outcome()).toBe('accepted');
      }
    });
  } else {
    it('may be reached by one messenger over two connections', async () => {
      const queue = await newQueue(broker());
      const both = named(randomUUID());
      for (const url of [broker().url, broker().tlsUrl]) both.put({ address: addressOn(url, queue), body: 'x' });
      await both.send(-1, { timeout: 15_000 });
      expect(both.stats().outgoing.ended.accepted).toBe(2);
    });
  }
}
