import { once } from 'node:events';
import type { Messenger, MessengerOptions } from 'amqp-messenger';
import { describe, expect, it } from 'vitest';
import { createTrackingMessenger, listen, receive } from '../support/messengers.js';
import { ScriptedPeer } from '../support/scripted-peer.js';
import { Wire } from '../support/wire.js';
import type { WireLink } from '../support/wire.js';
import { encodeFrame, payload, state } from '../support/wire-frames.js';
import type { Fields } from '../support/wire-frames.js';

/** A messenger that has sent `count` messages to a scripted peer, which has read them and said nothing yet. */
async function sent(count: number): Promise<{ wire: Wire; link: WireLink; sender: Messenger; trackers: Tracker[] }> {
  const peer = await ScriptedPeer.listen();
  const sender = createTrackingMessenger();
  const trackers = Array.from({ length: count }, (_, index) => sender.put({ address: peer.address('q'), body: index }));
  const wire = await peer.accept();
  const link = await wire.answerLink();
  wire.grant(link, count);
  await wire.readAll('transfer', count);
  return { wire, link, sender, trackers };
}
type Tracker = ReturnType<Messenger['put']>;

/** A messenger that has received `count` messages, with delivery-ids from 0, from a scripted peer. */
async function received(
  count: number,
  options: MessengerOptions = {},
  open: Fields = {},
): Promise<{ wire: Wire; link: WireLink; receiver: Messenger; trackers: Tracker[] }> {
  const receiver = createTrackingMessenger(options);
  const wire = await Wire.dial(Number(new URL(await listen(receiver)).port), open);
  await wire.begin();
  const link = await wire.attach('sender', 'q');
  const all = receive(receiver, count);
  for (let id = 0; id < count; id++) wire.transfer(link, id, payload(`${id}`));
  return { wire, link, receiver, trackers: (await all).map(({ tracker }) => tracker) };
}

describe('the outcomes of sent messages', () => {
  it('reach their trackers', async () => {
    const { wire, sender, trackers } = await sent(5);
    const tell = (first: number, fields: object): void =>
      wire.send('disposition', { role: true, first, settled: true, ...fields });
    tell(0, { state: state('accepted') });
    tell(1, {
      state: state('rejected', { error: { condition: 'amqp:not-allowed', description: 'no more of these' } }),
    });
    tell(2, { state: state('released') });
    tell(3, { state: state('modified', { delivery_failed: true }) });
    tell(4, {});
    await sender.send();
    expect(trackers.map(({ status }) => status)).toEqual(['accepted', 'rejected', 'released', 'modified', 'settled']);
    expect(trackers[1]!.error).toMatchObject({ code: 'ERR_LINK', condition: 'amqp:not-allowed' });
    expect(trackers[1]!.error!.message).toContain('no more of these');
  });

  it('are settled by us, as ranges, when the peer has not settled them', async () => {
    const { wire, sender } = await sent(6);
    const tell = (first: number, last: number, outcome: 'accepted' | 'released'): void =>
      wire.send('disposition', { role: true, first, last, settled: false, state: state(outcome) });
    wire.write(
      ...[
        [4, 5],
        [0, 1],
        [2, 2],
      ].map(([first, last]) =>
        encodeFrame('disposition', { role: true, first, last, settled: false, state: state('accepted') }),
      ),
    );
    tell(3, 3, 'released');
    await sender.send();
    const settled = [];
    for (let count = 0; count < 6;) {
      const { fields } = await wire.read('disposition');
      expect(fields).toMatchObject({ role: false, settled: true });
      settled.push(fields);
      count += (fields['last'] as number) - (fields['first'] as number) + 1;
    }
    const accepted = settled.filter((fields) => (fields['state'] as { type: string }).type === 'accepted');
    expect(accepted.map((fields) => [fields['first'], fields['last']])).toEqual([
      [0, 2],
      [4, 5],
    ]);
  });

  it('are still open while the peer has only sent the state received', async () => {
    const { wire, sender, trackers } = await sent(1);
    const received = state('received', { section_number: 0, section_offset: 0 });
    wire.send('disposition', { role: true, first: 0, settled: false, state: received });
    wire.send('disposition', { role: true, first: 0, settled: false });
    expect(trackers[0]!.status).toBe('pending');
    wire.send('disposition', { role: true, first: 0, settled: true, state: state('accepted') });
    await sender.send();
    expect(trackers[0]!.status).toBe('accepted');
  });

  it('cost nothing when a disposition names four thousand million deliveries', async () => {
    const { wire, sender, trackers } = await sent(3);
    for (let round = 0; round < 1000; round++) {
      wire.send('disposition', { role: true, first: 3, last: 0xffff_ffff, settled: true, state: state('accepted') });
    }
    wire.send('disposition', { role: true, first: 0, last: 0xffff_ffff, settled: true, state: state('accepted') });
    await sender.send();
    expect(trackers.map(({ status }) => status)).toEqual(['accepted', 'accepted', 'accepted']);
  });

  it('come in for later messages while the oldest has none', async () => {
    const { wire, link, sender, trackers } = await sent(3000);
    wire.accept(link, 1, 2999);
    await trackers[2999]!.outcome();
    const address = `amqp://127.0.0.1:${wire.socket.localPort ?? 0}/q`;
    const more = Array.from({ length: 3000 }, (_, body) => sender.put({ address, body }));
    wire.grant(link, 3000, { delivery_count: 3000 });
    await wire.readAll('transfer', 3000);
    wire.accept(link, 3000, 5999);
    await more[2999]!.outcome();
    expect([trackers[0]!.status, sender.outgoing]).toEqual(['pending', 1]);
    wire.accept(link, 0);
    await sender.send();
  });

  it('never change', async () => {
    const { wire, sender, trackers } = await sent(2);
    wire.send('disposition', { role: true, first: 0, settled: true, state: state('released') });
    wire.send('disposition', { role: true, first: 0, last: 1, settled: true, state: state('accepted') });
    await sender.send();
    expect(trackers.map(({ status }) => status)).toEqual(['released', 'accepted']);
  });

  it('may come before the last frame of the message', async () => {
    const peer = await ScriptedPeer.listen();
    const sender = createTrackingMessenger();
    const [first, second] = [Buffer.alloc(100_000), Buffer.alloc(10)];
    const trackers = [first, second].map((body) => sender.put({ address: peer.address('q'), body }));
    const wire = await peer.accept();
    const link = await wire.answerLink({ open: { max_frame_size: 1000 }, begin: { incoming_window: 2 } });
    wire.grant(link, 2, { incoming_window: 2 });
    await wire.readAll('transfer', 2);
    wire.send('disposition', { role: true, first: 0, settled: true, state: state('rejected') });
    expect(await trackers[0]!.outcome()).toBe('rejected');
    wire.grant(link, 2, { next_incoming_id: 2, incoming_window: 1000 });
    await wire.read('transfer', ({ fields }) => fields['delivery_id'] === 0 && fields['more'] !== true);
    await wire.read('transfer', ({ fields }) => fields['delivery_id'] === 1);
    wire.accept(link, 1);
    await sender.send();
    expect(trackers[1]!.status).toBe('accepted');
  });
});

describe('the outcomes of received messages', () => {
  it('leave as one range for consecutive deliveries with the same outcome', async () => {
    const { wire, receiver } = await received(100);
    receiver.accept();
    const { fields } = await wire.read('disposition');
    expect(fields).toMatchObject({ role: true, first: 0, last: 99, settled: true, state: { type: 'accepted' } });
  });

  it('leave as ranges in order, whatever the order of the calls', async () => {
    const { wire, receiver, trackers } = await received(8);
    for (const index of [7, 2, 0, 1, 6]) receiver.accept(trackers[index]);
    for (const index of [4, 3]) receiver.release(trackers[index]);
    receiver.reject(trackers[5], { condition: 'amqp:not-allowed', description: 'no' });
    const frames = await wire.readAll('disposition', 4);
    expect(
      frames.map(({ fields: { first, last, state: said } }) => [first, last, (said as { type: string }).type]),
    ).toEqual([
      [0, 2, 'accepted'],
      [3, 4, 'released'],
      [5, 5, 'rejected'],
      [6, 7, 'accepted'],
    ]);
    expect(frames[2]!.fields['state']).toMatchObject({ error: { condition: 'amqp:not-allowed', description: 'no' } });
  });

  it('carry the fields of a modification', async () => {
    const { wire, receiver, trackers } = await received(1);
    receiver.modify(trackers[0], { deliveryFailed: true, undeliverableHere: true, annotations: { 'x-why': 'late' } });
    const { fields } = await wire.read('disposition');
    expect(fields['state']).toMatchObject({
      type: 'modified',
      delivery_failed: true,
      undeliverable_here: true,
      message_annotations: { 'x-why': 'late' },
    });
  });

  it.each([
    ['a description of one byte a character', 'x'.repeat(5000)],
    ['a description of several bytes a character', '界'.repeat(2000)],
    ['a description that fits but for its end', 'é'.repeat(230)],
  ])('keeps to the frame size of the peer, with %s cut short', async (_words, description) => {
    const { wire, receiver, trackers } = await received(1, {}, { max_frame_size: 512 });
    const before = wire.socket.bytesRead;
    receiver.reject(trackers[0], { condition: 'amqp:internal-error', description });
    const { fields } = await wire.read('disposition');
    expect(wire.socket.bytesRead - before).toBeLessThanOrEqual(512);
    const { error } = fields['state'] as { error: { condition: string; description: string } };
    expect(error.condition).toBe('amqp:internal-error');
    const [kept] = error.description.split('...');
    expect([description.startsWith(kept!), kept!.length > 130]).toEqual([true, true]);
    expect(receiver.status(trackers[0]!)).toBe('rejected');
  });

  it('keeps to the frame size of the peer, without annotations that do not fit', async () => {
    const { wire, receiver, trackers } = await received(1, {}, { max_frame_size: 512 });
    receiver.modify(trackers[0], { deliveryFailed: true, annotations: { 'x-why': 'x'.repeat(5000) } });
    const { fields } = await wire.read('disposition');
    expect(fields['state']).toMatchObject({ type: 'modified', delivery_failed: true });
    expect((fields['state'] as Fields)['message_annotations'] ?? null).toBeNull();
  });

  it('keeps to the frame size of the peer, without a condition that does not fit', async () => {
    const { wire, receiver, trackers } = await received(1, {}, { max_frame_size: 512 });
    receiver.reject(trackers[0], { condition: 'x'.repeat(600), description: 'a' });
    const { fields } = await wire.read('disposition');
    expect(fields['state']).toMatchObject({ type: 'rejected' });
    expect((fields['state'] as Fields)['error'] ?? null).toBeNull();
  });

  it.each([
    ['released', { type: 'released' }],
    ['accepted', { type: 'accepted' }],
    ['rejected', { type: 'rejected' }],
    ['modified', { type: 'modified', delivery_failed: true }],
  ] as const)('is %s by default when it is only settled, and when it falls out of the window', async (type, state) => {
    const { wire, receiver, trackers } = await received(3, { incomingWindow: 2, defaultOutcome: type });
    const fallen = await wire.read('disposition');
    expect(fallen.fields).toMatchObject({ first: 0, last: 0, settled: true, state });
    receiver.settle(trackers[2], { cumulative: true });
    const settled = await wire.read('disposition');
    expect(settled.fields).toMatchObject({ first: 1, last: 2, settled: true, state });
  });

  it('are accepted, by get(), with window 0', async () => {
    const { wire, trackers } = await received(2, { incomingWindow: 0 });
    expect((await wire.read('disposition')).fields).toMatchObject({ first: 0, last: 1, state: { type: 'accepted' } });
    expect(trackers.map(({ status }) => status)).toEqual(['accepted', 'accepted']);
  });

  it('are the first ones given', async () => {
    const { wire, receiver, trackers } = await received(3);
    receiver.reject(trackers[1]);
    receiver.accept();
    receiver.release(trackers[2]);
    const frames = await wire.readAll('disposition', 3);
    expect(frames.map(({ fields }) => (fields['state'] as { type: string }).type)).toEqual([
      'accepted',
      'rejected',
      'accepted',
    ]);
  });

  it('are not sent for deliveries that the peer has settled meanwhile', async () => {
    const { wire, link, receiver, trackers } = await received(3);
    wire.send('disposition', { role: false, first: 0, last: 1, settled: true });
    wire.transfer(link, 3, payload('3'));
    await receive(receiver, 1);
    expect(trackers.map(({ status }) => status)).toEqual(['settled', 'settled', 'pending']);
    receiver.accept();
    expect((await wire.read('disposition')).fields).toMatchObject({ first: 2, last: 3 });
  });
});

describe('a message that its sender takes back', () => {
  const STATES = [
    ['released', {}],
    ['modified', { delivery_failed: true }],
    ['rejected', { error: { condition: 'amqp:not-allowed', description: 'held for too long' } }],
  ] as const;

  it.each(STATES)('and settles, as %s, is aborted, and accepting it tells the peer nothing', async (type, fields) => {
    const { wire, link, receiver, trackers } = await received(3);
    const told = once(receiver, 'error');
    wire.send('disposition', { role: false, first: 0, last: 1, settled: true, state: state(type, fields) });
    const [error] = (await told) as [Error];
    expect(error).toMatchObject({ code: 'ERR_LINK' });
    expect(error.message).toContain(`The peer has taken back 2 messages of q (${type})`);
    expect(trackers.map(({ status }) => status)).toEqual(['aborted', 'aborted', 'pending']);
    expect([trackers[0]!.error, trackers[1]!.error]).toEqual([error, error]);
    receiver.accept(trackers[0]);
    receiver.accept(trackers[2]);
    expect((await wire.read('disposition')).fields).toMatchObject({ first: 2, last: 2, state: { type: 'accepted' } });
    expect(trackers[0]!.status).toBe('aborted');
    wire.transfer(link, 3, payload('3'));
    expect((await receive(receiver, 1))[0]!.message.body).toBe('3');
  });

  it.each(STATES)('and does not settle, as %s, is aborted and settled from here', async (type, fields) => {
    const { wire, receiver, trackers } = await received(3);
    const told = once(receiver, 'error');
    wire.send('disposition', { role: false, first: 1, settled: false, state: state(type, fields) });
    await told;
    const said = await wire.read('disposition');
    expect(said.fields).toMatchObject({ role: true, first: 1, last: 1, settled: true, state: { type } });
    expect(trackers.map(({ status }) => status)).toEqual(['pending', 'aborted', 'pending']);
  });

  it('stays open while the sender has only said that it was accepted, or how much of it was received', async () => {
    const { wire, link, receiver, trackers } = await received(1);
    const states = [state('accepted'), state('received', { section_number: 0, section_offset: 0 })];
    for (const each of states) wire.send('disposition', { role: false, first: 0, settled: false, state: each });
    wire.transfer(link, 1, payload('1'));
    await receive(receiver, 1);
    expect(trackers[0]!.status).toBe('pending');
    receiver.reject(trackers[0]);
    expect((await wire.read('disposition')).fields).toMatchObject({ first: 0, state: { type: 'rejected' } });
  });

  it('and that nobody has got yet is taken out of the queue, with its credit', async () => {
    const peer = await ScriptedPeer.listen();
    const receiver = createTrackingMessenger();
    receiver.subscribe(peer.address('q'), { credit: 2 });
    const wire = await peer.accept();
    const link = await wire.answerLink();
    await wire.read('flow', ({ fields }) => fields['link_credit'] === 2);
    const [come, told] = [receiver.recv(), once(receiver, 'error')];
    for (const id of [0, 1]) wire.transfer(link, id, payload(`${id}`));
    await come;
    expect(receiver.incoming).toBe(2);
    wire.send('disposition', { role: false, first: 0, last: 0, settled: true, state: state('released') });
    await told;
    expect(receiver.incoming).toBe(1);
    await wire.read('flow', ({ fields }) => fields['delivery_count'] === 2 && fields['link_credit'] === 1);
    expect(receiver.get()!.message.body).toBe('1');
  });

  it('makes room in the window for a loop that waits', async () => {
    const peer = await ScriptedPeer.listen();
    const receiver = createTrackingMessenger({ incomingWindow: 1 });
    receiver.on('error', () => undefined);
    receiver.subscribe(peer.address('q'));
    const loop = receiver.receive({ credit: 10 })[Symbol.asyncIterator]();
    const first = loop.next();
    const wire = await peer.accept();
    const link = await wire.answerLink();
    await wire.read('flow', ({ fields }) => fields['link_credit'] === 10);
    for (const id of [0, 1]) wire.transfer(link, id, payload(`${id}`));
    const held = (await first).value!;
    const next = loop.next();
    wire.send('disposition', { role: false, first: 0, settled: false, state: state('released') });
    expect((await next).value!.message.body).toBe('1');
    held.accept();
    expect(held.tracker.status).toBe('aborted');
  });
});
