import type { Messenger } from 'amqp-messenger';
import type { EmbeddedBroker } from 'amqp-messenger/broker';
import { describe, expect, it } from 'vitest';
import { createMessenger, createTrackingMessenger, listen, startBroker } from '../support/messengers.js';
import { ScriptedPeer } from '../support/scripted-peer.js';
import { payload } from '../support/wire-frames.js';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Accepts all that comes, until the messenger is stopped. */
async function takeAll(messenger: Messenger): Promise<void> {
  for await (const delivery of messenger.receive()) delivery.accept();
}

describe('100,000 messages that are put without waiting', () => {
  it('are all taken, queued and accepted, far beyond 2,048 in flight', async () => {
    const receiver = createTrackingMessenger();
    const address = await listen(receiver);
    const taking = takeAll(receiver);
    const sender = createTrackingMessenger();
    for (let body = 0; body < 100_000; body++) sender.put({ address, body });
    expect(sender.outgoing).toBe(100_000);
    await sender.send();
    expect(sender.stats().outgoing.ended).toMatchObject({ accepted: 100_000 });
    await receiver.stop();
    await taking;
  });

  it('do not stop behind one that is never settled', async () => {
    const peer = await ScriptedPeer.listen();
    const sender = createTrackingMessenger();
    const trackers = Array.from({ length: 10_000 }, (_, body) => sender.put({ address: peer.address('q'), body }));
    const wire = await peer.accept();
    const link = await wire.answerLink();
    // The first is left, and the others are settled as they come.
    let settled = 1;
    wire.grant(link, 1000);
    while (settled < trackers.length) {
      const { fields } = await wire.read('transfer');
      const id = fields['delivery_id'] as number;
      if (id > 0) wire.accept(link, id);
      if (id > 0) settled++;
      if (id % 500 === 499) wire.grant(link, 1000, { delivery_count: id + 1 });
    }
    await trackers.at(-1)!.outcome();
    expect(trackers.filter(({ status }) => status === 'pending')).toEqual([trackers[0]]);
  });
});

describe('an address without credit', () => {
  it('does not hold up another, nor what is behind the first in the queue', async () => {
    const peer = await ScriptedPeer.listen();
    const receiver = createTrackingMessenger();
    const good = await listen(receiver);
    const taking = takeAll(receiver);
    const sender = createTrackingMessenger();
    const stuck = Array.from({ length: 1000 }, (_, body) => sender.put({ address: peer.address('stuck'), body }));
    const sharing = Array.from({ length: 1000 }, (_, body) => sender.put({ address: peer.address('good'), body }));
    const wire = await peer.accept();
    await wire.answerOpen();
    // Two links of one connection, of which one has credit.
    for (let link = 0; link < 2; link++) {
      await wire.answerBegin();
      const answered = await wire.answerAttach();
      if ((answered.attach.fields['target'] as { address: string }).address === 'good') wire.grant(answered, 1000);
    }
    await wire.readAll('transfer', 1000);
    expect(sharing.every((tracker) => !sender.buffered(tracker))).toBe(true);
    const others = Array.from({ length: 1000 }, (_, body) => sender.put({ address: good, body }));
    await Promise.all(others.map((tracker) => tracker.outcome()));
    expect(stuck.every((tracker) => sender.buffered(tracker))).toBe(true);
    await receiver.stop();
    await taking;
  });
});

describe('the outgoing queue', () => {
  it('takes no more than maxOutgoing bytes, and tells when there is room', async () => {
    const peer = await ScriptedPeer.listen();
    const sender = createTrackingMessenger({ maxOutgoing: { bytes: 100_000 } });
    const body = Buffer.alloc(10_000);
    const address = peer.address('q');
    const put = (): void => void sender.put({ address, body });
    for (let messages = 0; messages < 10; messages++) put();
    expect(put).toThrow(expect.objectContaining({ code: 'ERR_QUEUE_FULL' }));
    const ready = sender.ready();
    const wire = await peer.accept();
    const link = await wire.answerLink();
    wire.grant(link, 1);
    await wire.read('transfer');
    wire.accept(link, 0);
    await ready;
    put();
    expect(sender.stats().outgoing.pending).toBe(10);
  });
});

describe('the incoming queue', () => {
  const BODY = 'x'.repeat(1000);

  it('issues no credit while it holds more than maxIncoming bytes, and goes on when they are got', async () => {
    const peer = await ScriptedPeer.listen();
    const receiver = createTrackingMessenger({ maxIncoming: { bytes: 10_000 } });
    receiver.subscribe(peer.address('q'));
    const received = receiver.recv();
    const wire = await peer.accept();
    const link = await wire.answerLink();
    await wire.read('flow', ({ fields }) => fields['link_credit'] === 1024);
    // All of it is used up, and only so much had been granted.
    for (let id = 0; id < 1024; id++) wire.transfer(link, id, payload(BODY));
    await received;
    while (receiver.stats().incoming.received < 1024) await turn();
    await turn();
    expect(wire.unread.filter(({ name }) => name === 'flow')).toEqual([]);
    const { bytes, queued } = receiver.stats().incoming;
    expect([queued, bytes > 10_000]).toEqual([1024, true]);

    while (receiver.stats().incoming.bytes >= 10_000) receiver.get();
    receiver.get();
    const flow = await wire.read('flow');
    expect(flow.fields['link_credit']).toBeGreaterThan(0);
    while (receiver.get() !== undefined);
    expect(receiver.stats().incoming).toMatchObject({ queued: 0, bytes: 0 });
  });

  it('holds back the share of a subscription, too, and what a loop takes is not counted', async () => {
    const peer = await ScriptedPeer.listen();
    const receiver = createTrackingMessenger({ maxIncoming: { bytes: 3000 } });
    const subscription = receiver.subscribe(peer.address('q'), { credit: 4 });
    const wire = await peer.accept();
    const link = await wire.answerLink();
    await wire.read('flow', ({ fields }) => fields['link_credit'] === 4);
    for (let id = 0; id < 4; id++) wire.transfer(link, id, payload(BODY), { settled: true });
    while (receiver.incoming < 4) await turn();
    await turn();
    expect(wire.unread.filter(({ name }) => name === 'flow')).toEqual([]);
    const loop = receiver.receive({ subscription });
    await loop.return();
    receiver.get();
    receiver.get();
    const flow = await wire.read('flow');
    expect(flow.fields['link_credit']).toBeGreaterThan(0);
  });

  it('forgets the bytes of what was lost with its connection, and of what makes no sense', async () => {
    const peer = await ScriptedPeer.listen();
    const receiver = createTrackingMessenger({ reconnect: { delay: 1, maxDelay: 1 } });
    receiver.subscribe(peer.address('q'));
    void receiver.recv().catch(() => undefined);
    const first = await peer.accept();
    const link = await first.answerLink();
    await first.read('flow');
    first.transfer(link, 0, payload(BODY));
    first.transfer(link, 1, Buffer.from([0, 0x53, 0x75]), { settled: true });
    while (receiver.incoming < 2) await turn();
    first.destroy();
    const second = await peer.accept();
    await second.answerLink();
    expect(receiver.stats().incoming).toMatchObject({ queued: 1, bytes: 3 });
    expect(() => receiver.get()).toThrow(expect.objectContaining({ code: 'ERR_DECODE' }));
    expect(receiver.stats().incoming).toMatchObject({ queued: 0, bytes: 0 });
  });

  it.each([{ bytes: 0 }, { bytes: NaN }, { bytes: '1' }, { messages: 1 }, null, 7])(
    'takes no limits of %j',
    (maxIncoming) => {
      expect(() => createMessenger({ maxIncoming: maxIncoming as never })).toThrow(
        expect.objectContaining({ code: 'ERR_OPTION' }),
      );
    },
  );
});

/** A broker whose queue `q` has so many messages, whose bodies are their numbers from 0. */
async function filledQueue(count: number): Promise<{ broker: EmbeddedBroker; address: string }> {
  const broker = await startBroker();
  const address = `${broker.url}/q`;
  const sender = createTrackingMessenger();
  for (let body = 0; body < count; body++) sender.put({ address, body });
  await sender.send();
  return { broker, address };
}

describe('a receiver with a window', () => {
  it('never has more deliveries without an outcome than its credit', async () => {
    const { address } = await filledQueue(500);
    const receiver = createTrackingMessenger();
    const subscription = receiver.subscribe(address, { credit: 10 });
    let taken = 0;
    for await (const delivery of receiver.receive({ subscription })) {
      expect(receiver.stats().incoming.received - taken).toBeLessThanOrEqual(10);
      await turn();
      delivery.accept();
      if (++taken === 500) break;
    }
  });
});

describe('a loop that works on many messages at once', () => {
  it('takes no more than incomingWindow of them, and each once', async () => {
    const { broker, address } = await filledQueue(1000);
    const receiver = createTrackingMessenger({ incomingWindow: 10 });
    receiver.subscribe(address);
    const seen: unknown[] = [];
    const working = new Set<Promise<void>>();
    for await (const delivery of receiver.receive()) {
      seen.push(delivery.message.body);
      const work = (async () => {
        await turn();
        delivery.accept();
      })();
      working.add(work);
      void work.then(() => working.delete(work));
      expect(working.size).toBeLessThanOrEqual(10);
      if (seen.length === 1000) break;
    }
    await Promise.all(working);
    while (broker.queue('q').outstanding > 0) await turn();
    expect(seen).toEqual(Array.from({ length: 1000 }, (_, body) => body));
    expect(broker.queue('q')).toMatchObject({ depth: 0, accepted: 1000, redelivered: 0 });
  });

  it('goes on when one of them is settled by the peer, or lost with its connection', async () => {
    const peer = await ScriptedPeer.listen();
    const receiver = createTrackingMessenger({ incomingWindow: 1, reconnect: { delay: 0 } });
    receiver.subscribe(peer.address('q'));
    const bodies: unknown[] = [];
    const loop = (async () => {
      for await (const { message } of receiver.receive()) if (bodies.push(message.body) === 3) break;
    })();
    const wire = await peer.accept();
    const link = await wire.answerLink();
    for (const [id, body] of ['one', 'two', 'three'].entries()) wire.transfer(link, id, payload(body));
    while (bodies.length < 1) await turn();
    await turn();
    expect([bodies, receiver.incoming]).toEqual([['one'], 2]);
    wire.send('disposition', { role: false, first: 0, last: 0, settled: true }, link.channel);
    while (bodies.length < 2) await turn();
    wire.destroy();
    const again = await peer.accept();
    again.transfer(await again.answerLink(), 0, payload('three'));
    await loop;
    expect(bodies).toEqual(['one', 'two', 'three']);
  });

  it('ends when it is told to, though there is no room', async () => {
    const broker = await startBroker();
    const messenger = createTrackingMessenger({ incomingWindow: 1 });
    for (let body = 0; body < 2; body++) messenger.put({ address: `${broker.url}/q`, body });
    messenger.subscribe(`${broker.url}/q`);
    const stream = messenger.receive();
    await stream.next();
    while (messenger.incoming < 1) await turn();
    const next = stream.next();
    await stream.return();
    expect(await next).toEqual({ done: true, value: undefined });
    expect(messenger.get()?.message.body).toBe(1);
  });
});

describe('a handler that throws', () => {
  it('ends its loop and nothing else: the connection stays, and the message can still be answered', async () => {
    const broker = await startBroker();
    const messenger = createTrackingMessenger();
    messenger.put({ address: `${broker.url}/q`, body: 'poison' });
    messenger.subscribe(`${broker.url}/q`);
    const changes: string[] = [];
    messenger.on('connection', ({ to }) => changes.push(to));
    const handled = (async () => {
      for await (const delivery of messenger.receive()) throw new Error(JSON.stringify(delivery.message.body));
    })();
    await expect(handled).rejects.toThrow('poison');
    const delivery = messenger.incomingTracker!;
    expect(delivery.status).toBe('pending');
    messenger.modify(delivery, { undeliverableHere: true, deliveryFailed: true });
    while (broker.queue('q').outstanding > 0) await turn();
    expect(changes).not.toContain('reconnecting');
    expect(changes).not.toContain('closed');
  });
});
