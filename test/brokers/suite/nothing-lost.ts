import { readFile } from 'node:fs/promises';
import { Messenger, TimeoutError } from 'amqp-messenger';
import type { Tracker } from 'amqp-messenger';
import { describe, expect, onTestFinished } from 'vitest';
import type { LocalBroker } from '../support/broker.js';
import type { BrokerFacts } from '../support/broker-facts.js';
import { testsOn } from '../support/known-faults.js';
import { receive } from '../support/messengers.js';
import { expectEmpty } from '../support/queue.js';

const MESSAGES = 20_000;
const KILLS = 3;

/** Waits until there is no more than so much without an outcome. */
async function leftAtMost(messenger: Messenger, left: number): Promise<void> {
  while (messenger.outgoing > left) await messenger.work(1000);
}

/** Receives and accepts until nothing has come for a while, since nobody can say how many copies there are. */
async function receiveAll(receiver: Messenger): Promise<unknown[]> {
  const bodies: unknown[] = [];
  for (;;) {
    try {
      await receiver.recv(1000, { timeout: bodies.length < MESSAGES ? 60_000 : 2000 });
    } catch (error) {
      if (error instanceof TimeoutError) return bodies;
      throw error;
    }
    for (let next = receiver.get(); next !== undefined; next = receiver.get()) {
      receiver.accept(next.tracker);
      bodies.push(next.message.body);
    }
  }
}

/** What a broker that dies, and TLS, must not cost. */
export function nothingLostSuite(facts: BrokerFacts, broker: () => LocalBroker): void {
  const it = testsOn(facts);

  describe('a broker that is killed and comes back three times', { timeout: 180_000 }, () => {
    it('has every message of a replicated or durable queue that it has accepted, in order, and every tracker ends', async () => {
      const name = `quorum-${process.pid}`;
      await broker().declareQueue(name, { type: 'quorum' });
      // RabbitMQ 4.0 keeps the names of its quorum queues in a file that it writes out at leisure: killed before that, it
      // has the queue and its messages, but never gets it to work again.
      await broker().restart();
      const url = `${broker().url}/${facts.address(name)}`;
      const sender = new Messenger({
        outgoingWindow: MESSAGES,
        reconnect: { initial: true, delay: 100, maxDelay: 500 },
      });
      onTestFinished(() => sender.close());
      const trackers: Tracker[] = [];
      for (let number = 0; number < MESSAGES; number++) {
        trackers.push(sender.put({ address: url, id: `m${number}`, durable: true, body: number }));
      }
      let unsettled = 0;
      for (let kill = 1; kill <= KILLS; kill++) {
        await leftAtMost(sender, MESSAGES - (kill * MESSAGES) / (KILLS + 1));
        unsettled += trackers.filter((tracker) => tracker.status === 'pending' && !sender.buffered(tracker)).length;
        await broker().kill();
        await broker().restart();
      }
      // Bounds a test that fails; no tracker may be pending when it is over.
      await sender.send(-1, { timeout: 60_000 });
      expect(sender.stats().outgoing.ended).toMatchObject({ accepted: MESSAGES, aborted: 0 });

      const receiver = new Messenger({ incomingWindow: -1, timeout: 60_000 });
      onTestFinished(() => receiver.close());
      receiver.subscribe(url);
      const received = await receiveAll(receiver);
      expect([...new Set(received)]).toEqual([...Array(MESSAGES).keys()]);
      console.log(`${facts.name}: ${KILLS} kills, ${received.length - MESSAGES} copies, ${unsettled} unsettled`);
      expect(received.length - MESSAGES).toBeLessThanOrEqual(unsettled);
      await receiver.stop();
      await expectEmpty(broker(), { name, path: facts.address(name), url });
    });
  });

  describe('TLS', () => {
    const local = (): string => broker().tlsUrl.replace(/\/\/.*@/, '//');

    if (facts.certificateLogin) {
      it('with a client certificate logs in as its user, by SASL EXTERNAL', async () => {
        const name = `external-${process.pid}`;
        await broker().declareQueue(name);
        const { authority, client, clientKey } = broker().certificates;
        const tls = { caFile: authority, certFile: client, keyFile: clientKey };
        const messenger = new Messenger({
          outgoingWindow: 1,
          incomingWindow: 1,
          timeout: 30_000,
          tls,
          sasl: { mechanisms: ['EXTERNAL'] },
        });
        onTestFinished(() => messenger.close());
        const address = `${local()}/${facts.address(name)}`;
        // RabbitMQ takes a message only from whom its `userId` names.
        const tracker = messenger.put({ address, userId: Buffer.from('alice'), body: 'hello' });
        await messenger.send();
        expect(tracker.status).toBe('accepted');
        const stranger = messenger.put({ address, userId: Buffer.from('guest'), body: 'hello' });
        await stranger.outcome();
        expect(stranger.status).not.toBe('accepted');
        messenger.subscribe(address);
        expect((await receive(messenger, 1)).map(({ body }) => body)).toEqual(['hello']);
      });
    }

    it('without one does not log in by EXTERNAL, nor by anything weaker', async () => {
      const ca = await readFile(broker().certificates.authority);
      const messenger = new Messenger({ outgoingWindow: 1, tls: { ca }, sasl: { mechanisms: ['EXTERNAL'] } });
      onTestFinished(() => messenger.close());
      const tracker = messenger.put({ address: `${local()}/q`, body: 1 });
      expect(await tracker.outcome()).toBe('aborted');
      expect(tracker.error).toMatchObject({ code: 'ERR_AUTHENTICATION' });
    });

    it('with a password verifies the broker first', async () => {
      const messenger = new Messenger({ outgoingWindow: 1 });
      onTestFinished(() => messenger.close());
      const tracker = messenger.put({ address: `${broker().tlsUrl}/q`, body: 1 });
      expect(await tracker.outcome()).toBe('aborted');
      expect(tracker.error!.message).toMatch(/certificate is .*signed/);
    });
  });
}
