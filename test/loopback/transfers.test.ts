import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { FaultProxy } from '../support/fault-proxy.js';
import { createMessenger, createTrackingMessenger, listen, receive, startBroker } from '../support/messengers.js';
import { ScriptedPeer } from '../support/scripted-peer.js';
import { Wire } from '../support/wire.js';
import { AMQP_HEADER, encodeFrame, payload } from '../support/wire-frames.js';
import type { WireFrame } from '../support/wire-frames.js';

const MIB = 1 << 20;
const BEGIN = { next_outgoing_id: 0, incoming_window: 1000, outgoing_window: 1000 };

/** The body of a message that `payload(Buffer)` or a messenger made from bytes. */
function bytesOf(frames: readonly WireFrame[]): Buffer {
  const whole = Buffer.concat(frames.map((frame) => frame.payload));
  return whole.subarray(whole.indexOf(Buffer.from([0x00, 0x53, 0x75, 0xb0])) + 8);
}

describe('a message of many frames', () => {
  it('passes from a dialling messenger to a listening one and back unchanged', async () => {
    const answerer = createTrackingMessenger({ name: 'answerer', maxFrameSize: 4096 });
    const address = await listen(answerer);
    const asker = createTrackingMessenger({ name: 'asker', maxFrameSize: 8192 });
    const body = randomBytes(MIB);
    asker.put({ address, body, replyTo: '~' });

    const [question] = await receive(answerer, 1);
    expect(body.equals(question!.message.body as Buffer)).toBe(true);
    answerer.put({ address: question!.message.replyTo, body });
    const [answer] = await receive(asker, 1);
    expect(body.equals(answer!.message.body as Buffer)).toBe(true);
  });

  it('passes through a broker unchanged, at every size around the frame size', async () => {
    const broker = await startBroker();
    const sender = createTrackingMessenger();
    const receiver = createTrackingMessenger({ maxFrameSize: 512 });
    receiver.subscribe(`${broker.url}/q`);
    const bodies = Array.from({ length: 80 }, (_, index) => randomBytes(440 + index));
    for (const body of bodies) sender.put({ address: `${broker.url}/q`, body });
    const received = await receive(receiver, bodies.length);
    expect(received.map(({ message }) => message.body)).toEqual(bodies);
  });

  it('shares a connection with other links, frame by frame', async () => {
    const peer = await ScriptedPeer.listen();
    const sender = createTrackingMessenger();
    const names = ['a', 'b', 'c'];
    const bodies = names.map(() => randomBytes(MIB));
    for (const [index, name] of names.entries()) sender.put({ address: peer.address(name), body: bodies[index]! });
    const wire = await peer.accept();
    await wire.answerOpen({ max_frame_size: 4096 });
    const links = [];
    for (const name of names) {
      await wire.answerBegin();
      links.push({ name, link: await wire.answerAttach() });
    }
    for (const { link } of links) wire.grant(link, 1);
    const last = new Map<number, WireFrame[]>();
    const finished: number[] = [];
    const startedBeforeFirstEnd = new Set<number>();
    while (finished.length < names.length) {
      const frame = await wire.read('transfer');
      last.set(frame.channel, [...(last.get(frame.channel) ?? []), frame]);
      if (finished.length === 0) startedBeforeFirstEnd.add(frame.channel);
      if (frame.fields['more'] !== true) finished.push(frame.channel);
    }
    expect(startedBeforeFirstEnd.size).toBe(names.length);
    for (const { name, link } of links) {
      const address = (link.attach.fields['target'] as { address: string }).address;
      expect(bytesOf(last.get(link.channel)!).equals(bodies[names.indexOf(address)]!), name).toBe(true);
    }
  });

  it('is put together when frames of several links of one session alternate', async () => {
    const receiver = createTrackingMessenger();
    const port = Number(new URL(await listen(receiver)).port);
    const wire = await Wire.dial(port);
    await wire.begin();
    const links = [await wire.attach('sender', 'a'), await wire.attach('sender', 'b')];
    const bodies = links.map(() => randomBytes(10_000));
    const whole = bodies.map((body) => payload(body));
    const all = receive(receiver, 2);
    for (let from = 0; from < whole[0]!.length; from += 1000) {
      for (const [index, link] of links.entries()) {
        const more = from + 1000 < whole[index]!.length;
        wire.transfer(link, from === 0 ? index : undefined, whole[index]!.subarray(from, from + 1000), { more });
      }
    }
    expect((await all).map(({ message }) => message.body)).toEqual(bodies);
  });

  it('is forgotten when the peer aborts it', async () => {
    const receiver = createTrackingMessenger();
    const port = Number(new URL(await listen(receiver)).port);
    const wire = await Wire.dial(port);
    await wire.begin();
    const link = await wire.attach('sender', 'q');
    wire.transfer(link, 0, payload('half a mess').subarray(0, 8), { more: true });
    wire.transfer(link, 0, Buffer.alloc(0), { aborted: true });
    wire.transfer(link, 1, Buffer.alloc(0), { aborted: true, more: true });
    wire.transfer(link, 2, payload('whole'));
    const received = await receive(receiver, 1);
    expect(received.map(({ message }) => message.body)).toEqual(['whole']);
    receiver.accept();
    expect((await wire.read('disposition')).fields).toMatchObject({ first: 2, last: 2, settled: true });
  });

  it('counts as settled when any of its frames says so', async () => {
    const receiver = createTrackingMessenger();
    const port = Number(new URL(await listen(receiver)).port);
    const wire = await Wire.dial(port);
    await wire.begin();
    const link = await wire.attach('sender', 'q');
    const [bytes, all] = [payload('settled later'), receive(receiver, 1)];
    wire.transfer(link, 7, bytes.subarray(0, 5), { more: true });
    wire.transfer(link, undefined, bytes.subarray(5), { settled: true });
    expect((await all)[0]!.tracker.status).toBe('settled');
  });
});

describe('bytes that arrive one by one', () => {
  it('make the same messages, outcomes and answers', async () => {
    const broker = await startBroker();
    const proxy = await FaultProxy.listen(broker.port, { singleBytes: true });
    const address = `amqp://127.0.0.1:${proxy.port}/q`;
    const sender = createTrackingMessenger();
    const receiver = createTrackingMessenger({ maxFrameSize: 512 });
    receiver.subscribe(address);
    const bodies = ['', 'a', 'b'.repeat(2000), 'c'];
    const trackers = bodies.map((body) => sender.put({ address, body }));
    const received = await receive(receiver, bodies.length);
    receiver.accept();
    await sender.send();
    expect(received.map(({ message }) => message.body)).toEqual(bodies);
    expect(trackers.map(({ status }) => status)).toEqual(bodies.map(() => 'accepted'));
  });
});

describe('a peer that does not wait for answers', () => {
  it('may send a message in the same packet as its open, begin and attach', async () => {
    const receiver = createTrackingMessenger();
    const wire = await Wire.connect(Number(new URL(await listen(receiver)).port));
    wire.write(
      AMQP_HEADER,
      encodeFrame('open', { container_id: 'hasty' }),
      encodeFrame('begin', BEGIN),
      encodeFrame('attach', { name: 'l', handle: 0, role: false, target: { address: 'q' }, initial_delivery_count: 0 }),
      encodeFrame('transfer', { handle: 0, delivery_id: 0, delivery_tag: Buffer.from('t') }, 0, payload('hasty')),
    );
    const received = await receive(receiver, 1);
    expect(received[0]!.message.body).toBe('hasty');
  });

  it('gets our attach before the first message it gave credit for at once', async () => {
    const broker = await startBroker();
    const sender = createTrackingMessenger();
    sender.put({ address: `${broker.url}/q`, body: 'first' });
    await sender.send();
    const wire = await Wire.connect(broker.port);
    wire.write(
      AMQP_HEADER,
      encodeFrame('open', { container_id: 'hasty' }),
      encodeFrame('begin', BEGIN),
      encodeFrame('attach', { name: 'l', handle: 0, role: true, source: { address: 'q' } }),
      encodeFrame('flow', { ...BEGIN, next_incoming_id: 0, handle: 0, delivery_count: 0, link_credit: 10 }),
    );
    await wire.until(() => wire.unread.some(({ name }) => name === 'transfer'));
    expect(wire.unread.map(({ name }) => name)).toEqual(['header', 'open', 'begin', 'attach', 'transfer']);
  });
});

describe('serial numbers', () => {
  it('wrap at 2³² for deliveries, transfers and the delivery-count that comes in', async () => {
    const receiver = createTrackingMessenger();
    const wire = await Wire.dial(Number(new URL(await listen(receiver)).port));
    const start = 0xffff_fffc;
    await wire.begin({ next_outgoing_id: start });
    const link = await wire.attach('sender', 'q', { initial_delivery_count: start });
    await receiver.recv(6, { timeout: 0 }).catch(() => undefined);
    const flow = await wire.read('flow', ({ fields }) => fields['link_credit'] === 6);
    expect(flow.fields).toMatchObject({ next_incoming_id: start, delivery_count: start });
    for (let index = 0; index < 6; index++) wire.transfer(link, (start + index) >>> 0, payload(`${index}`));
    const bodies = [];
    while (bodies.length < 6) {
      await receiver.recv(-2);
      bodies.push(receiver.get()!.message.body);
    }
    expect(bodies).toEqual(['0', '1', '2', '3', '4', '5']);
    receiver.accept();
    expect((await wire.read('disposition')).fields).toMatchObject({ first: start, last: 1 });
    await receiver.recv(1, { timeout: 0 }).catch(() => undefined);
    const next = await wire.read('flow', ({ fields }) => fields['link_credit'] === 1);
    expect(next.fields).toMatchObject({ next_incoming_id: 2, delivery_count: 2 });
  });

  it('may leave gaps between deliveries', async () => {
    const receiver = createMessenger({ incomingWindow: -1 });
    const wire = await Wire.dial(Number(new URL(await listen(receiver)).port));
    await wire.begin();
    const link = await wire.attach('sender', 'q');
    for (const id of [5, 9, 0x7fff_ffff]) wire.transfer(link, id, payload(`${id}`));
    await receive(receiver, 3);
    receiver.accept();
    expect((await wire.readAll('disposition', 3)).map(({ fields }) => fields['first'])).toEqual([5, 9, 0x7fff_ffff]);
  });
});
