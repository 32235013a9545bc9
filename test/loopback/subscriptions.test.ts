import { once } from 'node:events';
import { connect } from 'node:net';
import type { Messenger, MessengerOptions, SubscribeOptions } from 'amqp-messenger';
import { describe, expect, it } from 'vitest';
import { memoryInUse } from '../support/memory.js';
import { createMessenger, createTrackingMessenger, startBroker } from '../support/messengers.js';
import { ScriptedPeer } from '../support/scripted-peer.js';
import { payload } from '../support/wire-frames.js';
import { Wire } from '../support/wire.js';
import type { Fields } from '../support/wire-frames.js';
import type { WireLink } from '../support/wire.js';

/** A subscription to a scripted peer that has attached it. */
async function played(options: MessengerOptions = {}, terms: SubscribeOptions = {}, attach: Fields = {}) {
  const peer = await ScriptedPeer.listen();
  const messenger = createTrackingMessenger({ name: 'auditor', reconnect: { delay: 0 }, ...options });
  const subscription = messenger.subscribe(peer.address('q'), terms);
  const wire = await peer.accept();
  const link = await wire.answerLink({ attach });
  await subscription.ready();
  return { peer, messenger, subscription, wire, link };
}

/** Waits until a connection is lost, and is opened again. */
function reconnecting(messenger: Messenger): Promise<unknown> {
  return new Promise((resolve) => messenger.on('connection', ({ to }) => to === 'reconnecting' && resolve(to)));
}

/** Answers a detach, as a peer does. */
function answerDetach(wire: Wire, link: WireLink, closed = true): void {
  wire.send('detach', { handle: link.handle, closed }, link.channel);
}

describe('unsubscribe()', () => {
  it('closes the link, and removes the messages that came over it', async () => {
    const { messenger, subscription, wire, link } = await played();
    const received = messenger.recv(10);
    await wire.read('flow');
    for (let id = 0; id < 3; id++) wire.transfer(link, id, payload('a'));
    await received;
    while (messenger.incoming < 3) await messenger.work();
    const got = messenger.get()!;
    const ended = subscription.unsubscribe();
    expect([subscription.state, messenger.incoming, got.tracker.status]).toEqual(['closed', 0, 'aborted']);
    got.accept();
    const { fields } = await wire.read('disposition');
    expect(fields).toMatchObject({ first: 0, last: 2, settled: true, state: { type: 'released' } });
    expect((await wire.read('detach')).fields).toMatchObject({ closed: true });
    // What the peer had sent by then is dropped.
    wire.transfer(link, 3, payload('late'));
    answerDetach(wire, link);
    await ended;
    expect(messenger.incoming).toBe(0);
    expect(wire.unread.map(({ name }) => name)).not.toContain('disposition');
    await subscription.unsubscribe();
    await subscription.close();
    await expect(subscription.ready()).rejects.toMatchObject({ code: 'ERR_STATE' });
    subscription.grant(5);
  });

  it('gives its credit to the other subscriptions', async () => {
    const { url } = await startBroker();
    const messenger = createTrackingMessenger();
    const [one, two] = ['one', 'two'].map((name) => messenger.subscribe(`${url}/${name}`));
    await Promise.all([one!.ready(), two!.ready()]);
    await messenger.recv(10, { timeout: 0 }).catch(() => undefined);
    await one!.unsubscribe();
    expect(messenger.receiving).toBe(10);
    for (let body = 0; body < 10; body++) messenger.put({ address: `${url}/two`, body });
    await messenger.send();
    while (messenger.incoming < 10) await messenger.work();
    expect(messenger.receiving).toBe(0);
    await two!.unsubscribe();
  });

  it('may come before the peer has answered, and before there is a connection', async () => {
    const peer = await ScriptedPeer.listen();
    const messenger = createMessenger();
    const subscription = messenger.subscribe(peer.address('q'));
    const ready = subscription.ready();
    const wire = await peer.accept();
    await wire.answerOpen();
    await wire.answerBegin();
    const { fields, channel } = await wire.read('attach');
    const ended = subscription.unsubscribe();
    await expect(ready).rejects.toMatchObject({ code: 'ERR_STATE' });
    wire.send('attach', { ...fields, handle: 0, role: false, initial_delivery_count: 0 }, channel);
    await wire.read('detach');
    wire.send('detach', { handle: 0, closed: true }, channel);
    await ended;
    const early = messenger.subscribe(peer.address('early'));
    await early.unsubscribe({ timeout: 0 }).catch(() => undefined);
    expect(early.state).toBe('closed');
    // The connection goes on.
    const next = messenger.subscribe(peer.address('next'));
    await wire.read('begin');
    expect(next.state).toBe('opening');
  });

  it('while the connection is opened again leaves nothing behind', async () => {
    const { peer, messenger, subscription, wire } = await played();
    wire.destroy();
    await reconnecting(messenger);
    await subscription.unsubscribe();
    const other = messenger.subscribe(peer.address('other'));
    const second = await peer.accept();
    const link = await second.answerLink();
    expect(link.attach.fields).toMatchObject({ source: { address: 'other' } });
    await other.ready();
  });

  it('waits for a silent peer only up to its timeout', async () => {
    const { subscription, messenger } = await played();
    await expect(subscription.unsubscribe({ timeout: 0 })).rejects.toMatchObject({ code: 'ERR_TIMEOUT' });
    expect(subscription.state).toBe('closed');
    await messenger.stop();
  });

  it('lets recv() go on waiting for messages over the connection', async () => {
    const { messenger, subscription, wire, link } = await played();
    const received = messenger.recv(1, { timeout: 50 });
    const ended = subscription.unsubscribe();
    await wire.read('detach');
    answerDetach(wire, link);
    await ended;
    await expect(received).rejects.toMatchObject({ code: 'ERR_TIMEOUT' });
  });

  it('closes a port, with the connections that came by it, and fails recv()', async () => {
    const server = createMessenger();
    const subscription = await server.subscribe('amqp://~127.0.0.1:0').ready();
    const wire = await Wire.dial(subscription.port ?? 0);
    await wire.begin();
    await wire.attach('sender', 'q');
    const received = server.recv();
    await subscription.unsubscribe();
    await expect(received).rejects.toMatchObject({ code: 'ERR_NO_SOURCES' });
    await wire.closed;
    expect(server.stopped).toBe(true);
  });

  it.each(['unsubscribe', 'close', 'stop'] as const)('closes a port that is not open yet: %s()', async (how) => {
    const holder = createMessenger();
    const { port = 0 } = await holder.subscribe('amqp://~127.0.0.1:0').ready();
    await holder.stop();
    const server = createMessenger();
    const subscription = server.subscribe(`amqp://~127.0.0.1:${port}`);
    await (how === 'stop' ? server.stop() : subscription[how]());
    expect([subscription.state, server.stopped]).toEqual(['closed', true]);
    const socket = connect(port, '127.0.0.1');
    await expect(once(socket, 'connect')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  it('leaves nothing in memory after thousands of calls over one connection', { timeout: 60_000 }, async () => {
    const { url } = await startBroker();
    const messenger = createMessenger();
    await messenger.subscribe(`${url}/q`).ready();
    const round = async (count: number): Promise<void> => {
      for (let number = 0; number < count; number += 50) {
        const some = Array.from({ length: 50 }, (_, index) =>
          messenger.subscribe(`${url}/${index}`, index % 2 === 0 ? { credit: 1 } : {}),
        );
        await Promise.all(some.map((subscription) => subscription.ready()));
        await Promise.all(some.map((subscription) => subscription.unsubscribe()));
      }
    };
    await round(1000);
    const before = memoryInUse();
    await round(3000);
    expect(memoryInUse() - before).toBeLessThan(2_000_000);
  });
});

describe('a durable subscription', () => {
  const terms = { name: 'audit', durable: true };

  it('is attached by its name, and stays when it is closed', async () => {
    const { subscription, wire, link } = await played({}, terms);
    expect(link.attach.fields).toMatchObject({
      name: 'audit',
      source: { durable: 2, expiry_policy: 'never' },
    });
    const closed = subscription.close();
    const { fields } = await wire.read('detach');
    expect(fields['closed']).not.toBe(true);
    answerDetach(wire, link, false);
    await closed;
  });

  it('is forgotten by the peer when it is unsubscribed from, even while the connection is lost', async () => {
    const { peer, subscription, wire, messenger } = await played({}, terms);
    wire.destroy();
    await reconnecting(messenger);
    const ended = [subscription.unsubscribe(), subscription.unsubscribe()];
    const second = await peer.accept();
    const link = await second.answerLink();
    expect((await second.read('detach')).fields).toMatchObject({ closed: true });
    answerDetach(second, link);
    await Promise.all(ended);
    expect(subscription.state).toBe('closed');
  });

  it('cannot be unsubscribed from when the peer does not come back, and says so', async () => {
    const { messenger, subscription, wire } = await played({ reconnect: { delay: 60_000 } }, terms);
    wire.destroy();
    await reconnecting(messenger);
    const ended = subscription.unsubscribe();
    await Promise.all([messenger.stop(), expect(ended).rejects.toMatchObject({ code: 'ERR_STATE' })]);

    const second = await played({ reconnect: { delay: 0, retries: 1 } }, terms);
    const closed = second.peer.close();
    await reconnecting(second.messenger);
    await expect(second.subscription.unsubscribe()).rejects.toMatchObject({ code: 'ERR_CONNECTION' });
    await closed;
  });

  it('is attached again by its name after a lost connection', async () => {
    const { peer, wire } = await played({}, { name: 'audit', shared: 'global' });
    wire.destroy();
    const again = await (await peer.accept()).answerLink();
    expect(again.attach.fields).toMatchObject({ name: 'audit|global', source: { capabilities: ['shared', 'global'] } });
  });

  it('is the only one of its name at a peer', async () => {
    const { messenger, peer, subscription } = await played({}, terms);
    expect(messenger.subscribe(peer.address('q'), { durable: true, name: 'audit', credit: 5 })).toBe(subscription);
    const refusal = expect.objectContaining({ code: 'ERR_STATE' }) as Error;
    expect(() => messenger.subscribe(peer.address('other'), terms)).toThrow(refusal);
    expect(() => messenger.subscribe(peer.address('q'), { ...terms, selector: 'a = 1' })).toThrow(refusal);
    const ended = subscription.unsubscribe({ timeout: 0 });
    expect(messenger.subscribe(peer.address('other'), terms).state).toBe('opening');
    await expect(ended).rejects.toMatchObject({ code: 'ERR_TIMEOUT' });
  });
});

describe('a subscription', () => {
  it('sends its options in its attach', async () => {
    const { link } = await played(
      {},
      { ttl: 1500, capabilities: ['queue'], properties: { tenant: 'a', level: 3 }, distributionMode: 'move' },
    );
    expect(link.attach.fields).toMatchObject({
      properties: { tenant: 'a', level: 3 },
      source: { expiry_policy: 'link-detach', timeout: 2, capabilities: ['queue'], distribution_mode: 'move' },
      target: { expiry_policy: 'link-detach', timeout: 2 },
    });
  });

  it('clamps its expiry timeout to the largest uint', async () => {
    const { link } = await played({}, { ttl: Infinity });
    expect(link.attach.fields).toMatchObject({ source: { timeout: 0xffff_ffff } });
  });

  it.each<[string, SubscribeOptions]>([
    ['a name that is empty', { name: '' }],
    ['durable without a name', { durable: true }],
    ['durable, in a messenger without a name', { name: 'a', durable: true }],
    ['shared without a name', { shared: true }],
    ['durable and a time to live', { name: 'a', durable: true, ttl: 1 }],
    ['a time to live that is none', { ttl: NaN }],
    ['a time to live that is text', { ttl: '5' as unknown as number }],
    ['shared as something else', { name: 'a', shared: 'yes' as unknown as boolean }],
    ['durable as something else', { name: 'a', durable: 1 as unknown as boolean }],
    ['a selector that is no text', { selector: 5 as unknown as string }],
    ['a mode there is not', { distributionMode: 'browse' as unknown as 'copy' }],
    ['capabilities that are no texts', { capabilities: [1] as unknown as string[] }],
    ['a credit that is none', { credit: -1 }],
    ['a credit that is more than the wire can say', { credit: 2 ** 31 }],
    ['filters that are no object', { filters: [] as unknown as SubscribeOptions['filters'] }],
    ['an option there is not', { prefetch: 5 } as unknown as SubscribeOptions],
  ])('with %s is refused at once', (_title, options) => {
    const messenger = createMessenger();
    const refusal = expect.objectContaining({ code: 'ERR_OPTION' }) as Error;
    expect(() => messenger.subscribe('amqp://127.0.0.1/q', options)).toThrow(refusal);
    expect(messenger.stopped).toBe(true);
  });

  it.each(['filters', 'properties'] as const)('with %s that have no AMQP form is refused at once', (name) => {
    const messenger = createMessenger();
    const options = { [name]: { bad: Symbol('bad') } } as unknown as SubscribeOptions;
    expect(() => messenger.subscribe('amqp://127.0.0.1/q', options)).toThrow(
      expect.objectContaining({ code: 'ERR_ENCODE' }) as Error,
    );
    expect(messenger.stopped).toBe(true);
  });

  it('refuses all options but credit when it listens', async () => {
    const messenger = createMessenger();
    expect(() => messenger.subscribe('amqp://~127.0.0.1:0', { selector: 'a = 1' })).toThrow(
      expect.objectContaining({ code: 'ERR_OPTION' }) as Error,
    );
    await messenger.subscribe('amqp://~127.0.0.1:0', { credit: 1 }).ready();
  });

  it('is the same for the same address and options in any order, and keeps its share of the credit', async () => {
    const { messenger, peer, subscription, wire } = await played({}, { capabilities: ['queue'], credit: 7 });
    expect((await wire.read('flow')).fields).toMatchObject({ link_credit: 7 });
    expect(messenger.subscribe(peer.address('q'), { capabilities: ['queue'] })).toBe(subscription);
    expect(messenger.receiving).toBe(7);
    expect(messenger.subscribe(peer.address('q'), { credit: 20, capabilities: ['queue'] })).toBe(subscription);
    expect(messenger.receiving).toBe(20);
    expect(messenger.subscribe(peer.address('q'), { capabilities: ['topic'] })).not.toBe(subscription);
  });

  it('does not change when the object with its options does', async () => {
    const terms = { name: 'a', credit: 7 };
    const { messenger, peer, subscription } = await played({}, terms);
    terms.credit = 1;
    terms.name = 'b';
    const loop = messenger.receive({ subscription, credit: 20 });
    expect(messenger.receiving).toBe(20);
    await loop.return();
    expect(messenger.subscribe(peer.address('q'), { name: 'a' })).toBe(subscription);
  });

  it('has no properties before the peer has answered', async () => {
    const peer = await ScriptedPeer.listen();
    const messenger = createMessenger();
    const subscription = messenger.subscribe(peer.address('q'));
    const wire = await peer.accept();
    await wire.answerOpen();
    await wire.answerBegin();
    await expect(subscription.ready({ timeout: 0 })).rejects.toMatchObject({ code: 'ERR_TIMEOUT' });
    const late = subscription.ready();
    await wire.answerAttach();
    expect(await late).toBe(subscription);
  });

  it('ends the connection of a peer that answers it twice', async () => {
    const { messenger, wire, link } = await played({ reconnect: false });
    const { name, source, target } = link.attach.fields;
    const attach = { name, handle: 5, role: false, source, target, initial_delivery_count: 0 };
    const received = messenger.recv();
    wire.send('attach', attach, link.channel);
    await expect(received).rejects.toMatchObject({ code: 'ERR_NO_SOURCES', cause: { code: 'ERR_PROTOCOL' } });
  });

  it('that the peer detaches with an error gives its credit back, and fails', async () => {
    const { messenger, peer, subscription, wire, link } = await played();
    const other = messenger.subscribe(peer.address('other'));
    await wire.answerBegin();
    const otherLink = await wire.answerAttach();
    await other.ready();
    await messenger.recv(10, { timeout: 0 }).catch(() => undefined);
    await wire.readAll('flow', 2);
    const failed = once(messenger, 'error');
    wire.send(
      'detach',
      { handle: link.handle, closed: true, error: { condition: 'amqp:link:redirect' } },
      link.channel,
    );
    expect((await failed)[0]).toMatchObject({ code: 'ERR_LINK', condition: 'amqp:link:redirect' });
    expect([subscription.state, messenger.receiving]).toEqual(['failed', 10]);
    // The other one gets it as soon as it has use for it.
    for (let id = 0; id < 5; id++) wire.transfer(otherLink, id, payload('a'));
    const { fields } = await wire.read('flow', ({ channel }) => channel === otherLink.channel);
    expect(Number(fields['delivery_count']) + Number(fields['link_credit'])).toBe(10);
  });

  it('that the peer detaches without closing is reported, detached and attached again', async () => {
    const { subscription, wire, link, messenger } = await played();
    const told = once(messenger, 'error');
    answerDetach(wire, link, false);
    expect(await told).toMatchObject([{ code: 'ERR_LINK' }]);
    expect(subscription.state).toBe('open');
    expect((await wire.read('detach')).fields['closed']).not.toBe(true);
    expect((await wire.read('attach')).fields['name']).toBe(link.attach.fields['name']);
  });
});

describe('grant()', () => {
  it('is the only source of credit with the option credit: 0', async () => {
    const { messenger, subscription, wire, link } = await played({}, { credit: 0 });
    const received = messenger.recv(-1);
    subscription.grant(2);
    expect((await wire.read('flow')).fields).toMatchObject({ link_credit: 2 });
    expect(messenger.receiving).toBe(2);
    for (let id = 0; id < 2; id++) wire.transfer(link, id, payload('a'));
    await received;
    while (messenger.incoming < 2) await messenger.work();
    expect(messenger.receiving).toBe(0);
    messenger.get();
    messenger.accept();
    expect(messenger.receiving).toBe(0);
  });

  it('takes effect before the link is attached, and again after it was lost', async () => {
    const peer = await ScriptedPeer.listen();
    const messenger = createTrackingMessenger({ reconnect: { delay: 0 } });
    const subscription = messenger.subscribe(peer.address('q'), { credit: 0 });
    subscription.grant(3);
    const wire = await peer.accept();
    const link = await wire.answerLink();
    expect((await wire.read('flow')).fields).toMatchObject({ link_credit: 3 });
    wire.transfer(link, 0, payload('a'));
    while (messenger.incoming < 1) await messenger.work();
    wire.destroy();
    const second = await peer.accept();
    await second.answerLink();
    expect((await second.read('flow')).fields).toMatchObject({ link_credit: 2 });
  });

  it('is not drained when the shared credit is', async () => {
    const { messenger, peer, subscription, wire, link } = await played();
    await messenger.recv(4, { timeout: 0 }).catch(() => undefined);
    subscription.grant(3);
    await wire.read('flow', ({ fields }) => fields['link_credit'] === 7);
    messenger.subscribe(peer.address('other'));
    await wire.answerBegin();
    await wire.answerAttach();
    // The other waits for its share: the first is asked to give back what it does not use, and does.
    await wire.read('flow', ({ fields }) => fields['drain'] === true);
    wire.grant(link, 0, { delivery_count: 7, drain: true });
    const [mine, theirs] = await Promise.all([
      wire.read('flow', ({ channel, fields }) => channel === link.channel && fields['link_credit'] === 5),
      wire.read('flow', ({ channel, fields }) => channel !== link.channel && fields['link_credit'] === 2),
    ]);
    expect([mine, theirs]).toHaveLength(2);
    expect(messenger.receiving).toBe(7);
  });

  it('never issues more credit than a uint can hold', async () => {
    const { subscription, wire, messenger } = await played({}, { credit: 0 });
    for (let time = 0; time < 3; time++) subscription.grant(2 ** 31 - 1);
    await wire.read('flow', ({ fields }) => fields['link_credit'] === 0xffff_ffff);
    expect(messenger.receiving).toBe(0xffff_ffff);
  });

  it('gives the same credit to every peer that has connected to a port', async () => {
    const server = createMessenger();
    const subscription = await server.subscribe('amqp://~127.0.0.1:0', { credit: 0 }).ready();
    const wires = [await Wire.dial(subscription.port ?? 0), await Wire.dial(subscription.port ?? 0)];
    for (const wire of wires) {
      await wire.begin();
      await wire.attach('sender', 'q');
    }
    subscription.grant(3);
    for (const wire of wires) expect((await wire.read('flow')).fields).toMatchObject({ link_credit: 3 });
  });
});

describe('a peer that settles before we do', () => {
  it('has its messages counted as queued until they are got', async () => {
    const { messenger, wire, link } = await played({}, { credit: 4 });
    await wire.read('flow');
    for (let id = 0; id < 4; id++) wire.transfer(link, id, payload('a'));
    wire.send('disposition', { role: false, first: 0, last: 3, settled: true }, link.channel);
    while (messenger.incoming < 4) await messenger.work();
    wire.send(
      'flow',
      { incoming_window: 1, next_outgoing_id: 4, outgoing_window: 1, handle: link.handle, echo: true },
      0,
    );
    const { fields } = await wire.read('flow');
    expect(fields).toMatchObject({ link_credit: 0 });
    messenger.get();
    expect(messenger.receiving).toBe(1);
  });

  it('gets the outcome and settles second in that mode, or never', async () => {
    const { messenger, wire, link } = await played(
      { receiverSettleMode: 'second' },
      { credit: 2 },
      { rcv_settle_mode: 1 },
    );
    expect(link.attach.fields).toMatchObject({ rcv_settle_mode: 1 });
    for (let id = 0; id < 100; id++) {
      await wire.until(() => messenger.receiving > 0);
      wire.transfer(link, id, payload('a'));
      while (messenger.incoming < 1) await messenger.work();
      messenger.accept(messenger.get()!.tracker);
    }
    const { fields } = await wire.read('disposition');
    expect(fields).toMatchObject({ first: 0, state: { type: 'accepted' } });
    expect(fields['settled']).not.toBe(true);
  });
});
