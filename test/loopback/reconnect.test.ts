import type { ConnectionChange, Messenger } from 'amqp-messenger';
import { describe, expect, it } from 'vitest';
import { FaultProxy } from '../support/fault-proxy.js';
import { createMessenger, createTrackingMessenger, receive, startBroker } from '../support/messengers.js';
import { ScriptedPeer } from '../support/scripted-peer.js';
import { payload } from '../support/wire-frames.js';

/** Comes back at once, also when the first attempt fails. */
const QUICK = { initial: true, delay: 1, maxDelay: 2 };

/** Resolves when a connection of the messenger gets into this state. */
function becomes(messenger: Messenger, state: ConnectionChange['to']): Promise<ConnectionChange> {
  return new Promise((resolve) => {
    messenger.on('connection', (change) => {
      if (change.to === state) resolve(change);
    });
  });
}

/** The values in the order in which each came first. */
const inOrder = (values: readonly unknown[]): unknown[] => [...new Set(values)];

describe('a connection that is cut', () => {
  it.each([1, 90, 500, 900, 20_000, 150_000, 380_000])(
    'after %i bytes loses none of 5,000 messages, and not their order',
    async (cutAfter) => {
      const broker = await startBroker();
      const proxy = await FaultProxy.listen(broker.port, { cutAfter });
      const sender = createTrackingMessenger({ reconnect: QUICK });
      const address = `amqp://127.0.0.1:${proxy.port}/q`;
      const bodies = Array.from({ length: 5000 }, (_, index) => index);
      const trackers = bodies.map((body) => sender.put({ address, body }));
      await sender.send();
      expect(new Set(trackers.map(({ status }) => status))).toEqual(new Set(['accepted']));
      expect(sender.outgoing).toBe(0);
      expect(proxy.connections).toBe(2);

      const receiver = createTrackingMessenger();
      receiver.subscribe(`${broker.url}/q`);
      const { received: count } = broker.queue('q');
      const received = await receive(receiver, count);
      expect(inOrder(received.map(({ message }) => message.body))).toEqual(bodies);
    },
  );

  it('again and again still lets every message through', async () => {
    const broker = await startBroker();
    const proxy = await FaultProxy.listen(broker.port);
    const sender = createTrackingMessenger({ reconnect: QUICK });
    const address = `amqp://127.0.0.1:${proxy.port}/q`;
    const bodies = Array.from({ length: 2000 }, (_, index) => index);
    const trackers = bodies.map((body) => sender.put({ address, body: { body, filler: 'x'.repeat(200) } }));
    // Cut on the way back, at the first answer of each connection.
    for (let cuts = 0; cuts < 20 && sender.outgoing > 0; cuts++) {
      const before = sender.outgoing;
      while (sender.outgoing === before) await new Promise((resolve) => setImmediate(resolve));
      proxy.cut();
    }
    await sender.send();
    expect(new Set(trackers.map(({ status }) => status))).toEqual(new Set(['accepted']));
    const receiver = createTrackingMessenger();
    receiver.subscribe(`${broker.url}/q`);
    const received = await receive(receiver, broker.queue('q').received);
    expect(inOrder(received.map(({ message }) => (message.body as { body: number }).body))).toEqual(bodies);
  });

  it('aborts the message sent at most once that was being written, and sends those behind it', async () => {
    const peer = await ScriptedPeer.listen();
    const sender = createMessenger({ reconnect: QUICK });
    const large = sender.put({ address: peer.address('q'), body: Buffer.alloc(100_000) });
    const small = sender.put({ address: peer.address('q'), body: 'small' });
    const first = await peer.accept();
    const link = await first.answerLink({ open: { max_frame_size: 1000 }, begin: { incoming_window: 3 } });
    first.grant(link, 10, { incoming_window: 3 });
    await first.readAll('transfer', 3);
    first.destroy();

    // The first was never whole, so sending it once more is sending it once.
    const second = await peer.accept();
    const again = await second.answerLink();
    second.grant(again, 10);
    const transfers = await second.readAll('transfer', 2);
    expect(transfers.map(({ fields }) => fields['settled'])).toEqual([true, true]);
    expect(transfers[0]!.payload.length).toBeGreaterThan(100_000);
    await sender.send();
    expect([large.status, small.status]).toEqual(['settled', 'settled']);
  });

  it('drops what was received and not settled: it comes again', async () => {
    const broker = await startBroker();
    const sender = createTrackingMessenger();
    for (let body = 0; body < 10; body++) sender.put({ address: `${broker.url}/q`, body });
    await sender.send();

    const proxy = await FaultProxy.listen(broker.port);
    const receiver = createTrackingMessenger({ reconnect: QUICK });
    receiver.subscribe(`amqp://127.0.0.1:${proxy.port}/q`);
    while (receiver.incoming < 10) await receiver.recv();
    const got = [receiver.get()!, receiver.get()!, receiver.get()!];
    receiver.accept(got[0]!.tracker);
    while (broker.queue('q').accepted === 0) await new Promise((resolve) => setImmediate(resolve));

    const lost = becomes(receiver, 'reconnecting');
    proxy.cut();
    await lost;
    expect(receiver.incoming).toBe(0);
    expect(got.map(({ tracker }) => tracker.status)).toEqual(['accepted', 'aborted', 'aborted']);
    receiver.accept();
    expect(got.map(({ tracker }) => tracker.status)).toEqual(['accepted', 'aborted', 'aborted']);

    const again = await receive(receiver, 9);
    expect(again.map(({ message }) => message.body)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(again.some(({ message }) => message.firstAcquirer)).toBe(false);
    receiver.accept();
    while (broker.queue('q').accepted < 10) await new Promise((resolve) => setImmediate(resolve));
  });

  it('keeps subscriptions open and credit alive', async () => {
    const peer = await ScriptedPeer.listen();
    const receiver = createTrackingMessenger({ reconnect: QUICK });
    const subscription = receiver.subscribe(peer.address('q'));
    const received = receive(receiver, 1);
    const first = await peer.accept();
    const link = await first.answerLink();
    await first.read('flow', ({ fields }) => fields['link_credit'] === 1024);
    first.transfer(link, 0, payload('settled, so it is kept'), { settled: true });
    first.transfer(link, 1, payload('half').subarray(0, 3), { more: true });
    expect((await received)[0]!.message.body).toBe('settled, so it is kept');
    first.destroy();
    const next = receive(receiver, 1);
    const second = await peer.accept();
    const again = await second.answerLink();
    await second.read('flow', ({ fields }) => fields['link_credit'] === 1024);
    second.transfer(again, 0, payload('new'));
    expect((await next)[0]!.message.body).toBe('new');
    expect(subscription.state).toBe('open');
  });

  it('does not bring back a link that was closed here', async () => {
    const peer = await ScriptedPeer.listen();
    const receiver = createTrackingMessenger({ reconnect: QUICK, maxMessageSize: 1000 });
    const bad = receiver.subscribe(peer.address('bad'));
    const first = await peer.accept();
    const link = await first.answerLink();
    receiver.subscribe(peer.address('good'));
    await first.answerBegin();
    await first.answerAttach();
    first.transfer(link, 0, payload('x'.repeat(2000)));
    await first.read('detach');
    expect(bad.state).toBe('failed');
    // The connection goes before the peer has answered that.
    first.destroy();

    const second = await peer.accept();
    const again = await second.answerLink();
    expect(again.attach.fields['source']).toMatchObject({ address: 'good' });
    second.transfer(again, 0, payload('fine'));
    expect((await receive(receiver, 1))[0]!.message.body).toBe('fine');
    expect(second.unread.filter(({ name }) => name === 'begin' || name === 'attach')).toEqual([]);
  });

  it('is given up after as many attempts as allowed, and the messages are aborted', async () => {
    const peer = await ScriptedPeer.listen();
    const sender = createTrackingMessenger({ reconnect: { delay: 1, maxDelay: 1, retries: 3 } });
    const tracker = sender.put({ address: peer.address('q'), body: 1 });
    const wire = await peer.accept();
    await wire.answerLink();
    const changes: string[] = [];
    sender.on('connection', ({ from, to }) => changes.push(`${from} → ${to}`));
    wire.destroy();
    for (let attempt = 0; attempt < 3; attempt++) (await peer.accept()).destroy();
    await expect(sender.send()).rejects.toMatchObject({ code: 'ERR_SEND', trackers: [tracker] });
    expect(tracker.status).toBe('aborted');
    expect(changes).toEqual(['open → reconnecting', 'reconnecting → closed']);
  });

  it('is not opened again with reconnect: false', async () => {
    const peer = await ScriptedPeer.listen();
    const sender = createTrackingMessenger({ reconnect: false });
    const tracker = sender.put({ address: peer.address('q'), body: 1 });
    const wire = await peer.accept();
    await wire.answerLink();
    wire.destroy();
    expect(await tracker.outcome()).toBe('aborted');
  });

  it('is noticed when the peer falls silent', async () => {
    const broker = await startBroker();
    const proxy = await FaultProxy.listen(broker.port);
    const sender = createTrackingMessenger({ idleTimeout: 150, reconnect: QUICK });
    const address = `amqp://127.0.0.1:${proxy.port}/q`;
    sender.put({ address, body: 'first' });
    await sender.send();
    const lost = becomes(sender, 'reconnecting');
    proxy.swallow();
    const { error } = await lost;
    expect(error).toMatchObject({ code: 'ERR_CONNECTION' });
  });

  it('gives up on a peer that accepts the connection and says nothing', async () => {
    const peer = await ScriptedPeer.listen();
    const sender = createTrackingMessenger({ connectTimeout: 30 });
    const tracker = sender.put({ address: peer.address('q'), body: 1 });
    await peer.accept();
    expect(await tracker.outcome()).toBe('aborted');
    expect(tracker.error!.message).toBe(`127.0.0.1:${peer.port}: the host did not answer within 30 ms.`);
  });
});

describe('a network that is slow', () => {
  it('only makes outcomes late', async () => {
    const broker = await startBroker();
    const proxy = await FaultProxy.listen(broker.port, { delay: 5 });
    const messenger = createTrackingMessenger();
    const address = `amqp://127.0.0.1:${proxy.port}/q`;
    messenger.subscribe(address);
    const bodies = Array.from({ length: 300 }, (_, index) => index);
    for (const body of bodies) messenger.put({ address, body });
    const received = await receive(messenger, bodies.length);
    expect(received.map(({ message }) => message.body)).toEqual(bodies);
    messenger.accept();
    await messenger.send();
  });

  it('and stalls is waited for', async () => {
    const broker = await startBroker();
    const proxy = await FaultProxy.listen(broker.port);
    const sender = createTrackingMessenger({ reconnect: false });
    const address = `amqp://127.0.0.1:${proxy.port}/q`;
    sender.put({ address, body: 'first' });
    await sender.send();
    proxy.stall();
    const trackers = Array.from({ length: 200 }, () => sender.put({ address, body: Buffer.alloc(50_000) }));
    await expect(sender.send(-1, { timeout: 20 })).rejects.toMatchObject({ code: 'ERR_TIMEOUT' });
    expect(sender.outgoing).toBe(200);
    proxy.flowOn();
    await sender.send();
    expect(trackers.every(({ status }) => status === 'accepted')).toBe(true);
  });
});
