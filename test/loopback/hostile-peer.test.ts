import type { ConnectionChange, Messenger, MessengerOptions } from 'amqp-messenger';
import { describe, expect, it, vi } from 'vitest';
import { memoryInUse } from '../support/memory.js';
import { createTrackingMessenger, receive, startBroker } from '../support/messengers.js';
import { ScriptedPeer } from '../support/scripted-peer.js';
import { AMQP_HEADER, HEARTBEAT, encodeFrame, nestedLists, payload, rawFrame, uint32 } from '../support/wire-frames.js';
import { Wire } from '../support/wire.js';
import type { WireLink } from '../support/wire.js';

const MIB = 1 << 20;
const NESTED = Buffer.from([...Array<number[]>(40).fill([0xc0, 0xff, 0x01]).flat(), 0x45]);

/** An array of `count` elements that take no bytes. */
const bomb = (count: number): Buffer => Buffer.from([0xf0, 0, 0, 0, 5, ...uint32(count), 0x40]);

/** A performative by its code, with these bytes for fields. */
function performative(code: number, count: number, ...fields: Buffer[]): Buffer {
  const bytes = Buffer.concat(fields);
  return Buffer.concat([Buffer.from([0x00, 0x53, code, 0xd0]), uint32(bytes.length + 4), uint32(count), bytes]);
}
const OPEN = 0x10;
const BEGIN = 0x11;
const ATTACH = 0x12;
const FLOW = 0x13;
const TRANSFER = 0x14;
const DISPOSITION = 0x15;
const NULL = Buffer.from([0x40]);
const ZERO = Buffer.from([0x43]);
const nulls = (count: number): Buffer => Buffer.alloc(count, 0x40);

/** A messenger that receives from a scripted peer, to be attacked over that connection, and from a broker. */
async function attacked(options: MessengerOptions = {}): Promise<{
  wire: Wire;
  link: WireLink;
  messenger: Messenger;
  /** Checks that the attack closed its connection with this error, and that the other one still works. */
  refused: (code: string, condition: string) => Promise<ConnectionChange>;
}> {
  const broker = await startBroker();
  const peer = await ScriptedPeer.listen();
  const messenger = createTrackingMessenger(options);
  const changes: ConnectionChange[] = [];
  messenger.on('connection', (change) => changes.push(change));
  const closed = new Promise<ConnectionChange>((resolve) => {
    messenger.on('connection', (change) => {
      if (change.to === 'closed' && change.endpoint.endsWith(`:${peer.port}`)) resolve(change);
    });
  });
  await messenger.subscribe(`${broker.url}/q`).ready();
  messenger.subscribe(peer.address('hostile'));
  const wire = await peer.accept();
  const link = await wire.answerLink();
  const refused = async (code: string, condition: string): Promise<ConnectionChange> => {
    const close = await wire.read('close');
    expect(close.fields).toMatchObject({ error: { condition } });
    await wire.closed;
    const change = await closed;
    expect(change.error).toMatchObject({ code });
    expect(changes.filter(({ to }) => to === 'reconnecting')).toEqual([]);

    const tracker = messenger.put({ address: `${broker.url}/q`, body: 'still here' });
    const [received] = await receive(messenger, 1);
    expect(received!.message.body).toBe('still here');
    messenger.accept();
    expect(await tracker.outcome()).toBe('accepted');
    return change;
  };
  return { wire, link, messenger, refused };
}

const FRAMING = 'amqp:connection:framing-error';
const DECODE = 'amqp:decode-error';

describe('a peer is cut off, and only it, when it sends', () => {
  it.each<[string, Buffer, string, string]>([
    ['a frame larger than max-frame-size', uint32(MIB + 1), 'ERR_PROTOCOL', FRAMING],
    ['a frame of four gigabytes', uint32(0xffff_ffff), 'ERR_PROTOCOL', FRAMING],
    ['a frame smaller than its header', uint32(7), 'ERR_PROTOCOL', FRAMING],
    ['a frame whose data offset lies outside it', Buffer.from([0, 0, 0, 8, 3, 0, 0, 0]), 'ERR_PROTOCOL', FRAMING],
    [
      'a frame whose data offset lies inside its header',
      Buffer.from([0, 0, 0, 8, 1, 0, 0, 0]),
      'ERR_PROTOCOL',
      FRAMING,
    ],
    ['a frame of an unknown type', rawFrame([0x00, 0x53, 0x10, 0x45], 0, 2), 'ERR_PROTOCOL', FRAMING],
    ['another protocol header', AMQP_HEADER, 'ERR_PROTOCOL', FRAMING],
    ['the header of another protocol', Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'), 'ERR_PROTOCOL', FRAMING],
    ['a frame that holds no performative', rawFrame([0x43]), 'ERR_DECODE', DECODE],
    ['a frame with bytes that are no AMQP', rawFrame([0x00, 0x53, 0x11, 0x01, 0x02, 0x03]), 'ERR_DECODE', DECODE],
    ['a performative that overruns its frame', rawFrame([0x00, 0x53, 0x11, 0xc0, 0xff, 0x01]), 'ERR_DECODE', DECODE],
    [
      'a value that ends early',
      rawFrame([0x00, 0x53, 0x17, 0xc0, 6, 1, 0xb0, 0x7f, 0xff, 0xff, 0xff]),
      'ERR_DECODE',
      DECODE,
    ],
    ['lists nested without end', rawFrame(performative(BEGIN, 8, nulls(7), nestedLists(20_000))), 'ERR_DECODE', DECODE],
    ['lists that lie about their sizes', rawFrame(performative(BEGIN, 8, nulls(7), NESTED)), 'ERR_DECODE', DECODE],
    [
      'an array of four thousand million nulls',
      rawFrame(performative(BEGIN, 8, nulls(7), bomb(0xffff_ffff))),
      'ERR_DECODE',
      DECODE,
    ],
    [
      'arrays of nulls by the thousand',
      rawFrame(performative(BEGIN, 108, nulls(8), ...Array<Buffer>(100).fill(bomb(1000)))),
      'ERR_DECODE',
      DECODE,
    ],
    [
      'an array in a disposition',
      rawFrame(performative(DISPOSITION, 5, Buffer.from([0x41]), ZERO, NULL, Buffer.from([0x42]), bomb(5e6))),
      'ERR_DECODE',
      DECODE,
    ],
    ['an open frame a second time', encodeFrame('open', { container_id: 'again' }), 'ERR_PROTOCOL', FRAMING],
    [
      'a begin frame for a session that is not ours',
      encodeFrame('begin', { next_outgoing_id: 0, incoming_window: 1, outgoing_window: 1, remote_channel: 7 }),
      'ERR_PROTOCOL',
      FRAMING,
    ],
    [
      'a begin frame on a channel in use',
      encodeFrame('begin', { next_outgoing_id: 0, incoming_window: 1, outgoing_window: 1 }),
      'ERR_PROTOCOL',
      FRAMING,
    ],
    [
      'a begin frame on a channel beyond channel-max',
      encodeFrame('begin', { next_outgoing_id: 0, incoming_window: 1, outgoing_window: 1 }, 8192),
      'ERR_PROTOCOL',
      FRAMING,
    ],
    [
      'an attach frame on a channel without a session',
      encodeFrame('attach', { name: 'x', handle: 9, role: true }, 5),
      'ERR_PROTOCOL',
      FRAMING,
    ],
    [
      'a flow frame for a link that is not there',
      encodeFrame('flow', { incoming_window: 1, next_outgoing_id: 0, outgoing_window: 1, handle: 9, link_credit: 1 }),
      'ERR_PROTOCOL',
      FRAMING,
    ],
    ['a detach frame for a link that is not there', encodeFrame('detach', { handle: 9 }), 'ERR_PROTOCOL', FRAMING],
    [
      'a transfer on a link that is not there',
      encodeFrame('transfer', { handle: 9, delivery_id: 0 }),
      'ERR_PROTOCOL',
      'amqp:session:unattached-handle',
    ],
    [
      'a transfer on a channel without a session',
      encodeFrame('transfer', { handle: 0, delivery_id: 0 }, 5),
      'ERR_PROTOCOL',
      FRAMING,
    ],
    ['a transfer without a handle', rawFrame(performative(TRANSFER, 2, NULL, ZERO)), 'ERR_DECODE', DECODE],
    [
      'a transfer with text for a handle',
      rawFrame(performative(TRANSFER, 1, Buffer.from([0xa1, 1, 0x61]))),
      'ERR_DECODE',
      DECODE,
    ],
    [
      'a disposition with text for an id',
      rawFrame(performative(DISPOSITION, 2, Buffer.from([0x41]), Buffer.from([0xa1, 1, 0x61]))),
      'ERR_DECODE',
      DECODE,
    ],
    [
      'an outcome that is no outcome',
      rawFrame(
        performative(
          DISPOSITION,
          5,
          Buffer.from([0x41]),
          ZERO,
          NULL,
          Buffer.from([0x41]),
          Buffer.from([0xa1, 1, 0x61]),
        ),
      ),
      'ERR_DECODE',
      DECODE,
    ],
    ['an unknown performative', rawFrame([0x00, 0x53, 0x7f, 0x45]), 'ERR_PROTOCOL', FRAMING],
    [
      'a SASL frame when that is over',
      rawFrame([0x00, 0x53, 0x44, 0xc0, 3, 1, 0x50, 0], 0, 1),
      'ERR_PROTOCOL',
      FRAMING,
    ],
  ])('%s', async (_title, bytes, code, condition) => {
    const { wire, refused } = await attacked();
    wire.write(bytes);
    await refused(code, condition);
  });

  it('a delivery without an id', async () => {
    const { wire, link, refused } = await attacked();
    wire.transfer(link, undefined, payload('a'));
    await refused('ERR_PROTOCOL', FRAMING);
  });

  it('a delivery whose id is not after the one before', async () => {
    const { wire, link, refused } = await attacked();
    wire.transfer(link, 5, payload('a'));
    wire.transfer(link, 5, payload('b'));
    await refused('ERR_PROTOCOL', 'amqp:session:errant-link');
  });

  it('the next delivery before the one before is complete', async () => {
    const { wire, link, refused } = await attacked();
    wire.transfer(link, 0, payload('a'), { more: true });
    wire.transfer(link, 1, payload('b'));
    await refused('ERR_PROTOCOL', FRAMING);
  });

  it('the rest of a message on another link', async () => {
    const { wire, messenger, refused, link } = await attacked();
    messenger.subscribe(`amqp://127.0.0.1:${wire.socket.localPort ?? 0}/other`);
    await wire.answerBegin();
    const other = await wire.answerAttach();
    wire.transfer(link, 0, payload('a').subarray(0, 4), { more: true });
    wire.transfer(other, undefined, payload('a').subarray(4));
    await refused('ERR_PROTOCOL', FRAMING);
  });

  it('thousands of messages without credit', async () => {
    const { wire, link, messenger, refused } = await attacked();
    for (let id = 0; id < 1500; id++) wire.transfer(link, id, payload('unasked'));
    // Those within the tolerance were dropped with the connection: only what comes over the other one is received.
    await refused('ERR_PROTOCOL', 'amqp:link:transfer-limit-exceeded');
    expect(messenger.incoming).toBe(0);
  });
});

it('a peer is cut off that takes no frame large enough for a message', async () => {
  const peer = await ScriptedPeer.listen();
  const messenger = createTrackingMessenger();
  const tracker = messenger.put({ address: peer.address('q'), body: 'a' });
  const wire = await peer.accept();
  await wire.answerOpen({ max_frame_size: 40 });
  expect((await wire.read('close')).fields).toMatchObject({ error: { condition: FRAMING } });
  expect(await tracker.outcome()).toBe('aborted');
  expect(tracker.error).toMatchObject({ code: 'ERR_PROTOCOL' });
});

it('a peer that is dialled has nothing printed, whatever it attaches', async () => {
  const printed = (['log', 'warn', 'error'] as const).map((method) => vi.spyOn(console, method));
  const { wire, messenger } = await attacked();
  const terminus = Buffer.from([0x00, 0x53, 0x29]);
  for (const [handle, kind] of [0x30, 0x77].entries()) {
    const fields = { name: `odd-${kind}`, handle: 10 + handle, role: false, target: { address: 'x' } };
    const frame = encodeFrame('attach', { ...fields, initial_delivery_count: 0 });
    frame[frame.indexOf(terminus) + 2] = kind;
    wire.write(frame);
    await wire.read('attach', ({ fields: { name } }) => name === fields.name);
  }
  for (const spy of printed) {
    expect(spy).not.toHaveBeenCalled();
    spy.mockRestore();
  }
  expect(messenger.stats().connections).toHaveLength(2);
});

describe('a peer cannot fill the memory', () => {
  it('with a frame that is too large: it is refused before it is kept', async () => {
    const { wire, refused } = await attacked({ maxFrameSize: 4096 });
    const before = memoryInUse();
    wire.write(uint32(512 * MIB));
    const change = await refused('ERR_PROTOCOL', FRAMING);
    expect(change.error!.message).toContain(`${512 * MIB} bytes`);
    expect(memoryInUse() - before).toBeLessThan(4 * MIB);
  });

  it('with a message of endless frames: the link is closed and the connection goes on', async () => {
    const peer = await ScriptedPeer.listen();
    const messenger = createTrackingMessenger({ maxMessageSize: 100_000 });
    const [hostile, fine] = ['hostile', 'fine'].map((node) => messenger.subscribe(peer.address(node)));
    const wire = await peer.accept();
    const link = await wire.answerLink();
    await wire.answerBegin();
    const other = await wire.answerAttach();
    await fine!.ready();
    for (let sent = 0; sent <= 200_000; sent += 10_000) {
      wire.transfer(link, sent === 0 ? 0 : undefined, Buffer.alloc(10_000), { more: true });
    }
    const detach = await wire.read('detach');
    expect(detach.fields).toMatchObject({ closed: true, error: { condition: 'amqp:link:message-size-exceeded' } });
    wire.transfer(link, undefined, Buffer.alloc(10_000), { more: true });
    wire.send('detach', { handle: link.handle, closed: true }, link.channel);
    expect(hostile!.error).toMatchObject({ code: 'ERR_LINK', condition: 'amqp:link:message-size-exceeded' });
    wire.transfer(other, 0, payload('fine'));
    expect((await receive(messenger, 1))[0]!.message.body).toBe('fine');
  });

  it('with a message that is too large in one frame', async () => {
    const { wire, link } = await attacked({ maxMessageSize: 1000 });
    wire.transfer(link, 0, payload('a'.repeat(1000)));
    expect((await wire.read('detach')).fields).toMatchObject({
      error: { condition: 'amqp:link:message-size-exceeded' },
    });
  });

  it('with frames of a message that hold one byte, or none', async () => {
    const { wire, link, messenger } = await attacked();
    const before = memoryInUse();
    // Each part comes with 32 KiB of heartbeats, so that it lies in a chunk of input of its own.
    const heartbeats = Buffer.concat(Array<Buffer>(4096).fill(HEARTBEAT));
    const part = encodeFrame('transfer', { handle: link.handle, more: true }, 0, Buffer.alloc(1));
    const empty = encodeFrame('transfer', { handle: link.handle, more: true }, 0);
    wire.transfer(link, 0, Buffer.alloc(1), { more: true });
    for (let index = 0; index < 500; index++) {
      wire.write(part, empty, heartbeats);
      if (wire.socket.writableNeedDrain) await new Promise((resolve) => wire.socket.once('drain', resolve));
    }
    const echo = { incoming_window: 1, next_outgoing_id: 0, outgoing_window: 1, handle: link.handle, echo: true };
    wire.send('flow', echo);
    await wire.read('flow', ({ fields }) => fields['next_incoming_id'] === 0);
    expect(memoryInUse() - before).toBeLessThan(4 * MIB);
    expect(messenger.incoming).toBe(0);
  });
});

describe('a hostile message', () => {
  const body = (value: Buffer): Buffer => Buffer.concat([Buffer.from([0x00, 0x53, 0x77]), value]);

  it.each([
    ['an array of five million nulls', body(bomb(5_000_000))],
    ['lists nested 20,000 deep', body(nestedLists(20_000))],
    ['a binary that says it has two gigabytes', body(Buffer.from([0xb0, 0x80, 0, 0, 0]))],
    ['no AMQP at all', Buffer.from('hello')],
  ])('of %s is rejected, and the next one comes', async (_title, bytes) => {
    const { wire, link, messenger } = await attacked();
    wire.transfer(link, 0, bytes);
    wire.transfer(link, 1, payload('fine'));
    await messenger.recv();
    // The body is decoded when it is looked at.
    expect(() => messenger.get()!.message.body).toThrow(expect.objectContaining({ code: 'ERR_DECODE' }) as Error);
    while (messenger.incoming === 0) await messenger.recv();
    expect(messenger.get()!.message.body).toBe('fine');
  });

  it('cannot choose the prototype of its properties, annotations or body', async () => {
    const { wire, link, messenger } = await attacked();
    const proto = Buffer.from([0xa1, 9, ...Buffer.from('__proto__')]);
    const admin = Buffer.from([0xc1, 11, 2, 0xa1, 7, ...Buffer.from('isAdmin'), 0x41]);
    const map = Buffer.concat([Buffer.from([0xc1, proto.length + admin.length + 1, 2]), proto, admin]);
    const symbolMap = Buffer.concat([
      Buffer.from([0xc1, proto.length + 2, 2, 0xa3]),
      proto.subarray(1),
      Buffer.from([0x41]),
    ]);
    const section = (code: number, value: Buffer): Buffer => Buffer.concat([Buffer.from([0x00, 0x53, code]), value]);
    wire.transfer(link, 0, Buffer.concat([section(0x72, symbolMap), section(0x77, map)]));
    const [received] = await receive(messenger, 1);
    const { annotations, body: value } = received!.message;
    for (const decoded of [annotations, value] as Record<string, unknown>[]) {
      expect(Object.getPrototypeOf(decoded)).toBeNull();
      expect(Object.keys(decoded)).toEqual(['__proto__']);
      expect(decoded['isAdmin']).toBeUndefined();
    }
  });
});

describe('a peer that accepts messages before it has read them', () => {
  it('gets them unchanged, whatever is put meanwhile', async () => {
    const peer = await ScriptedPeer.listen();
    const messenger = createTrackingMessenger();
    const body = (index: number): Buffer => Buffer.alloc(20_000, index % 251);
    const put = (index: number): void => void messenger.put({ address: peer.address('q'), body: body(index) });
    put(0);
    const wire = await peer.accept();
    const link = await wire.answerLink({ begin: { incoming_window: 10_000 } });
    wire.grant(link, 10_000);
    const first = await wire.read('transfer');
    // So much is on its way that most of it waits in the other side's socket.
    wire.socket.pause();
    for (let index = 1; index < 1000; index++) put(index);
    // The last first: their memory would be the first to be used again.
    for (let index = 999; index >= 0; index--) wire.accept(link, index);
    while (messenger.stats().outgoing.ended.accepted < 100) await messenger.work();
    for (let index = 1000; index < 2000; index++) put(index);
    wire.socket.resume();
    const seen = [first];
    while (seen.length < 2000) {
      wire.accept(link, 0, 1999);
      seen.push(await wire.read('transfer'));
    }
    expect(seen.findIndex(({ payload: bytes }, index) => !bytes.subarray(-20_000).equals(body(index)))).toBe(-1);
    await messenger.send();
    expect(messenger.stats().outgoing.ended.accepted).toBe(2000);
  });
});

describe('a peer that connects to a listener', () => {
  it.each([
    ['an oversize frame', uint32(0x7fff_ffff), FRAMING],
    [
      'lists nested without end',
      rawFrame(performative(OPEN, 10, Buffer.from([0xa1, 1, 0x61]), nulls(8), nestedLists(20_000))),
      DECODE,
    ],
    ['an array of nulls', rawFrame(performative(OPEN, 10, Buffer.from([0xa1, 1, 0x61]), nulls(8), bomb(5e6))), DECODE],
    ['an attach before its open', rawFrame(performative(ATTACH, 0)), FRAMING],
    ['a transfer before its open', rawFrame(performative(TRANSFER, 1, ZERO)), FRAMING],
    ['a flow before its open', rawFrame(performative(FLOW, 0)), FRAMING],
  ])('is told what is wrong when it begins with %s', async (_title, bytes, condition) => {
    const broker = await startBroker();
    const wire = await Wire.connect(broker.port);
    wire.write(AMQP_HEADER, bytes);
    expect((await wire.read('open')).fields).toHaveProperty('container_id');
    expect((await wire.read('close')).fields).toMatchObject({ error: { condition } });
    await wire.closed;
  });

  it('is cut off when it speaks another protocol', async () => {
    const broker = await startBroker();
    const wire = await Wire.connect(broker.port);
    wire.write(Buffer.from('GET / HTTP/1.1\r\n\r\n'));
    await wire.closed;
    expect(wire.received).toBeLessThan(200);
  });

  it('is disconnected when it leaves SASL unfinished', async () => {
    const broker = await startBroker();
    const wire = await Wire.connect(broker.port);
    wire.write(Buffer.from('AMQP\x03\x01\x00\x00', 'latin1'));
    await wire.read('sasl_mechanisms');
    wire.write(AMQP_HEADER, Buffer.alloc(MIB));
    await wire.closed;
  });

  it('may send everything up to its first link without waiting for an answer, SASL included', async () => {
    const broker = await startBroker();
    const wire = await Wire.connect(broker.port);
    wire.write(
      Buffer.from('AMQP\x03\x01\x00\x00', 'latin1'),
      encodeFrame('sasl_init', { mechanism: 'ANONYMOUS' }),
      AMQP_HEADER,
      encodeFrame('open', { container_id: 'hasty' }),
      encodeFrame('begin', { next_outgoing_id: 0, incoming_window: 10, outgoing_window: 10 }),
      encodeFrame('attach', { name: 'l', handle: 0, role: true, source: { address: 'q' } }),
    );
    expect((await wire.read('sasl_outcome')).fields['code'] ?? 0).toBe(0);
    expect((await wire.read('attach')).fields['name']).toBe('l');
  });
});
