import type { Delivery, Messenger, Subscription } from 'amqp-messenger';
import { describe, expect, it } from 'vitest';
import { createMessenger, createTrackingMessenger, startBroker } from '../support/messengers.js';
import { ScriptedPeer } from '../support/scripted-peer.js';
import { payload } from '../support/wire-frames.js';
import { Wire } from '../support/wire.js';
import type { WireLink } from '../support/wire.js';

/** A broker with so many messages in `q`, numbered from 1, and a messenger to take them. */
async function filled(count: number): Promise<{ address: string; sender: Messenger; messenger: Messenger }> {
  const { url } = await startBroker();
  const address = `${url}/q`;
  const sender = createTrackingMessenger();
  for (let body = 1; body <= count; body++) sender.put({ address, body });
  await sender.send();
  return { address, sender, messenger: createTrackingMessenger() };
}

/** A subscription to a scripted peer, which sends as the test says. */
async function played(
  messenger: Messenger,
  options: Parameters<Messenger['subscribe']>[1] = {},
): Promise<{ wire: Wire; link: WireLink; subscription: Subscription }> {
  const peer = await ScriptedPeer.listen();
  const subscription = messenger.subscribe(peer.address('q'), options);
  const wire = await peer.accept();
  const link = await wire.answerLink();
  await subscription.ready();
  return { wire, link, subscription };
}

/** Takes so many deliveries from a loop, accepts them and leaves it. */
async function take(loop: AsyncIterable<Delivery>, count: number): Promise<unknown[]> {
  const bodies: unknown[] = [];
  for await (const delivery of loop) {
    delivery.accept();
    bodies.push(delivery.message.body);
    if (bodies.length === count) break;
  }
  return bodies;
}

const numbers = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index);

describe('a loop over everything', () => {
  it('gives what comes in order, and leaves what it has not taken to get()', async () => {
    const { address, messenger } = await filled(10);
    messenger.subscribe(address);
    expect(await take(messenger.receive({ credit: 8 }), 3)).toEqual([1, 2, 3]);
    const rest: unknown[] = [];
    while (rest.length < 7) {
      await messenger.recv(7 - rest.length);
      for (let next = messenger.get(); next !== undefined; next = messenger.get()) rest.push(next.message.body);
    }
    expect(rest).toEqual(numbers(4, 10));
  });

  it('shares what comes with another, each message going to one', async () => {
    const { address, messenger } = await filled(100);
    messenger.subscribe(address);
    const taken = await Promise.all([take(messenger.receive(), 50), take(messenger.receive(), 50)]);
    expect(taken.flat().sort((a, b) => Number(a) - Number(b))).toEqual(numbers(1, 100));
  });

  it('takes only what the credit for each link allows', async () => {
    const messenger = createTrackingMessenger();
    const { wire, link } = await played(messenger);
    const loop = messenger.receive({ credit: 3 });
    expect((await wire.read('flow')).fields).toMatchObject({ link_credit: 3 });
    for (let id = 0; id < 3; id++) wire.transfer(link, id, payload('a'));
    await loop.next();
    await loop.return();
    expect(messenger.incoming + messenger.receiving).toBe(3);
  });

  it('fails when there is nothing to receive from, once what has come is taken', async () => {
    const messenger = createMessenger({ reconnect: false });
    await expect(messenger.receive().next()).rejects.toMatchObject({ code: 'ERR_NO_SOURCES' });
    const { wire, link } = await played(messenger);
    const loop = messenger.receive();
    const first = loop.next();
    await wire.read('flow');
    for (let id = 0; id < 3; id++) wire.transfer(link, id, payload(`${id}`), { settled: true });
    expect((await first).value?.message.body).toBe('0');
    const closed = new Promise((resolve) => messenger.on('connection', ({ to }) => to === 'closed' && resolve(to)));
    wire.destroy();
    await closed;
    expect((await loop.next()).value?.message.body).toBe('1');
    expect((await loop.next()).value?.message.body).toBe('2');
    await expect(loop.next()).rejects.toMatchObject({ code: 'ERR_NO_SOURCES' });
    expect(await loop.next()).toEqual({ done: true, value: undefined });
  });

  it('yields no more messages without an outcome than the window, and gives none an outcome by itself', async () => {
    const { address } = await filled(20);
    const messenger = createTrackingMessenger({ incomingWindow: 2 });
    messenger.subscribe(address);
    const loop = messenger.receive();
    const slow = (await loop.next()).value!;
    const seen = [slow.message.body];
    for (let body = 2; body <= 20; body++) {
      const quick = (await loop.next()).value!;
      seen.push(quick.message.body);
      const another = body < 20 ? loop.next() : undefined;
      // Both places are taken, so the loop waits.
      let isThere = false;
      void another?.then(() => (isThere = true));
      await messenger.work(0);
      expect([isThere, slow.tracker.status]).toEqual([false, 'pending']);
      quick.accept();
      if (another === undefined) break;
      const next = (await another).value!;
      seen.push(next.message.body);
      body++;
      next.accept();
    }
    slow.accept();
    expect([slow.tracker.status, seen]).toEqual(['accepted', numbers(1, 20)]);
  });

  it('refuses an invalid signal, and leaves received messages in the queue', async () => {
    const { address, messenger } = await filled(1);
    const subscription = messenger.subscribe(address);
    await messenger.recv();
    for (const signal of [{}, 5] as unknown[] as AbortSignal[]) {
      for (const options of [{ signal }, { signal, subscription }]) {
        expect(() => messenger.receive(options)).toThrow(expect.objectContaining({ code: 'ERR_OPTION' }) as Error);
      }
    }
    expect(messenger.incoming).toBe(1);
  });

  it('ends when the messenger is stopped, whether it waits or not', async () => {
    const { address, messenger } = await filled(0);
    messenger.subscribe(address);
    const [waiting, idle] = [messenger.receive(), messenger.receive()];
    const next = waiting.next();
    await messenger.stop();
    expect(await next).toEqual({ done: true, value: undefined });
    expect(await idle.next()).toEqual({ done: true, value: undefined });
  });

  it('skips an invalid message, and reports it', async () => {
    const messenger = createTrackingMessenger();
    const told: unknown[] = [];
    messenger.on('error', (error) => told.push(error));
    const { wire, link } = await played(messenger);
    const loop = messenger.receive();
    const next = loop.next();
    await wire.read('flow');
    wire.transfer(link, 0, Buffer.from('nonsense'));
    wire.transfer(link, 1, payload('sense'));
    expect((await next).value?.message.body).toBe('sense');
    expect((await wire.read('disposition')).fields).toMatchObject({
      first: 0,
      state: { type: 'rejected', error: { condition: 'amqp:decode-error' } },
    });
    expect(told).toEqual([expect.objectContaining({ code: 'ERR_DECODE' })]);
  });

  it('may be ended any number of times, and disposed of', async () => {
    const { address, messenger } = await filled(1);
    messenger.subscribe(address);
    const loop = messenger.receive();
    {
      await using inner = messenger.receive();
      expect((await inner.next()).value?.message.body).toBe(1);
    }
    await loop.return();
    await loop.return();
    expect(await loop.next()).toEqual({ done: true, value: undefined });
  });
});

describe('a loop over one subscription', () => {
  it('has credit by itself, and takes no messages of other subscriptions', async () => {
    const { address, sender, messenger } = await filled(5);
    const subscription = messenger.subscribe(address);
    messenger.subscribe(`${address}2`);
    sender.put({ address: `${address}2`, body: 'other' });
    expect(await take(messenger.receive({ subscription }), 5)).toEqual(numbers(1, 5));
    await messenger.recv();
    expect(messenger.get()!.message.body).toBe('other');
  });

  it('takes the messages that came over it before, and leaves the others in order', async () => {
    const { address, sender, messenger } = await filled(0);
    const [one, two] = ['1', '2'].map((name) => messenger.subscribe(`${address}${name}`));
    await Promise.all([one!.ready(), two!.ready()]);
    await messenger.recv(100, { timeout: 0 }).catch(() => undefined);
    for (let body = 1; body <= 6; body++) {
      sender.put({ address: `${address}${(body % 2) + 1}`, body });
      await sender.send();
      while (messenger.incoming < body) await messenger.work();
    }
    expect(await take(messenger.receive({ subscription: one! }), 2)).toEqual([2, 4]);
    // What the first loop left is there for the second.
    expect(await take(messenger.receive({ subscription: one! }), 1)).toEqual([6]);
    expect([messenger.get(), messenger.get(), messenger.get()].map((next) => next?.message.body)).toEqual([1, 3, 5]);
  });

  it('wakes recv() with the messages that it leaves', async () => {
    const messenger = createTrackingMessenger();
    const { wire, link, subscription } = await played(messenger);
    const loop = messenger.receive({ subscription });
    const first = loop.next();
    await wire.read('flow');
    for (let id = 0; id < 3; id++) wire.transfer(link, id, payload(`${id}`));
    await first;
    while (messenger.stats().incoming.queued < 2) await messenger.work();
    expect(messenger.incoming).toBe(0);
    const received = messenger.recv();
    await loop.return();
    await received;
    expect(messenger.incoming).toBe(2);
  });

  it('does not stop others that read slowly from having credit', async () => {
    const messenger = createTrackingMessenger();
    const slow = await played(messenger);
    const quick = await played(messenger);
    messenger.receive({ subscription: slow.subscription, credit: 5000 });
    expect((await slow.wire.read('flow')).fields).toMatchObject({ link_credit: 5000 });
    for (let id = 0; id < 5000; id++) slow.wire.transfer(slow.link, id, payload('a'), { settled: true });
    while (messenger.stats().incoming.queued < 5000) await messenger.work();
    const received = messenger.recv();
    expect((await quick.wire.read('flow')).fields).toMatchObject({ link_credit: 1024 });
    quick.wire.transfer(quick.link, 0, payload('b'));
    await received;
    expect(messenger.get()!.message.body).toBe('b');
  });

  it('keeps to its share however the outcomes come', async () => {
    const messenger = createTrackingMessenger();
    const { wire, link, subscription } = await played(messenger);
    const loop = messenger.receive({ subscription, credit: 4 });
    expect((await wire.read('flow')).fields).toMatchObject({ link_credit: 4 });
    for (let id = 0; id < 4; id++) wire.transfer(link, id, payload(`${id}`), { settled: id % 2 === 0 });
    const deliveries = [];
    for (let id = 0; id < 4; id++) deliveries.push((await loop.next()).value!);
    // Those that came settled are dealt with when they are got, the others when they are accepted.
    expect(messenger.receiving).toBeLessThanOrEqual(2);
    for (const delivery of deliveries) delivery.accept();
    await wire.read('flow', ({ fields }) => Number(fields['link_credit']) + Number(fields['delivery_count']) >= 7);
    expect(messenger.receiving).toBeLessThanOrEqual(4);
  });

  it('ends when it is unsubscribed from, and fails when it fails', async () => {
    const { address, messenger } = await filled(0);
    const ended = messenger.subscribe(address);
    const next = messenger.receive({ subscription: ended }).next();
    await ended.unsubscribe();
    expect(await next).toEqual({ done: true, value: undefined });
    expect(() => messenger.receive({ subscription: ended })).toThrow(
      expect.objectContaining({ code: 'ERR_STATE' }) as Error,
    );

    const { wire, link, subscription } = await played(messenger);
    const failing = messenger.receive({ subscription }).next();
    wire.send('detach', { handle: link.handle, closed: true, error: { condition: 'amqp:resource-deleted' } });
    await expect(failing).rejects.toMatchObject({ code: 'ERR_LINK', condition: 'amqp:resource-deleted' });
  });

  it('goes on after a lost connection, and takes nothing twice that came settled', async () => {
    const peer = await ScriptedPeer.listen();
    const messenger = createTrackingMessenger({ reconnect: { delay: 0 } });
    const subscription = messenger.subscribe(peer.address('q'));
    const wire = await peer.accept();
    const link = await wire.answerLink();
    const loop = messenger.receive({ subscription, credit: 4 });
    await wire.read('flow');
    wire.transfer(link, 0, payload('0'));
    wire.transfer(link, 1, payload('1'), { settled: true });
    wire.transfer(link, 2, payload('2'));
    while (messenger.stats().incoming.queued < 3) await messenger.work();
    const first = (await loop.next()).value!;
    wire.destroy();
    const second = await peer.accept();
    const again = await second.answerLink();
    // One is still queued, so the share has room for three.
    expect((await second.read('flow')).fields).toMatchObject({ link_credit: 3 });
    expect(first.tracker.status).toBe('aborted');
    for (let id = 0; id < 3; id++) second.transfer(again, id, payload(`again ${id}`));
    const bodies: unknown[] = [];
    while (bodies.length < 4) bodies.push((await loop.next()).value?.message.body);
    expect(bodies).toEqual(['1', 'again 0', 'again 1', 'again 2']);
  });

  it('loses nothing of one peer when another goes, though both came to the same port', async () => {
    const server = createTrackingMessenger();
    const subscription = await server.subscribe('amqp://~127.0.0.1:0').ready();
    const wires = [await Wire.dial(subscription.port ?? 0), await Wire.dial(subscription.port ?? 0)] as const;
    await server.recv(-1, { timeout: 0 }).catch(() => undefined);
    const links = [];
    for (const wire of wires) {
      await wire.begin();
      links.push(await wire.attach('sender', 'q'));
      await wire.read('flow');
    }
    // Got out of the main queue: the first there.
    wires[0].transfer(links[0]!, 0, payload('got'));
    while (server.incoming < 1) await server.work();
    const got = server.get()!;
    const loop = server.receive({ subscription });
    wires[1].transfer(links[1]!, 0, payload('kept'));
    while (server.stats().incoming.queued < 1) await server.work();
    wires[0].destroy();
    await got.tracker.outcome();
    expect((await loop.next()).value?.message.body).toBe('kept');
  });
});
