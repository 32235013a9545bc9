import { Messenger, QueueFullError } from 'amqp-messenger';
import type { Subscription } from 'amqp-messenger';
import { describe, expect, it } from 'vitest';
import { memoryInUse } from '../support/memory.js';
import { createMessenger, createTrackingMessenger, listen, receive } from '../support/messengers.js';
import { ScriptedPeer } from '../support/scripted-peer.js';
import { Wire } from '../support/wire.js';
import { payload } from '../support/wire-frames.js';

const MIB = 1 << 20;

/** A messenger with a subscription, and the peer at the other end of it. */
async function subscribed(): Promise<{
  receiver: Messenger;
  subscription: Subscription;
  wire: Wire;
  link: Awaited<ReturnType<Wire['answerLink']>>;
}> {
  const peer = await ScriptedPeer.listen();
  const receiver = createTrackingMessenger();
  const subscription = receiver.subscribe(peer.address('q'));
  const wire = await peer.accept();
  const link = await wire.answerLink();
  await subscription.ready();
  return { receiver, subscription, wire, link };
}

describe('a sender', () => {
  it('sends one message for one credit', async () => {
    const peer = await ScriptedPeer.listen();
    const sender = createTrackingMessenger();
    for (const body of ['a', 'b', 'c']) sender.put({ address: peer.address('q'), body });
    const wire = await peer.accept();
    const link = await wire.answerLink();
    for (let id = 0; id < 3; id++) {
      wire.grant(link, 1, { delivery_count: id, echo: true });
      expect((await wire.read('transfer')).fields['delivery_id']).toBe(id);
      wire.accept(link, id);
      // The answer to the echo was written before: nothing but the one message has come.
      await wire.read('flow');
      expect(wire.unread.filter(({ name }) => name === 'transfer')).toEqual([]);
    }
    await sender.send();
  });

  it('treats the largest credit as unlimited', async () => {
    const peer = await ScriptedPeer.listen();
    const sender = createTrackingMessenger();
    sender.put({ address: peer.address('q'), body: 'a' });
    const wire = await peer.accept();
    const link = await wire.answerLink();
    wire.grant(link, 0xffff_ffff);
    await wire.read('transfer');
    wire.accept(link, 0);
    await sender.send();
  });

  it('counts credit from the delivery-count the receiver knew of', async () => {
    const peer = await ScriptedPeer.listen();
    const sender = createTrackingMessenger();
    for (let index = 0; index < 5; index++) sender.put({ address: peer.address('q'), body: index });
    const wire = await peer.accept();
    const link = await wire.answerLink();
    wire.grant(link, 2);
    await wire.readAll('transfer', 2);
    // Written before the receiver had seen any of the two: it allows one more, not three.
    wire.grant(link, 3, { echo: true });
    await wire.read('transfer');
    await wire.read('flow');
    wire.accept(link, 0, 2);
    wire.grant(link, 0, { delivery_count: 3, echo: true });
    await wire.read('flow');
    expect(wire.unread.filter(({ name }) => name === 'transfer')).toEqual([]);
    expect(sender.outgoing).toBe(2);
  });

  it('keeps to a session window of one frame', async () => {
    const peer = await ScriptedPeer.listen();
    const sender = createTrackingMessenger();
    const bodies = ['a', 'b'.repeat(2500), 'c'];
    for (const body of bodies) sender.put({ address: peer.address('q'), body });
    const wire = await peer.accept();
    const link = await wire.answerLink({ open: { max_frame_size: 1000 }, begin: { incoming_window: 1 } });
    wire.grant(link, 10, { incoming_window: 1 });
    const ids = [];
    for (let transferId = 0; transferId < 5; transferId++) {
      ids.push((await wire.read('transfer')).fields['delivery_id']);
      // Opens no more window: the answer to its echo shows that nothing else was sent.
      const same = { next_incoming_id: transferId, incoming_window: 1 };
      wire.send('flow', { ...FLOW, ...same, handle: link.handle, delivery_count: 0, link_credit: 10, echo: true });
      await wire.read('flow');
      expect(wire.unread.filter(({ name }) => name === 'transfer')).toEqual([]);
      wire.send('flow', { ...FLOW, next_incoming_id: transferId + 1, incoming_window: 1 });
    }
    expect(ids).toEqual([0, 1, 1, 1, 2]);
    wire.accept(link, 0, 2);
    await sender.send();
  });

  it('gives back credit it has no messages for when it is drained', async () => {
    const peer = await ScriptedPeer.listen();
    const sender = createTrackingMessenger();
    const put = (body: string): unknown => sender.put({ address: peer.address('q'), body });
    put('a');
    const wire = await peer.accept();
    const link = await wire.answerLink();
    wire.grant(link, 10, { drain: true });
    await wire.read('transfer');
    const drained = await wire.read('flow');
    expect(drained.fields).toMatchObject({ handle: link.attach.fields['handle'], delivery_count: 10, drain: true });
    expect(drained.fields['link_credit'] ?? 0).toBe(0);

    put('b');
    wire.grant(link, 1, { delivery_count: 10 });
    expect((await wire.read('transfer')).fields['delivery_id']).toBe(1);
    wire.accept(link, 0, 1);
    await sender.send();
  });

  it.each([
    ['has no credit at all', 0],
    ['has none left', 1],
  ])('answers a drain though it %s', async (_words, credit) => {
    const peer = await ScriptedPeer.listen();
    const sender = createTrackingMessenger();
    for (const body of ['a', 'b', 'c']) sender.put({ address: peer.address('q'), body });
    const wire = await peer.accept();
    const link = await wire.answerLink();
    if (credit > 0) {
      wire.grant(link, credit);
      await wire.readAll('transfer', credit);
    }
    wire.grant(link, 0, { delivery_count: credit, drain: true });
    const { fields } = await wire.read('flow');
    expect(fields).toMatchObject({ delivery_count: credit, drain: true });
    expect(fields['link_credit'] ?? 0).toBe(0);
    wire.grant(link, 3, { delivery_count: credit });
    await wire.readAll('transfer', 3 - credit);
  });

  it('does not hold up one address because another has no credit', async () => {
    const peer = await ScriptedPeer.listen();
    const sender = createTrackingMessenger();
    const stuck = sender.put({ address: peer.address('stuck'), body: 0 });
    const trackers = Array.from({ length: 5000 }, (_, body) => sender.put({ address: peer.address('free'), body }));
    const wire = await peer.accept();
    await wire.answerOpen();
    await wire.answerBegin();
    await wire.answerAttach();
    await wire.answerBegin();
    const free = await wire.answerAttach();
    wire.grant(free, 5000);
    await wire.readAll('transfer', 5000);
    wire.accept(free, 0, 4999);
    await Promise.all(trackers.map((tracker) => tracker.outcome()));
    expect(stuck.status).toBe('pending');
  });

  it('holds what the peer does not read, up to maxOutgoing, and delivers it all when the peer reads again', async () => {
    const peer = await ScriptedPeer.listen();
    const sender = createTrackingMessenger({ maxOutgoing: { bytes: 16 * MIB } });
    const address = peer.address('q');
    const body = Buffer.alloc(100_000);
    const first = sender.put({ address, body });
    const wire = await peer.accept();
    const link = await wire.answerLink();
    wire.grant(link, 1_000_000);
    await wire.read('transfer');
    wire.accept(link, 0);
    await first.outcome();
    wire.socket.pause();

    const before = memoryInUse();
    let count = 0;
    const fill = (): void => {
      for (;;) {
        sender.put({ address, body });
        count++;
      }
    };
    expect(fill).toThrow(QueueFullError);
    await new Promise((resolve) => setImmediate(resolve));
    expect(fill).toThrow(/16\d{6} bytes are queued/);
    expect(sender.outgoing).toBe(count);
    expect(memoryInUse() - before).toBeLessThan(24 * MIB);

    const room = sender.ready();
    wire.socket.resume();
    await wire.readAll('transfer', count);
    wire.accept(link, 1, count);
    await sender.send();
    await room;
    expect(sender.outgoing).toBe(0);
  });

  it('takes little more memory for a large message than its bytes twice', async () => {
    const peer = await ScriptedPeer.listen();
    const sender = createTrackingMessenger();
    const before = memoryInUse();
    const body = Buffer.alloc(50 * MIB);
    sender.put({ address: peer.address('q'), body });
    const wire = await peer.accept();
    const link = await wire.answerLink();
    wire.grant(link, 1);
    let peak = 0;
    for (let size = 0, more = true; more;) {
      const frame = await wire.read('transfer');
      size += frame.payload.length;
      more = frame.fields['more'] === true;
      if (size % (10 * MIB) < frame.payload.length) peak = Math.max(peak, memoryInUse() - before);
    }
    wire.accept(link, 0);
    await sender.send();
    expect(peak).toBeLessThan(110 * MIB);
  });
});

describe('a receiver', () => {
  it('lets the peer send as many messages as recv() names, and no more', async () => {
    const receiver = createTrackingMessenger();
    const wire = await Wire.dial(Number(new URL(await listen(receiver)).port));
    await wire.begin();
    const link = await wire.attach('sender', 'q');
    const first = receiver.recv(3);
    expect((await wire.read('flow')).fields).toMatchObject({ link_credit: 3, delivery_count: 0 });
    expect(receiver.receiving).toBe(3);
    wire.transfer(link, 0, payload('a'));
    await first;
    expect([receiver.incoming, receiver.receiving]).toEqual([1, 2]);
    await receiver.recv(10);
    expect((await wire.read('flow')).fields).toMatchObject({ link_credit: 10, delivery_count: 1 });
    expect([receiver.incoming, receiver.receiving]).toEqual([1, 10]);
    wire.transfer(link, 1, payload('b'));
    while (receiver.incoming < 2) await new Promise((resolve) => setImmediate(resolve));
    expect(receiver.receiving).toBe(9);
  });

  it('lets the peer send more only after the outcomes of earlier messages', async () => {
    const peer = await ScriptedPeer.listen();
    const receiver = createTrackingMessenger();
    const subscription = receiver.subscribe(peer.address('q'), { credit: 4 });
    const wire = await peer.accept();
    const link = await wire.answerLink();
    await subscription.ready();
    let unsettled = 0;
    let credit = 0;
    for (let sent = 0, settled = 0; settled < 100;) {
      const frame = await wire.next();
      if (frame?.name === 'flow') credit = Number(frame.fields['link_credit']);
      if (frame?.name === 'disposition') {
        const count = Number(frame.fields['last'] ?? frame.fields['first']) - Number(frame.fields['first']) + 1;
        settled += count;
        unsettled -= count;
      }
      expect(unsettled + credit).toBeLessThanOrEqual(4);
      for (; credit > 0; credit--, unsettled++) wire.transfer(link, sent++, payload('a'));
      while (receiver.incoming < unsettled) await receiver.recv(-2);
      while (receiver.get() !== undefined) receiver.accept();
    }
  });

  it('takes credit back from a link that does not use it when another waits', async () => {
    const receiver = createTrackingMessenger();
    const wire = await Wire.dial(Number(new URL(await listen(receiver)).port));
    await wire.begin();
    const rich = await wire.attach('sender', 'rich');
    const all = receiver.recv(5);
    expect((await wire.read('flow')).fields).toMatchObject({ link_credit: 5 });
    const poor = await wire.attach('sender', 'poor');
    const drain = await wire.read('flow', ({ fields }) => fields['drain'] === true);
    expect(drain.fields['handle']).toBe(rich.attach.fields['handle']);
    wire.send('flow', {
      ...FLOW,
      next_incoming_id: 0,
      handle: rich.handle,
      delivery_count: 5,
      link_credit: 0,
      drain: true,
    });
    const granted = [await wire.read('flow'), await wire.read('flow')].map(({ fields }) => fields);
    const creditOf = (link: typeof rich): unknown =>
      granted.find(({ handle }) => handle === link.attach.fields['handle'])?.['link_credit'];
    expect([creditOf(rich), creditOf(poor)]).toEqual([2, 2]);
    expect(receiver.receiving).toBe(5);
    wire.transfer(poor, 0, payload('a'));
    await all;
  });

  it('counts a message that is half way when a drain is answered as the peer does', async () => {
    const receiver = createTrackingMessenger();
    const wire = await Wire.dial(Number(new URL(await listen(receiver)).port));
    await wire.begin();
    const rich = await wire.attach('sender', 'rich');
    const body = payload('x'.repeat(100));
    const all = receiver.recv(5);
    await wire.read('flow', ({ fields }) => fields['link_credit'] === 5);
    // The peer counts the message at its first frame, and gives the rest back.
    wire.transfer(rich, 0, body.subarray(0, 50), { more: true });
    await wire.attach('sender', 'poor');
    const { fields: asked } = await wire.read('flow', ({ fields }) => fields['drain'] === true);
    const sent = Number(asked['delivery_count']) + Number(asked['link_credit']);
    const answer = { ...FLOW, handle: rich.handle, delivery_count: sent, link_credit: 0, drain: true };
    wire.send('flow', { ...answer, next_incoming_id: 0 });
    wire.transfer(rich, undefined, body.subarray(50), { more: false });
    await all;
    receiver.accept(receiver.get()!.tracker);
    receiver.recv(4).catch(() => undefined); // until the test ends
    const { fields } = await wire.read(
      'flow',
      (flow) => flow.fields['handle'] === rich.attach.fields['handle'] && flow.fields['drain'] !== true,
    );
    const [count, credit] = [Number(fields['delivery_count']), Number(fields['link_credit'])];
    // It may be told before the message is whole, which then counts as one of the credit.
    expect([count, credit > 0]).toEqual([expect.toBeOneOf([sent - 1, sent]), true]);
    expect(count + credit).toBeGreaterThan(sent);
  });

  it('does not ask for a drain again when messages have answered it', async () => {
    const receiver = createTrackingMessenger();
    const wire = await Wire.dial(Number(new URL(await listen(receiver)).port));
    await wire.begin();
    const rich = await wire.attach('sender', 'rich');
    const first = receiver.recv(1);
    await wire.read('flow');
    await wire.attach('sender', 'poor');
    await wire.read('flow', ({ fields }) => fields['drain'] === true);
    wire.transfer(rich, 0, payload('a'));
    await first;
    await receiver.recv(2);
    const flows = await wire.readAll('flow', 2);
    expect(flows.map(({ fields }) => fields['drain'] ?? false)).toEqual([false, false]);
  });

  it('gives credit of a share again for a message that the peer took back', async () => {
    const peer = await ScriptedPeer.listen();
    createTrackingMessenger().subscribe(peer.address('q'), { credit: 1 });
    const wire = await peer.accept();
    const link = await wire.answerLink();
    for (let id = 0; id < 3; id++) {
      expect((await wire.read('flow')).fields).toMatchObject({ link_credit: 1, delivery_count: id });
      wire.transfer(link, id, payload('half'), { more: true });
      wire.transfer(link, id, Buffer.alloc(0), { aborted: true });
    }
  });

  it.each<[string, (messenger: Messenger, subscription: Subscription) => void]>([
    ['recv(1)', (messenger) => void messenger.recv(1).catch(() => undefined)],
    ['grant(1)', (_messenger, subscription) => subscription.grant(1)],
  ])('gives credit of %s again for a message that the peer took back', async (_title, ask) => {
    const { receiver, subscription, wire, link } = await subscribed();
    ask(receiver, subscription);
    for (let id = 0; id < 3; id++) {
      expect((await wire.read('flow')).fields).toMatchObject({ link_credit: 1, delivery_count: id });
      wire.transfer(link, id, payload('half'), { more: true });
      wire.transfer(link, id, Buffer.alloc(0), { aborted: true });
    }
    await wire.read('flow');
    wire.transfer(link, 3, payload('whole'));
    while (receiver.incoming < 1) await new Promise((resolve) => setImmediate(resolve));
    expect(receiver.receiving).toBe(0);
  });

  it('asks again for a message that the peer took back, when the one before has used the credit the program granted', async () => {
    const { receiver, subscription, wire, link } = await subscribed();
    subscription.grant(1);
    const asked = receiver.recv(1);
    await wire.read('flow', ({ fields }) => fields['link_credit'] === 2);
    wire.transfer(link, 0, payload('whole'));
    wire.transfer(link, 1, payload('half'), { more: true });
    wire.transfer(link, 1, Buffer.alloc(0), { aborted: true });
    await asked;
    await wire.read('flow', ({ fields }) => fields['delivery_count'] === 2 && fields['link_credit'] === 1);
    // One is on its way already, so no more is asked for.
    await receiver.recv(1);
    expect(receiver.receiving).toBe(1);
  });

  it('gives no more credit than its queue has room for', async () => {
    const receiver = createMessenger();
    const wire = await Wire.dial(Number(new URL(await listen(receiver)).port));
    await wire.begin();
    const link = await wire.attach('sender', 'q');
    await receiver.recv(-1, { timeout: 0 }).catch(() => undefined);
    await wire.read('flow', ({ fields }) => fields['link_credit'] === 1024);
    for (let id = 0; id < 1024; id++) wire.transfer(link, id, payload('a'), { settled: true });
    wire.send('flow', {
      ...FLOW,
      next_incoming_id: 0,
      handle: link.handle,
      delivery_count: 1024,
      link_credit: 0,
      echo: true,
    });
    const answer = await wire.read('flow', ({ fields }) => fields['delivery_count'] === 1024);
    expect(answer.fields['link_credit'] ?? 0).toBe(0);
    expect([receiver.incoming, receiver.receiving]).toEqual([1024, 0]);
    for (let index = 0; index < 600; index++) receiver.get();
    const refill = await wire.read('flow');
    expect(refill.fields['link_credit']).toBe(600);
  });

  it('takes little more memory for a large message than its bytes twice', async () => {
    const receiver = createTrackingMessenger({ maxMessageSize: 64 * MIB });
    const wire = await Wire.dial(Number(new URL(await listen(receiver)).port));
    await wire.begin();
    const link = await wire.attach('sender', 'q');
    const all = receive(receiver, 1);
    const part = Buffer.alloc(MIB - 100);
    const size = 50 * MIB;
    const before = memoryInUse();
    let peak = 0;
    wire.transfer(link, 0, payload(Buffer.alloc(size)).subarray(0, 8), { more: true });
    for (let left = size; left > 0; left -= part.length) {
      wire.transfer(link, undefined, part.subarray(0, Math.min(left, part.length)), { more: left > part.length });
      if (wire.socket.writableNeedDrain) await new Promise((resolve) => wire.socket.once('drain', resolve));
      if (left % (10 * MIB) < part.length) peak = Math.max(peak, memoryInUse() - before);
    }
    const [{ message }] = (await all) as [Awaited<typeof all>[number]];
    expect((message.body as Buffer).length).toBe(size);
    expect(Math.max(peak, memoryInUse() - before)).toBeLessThan(110 * MIB);
  });
});

const FLOW = { next_incoming_id: 0, incoming_window: 1000, next_outgoing_id: 0, outgoing_window: 1000 };

it('has a queue bound by default', () => {
  // A messenger that is never used holds nothing open, so it needs no close.
  expect(new Messenger().outgoing).toBe(0);
});
