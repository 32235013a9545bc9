import { beforeEach, describe, expect, it } from 'vitest';
import { SYSTEM_CLOCK } from '../../../src/clock.js';
import type { MessagingError } from '../../../src/errors.js';
import { FrameGate } from '../../../src/link/rhea/frame-gate.js';
import { SocketWriter } from '../../../src/link/wire/socket-writer.js';
import { FakeSocket } from '../../support/fake-socket.js';
import { AMQP_HEADER, HEARTBEAT, SASL_HEADER, encodeFrame, rawFrame, uint32 } from '../../support/wire-frames.js';

const TRANSFER = encodeFrame('transfer', { handle: 0, delivery_id: 0 }, 3, Buffer.from('payload'));
const DISPOSITION = encodeFrame('disposition', { role: true, first: 0 }, 4);
const BEGIN = encodeFrame('begin', { next_outgoing_id: 0, incoming_window: 1, outgoing_window: 1 });
const SASL_INIT = encodeFrame('sasl_init', { mechanism: 'ANONYMOUS' });
const SASL_OUTCOME = encodeFrame('sasl_outcome', { code: 0 });

let socket: FakeSocket;
let gate: FrameGate;
/** What rhea has been given. */
let fed: Buffer[];
/** What the data plane has been given: the kind, the channel and the bytes from the fields on. */
let taken: [string, number, string][];
let violations: MessagingError[];
let events: string[];

beforeEach(() => makeGate(4096));

function makeGate(maxFrameSize: number): void {
  socket = new FakeSocket();
  [fed, taken, violations, events] = [[], [], [], []];
  const take =
    (kind: string) =>
    (channel: number, buffer: Buffer, position: number, end: number): void => {
      taken.push([kind, channel, buffer.toString('hex', position, end)]);
    };
  gate = new FrameGate(
    socket.asSocket,
    new SocketWriter(socket.asSocket, SYSTEM_CLOCK, { written: () => undefined, unblocked: () => undefined }),
    { maxFrameSize, clock: SYSTEM_CLOCK },
    {
      transfer: take('transfer'),
      disposition: take('disposition'),
      mechanismsOffered: (names) => events.push(`offers ${names.join(' ')}`),
      inputRead: () => events.push('input read'),
      ending: () => undefined,
      violated: (error) => violations.push(error),
      ended: (error) => events.push(`ended ${error?.message ?? 'in peace'}`),
    },
  );
  gate.on('data', (bytes) => fed.push(Buffer.from(bytes as Buffer)));
  gate.on('end', () => events.push('rhea ended'));
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('the gate', () => {
  it('takes transfers and dispositions out of the stream and feeds the rest to rhea, in order', () => {
    socket.receive(Buffer.concat([AMQP_HEADER, TRANSFER, BEGIN, DISPOSITION, HEARTBEAT]));
    expect(fed).toEqual([AMQP_HEADER, BEGIN, HEARTBEAT]);
    expect(taken.map(([kind, channel]) => [kind, channel])).toEqual([
      ['transfer', 3],
      ['disposition', 4],
    ]);
    expect(TRANSFER.toString('hex')).toContain(taken[0]![2]);
    expect(events).toEqual(['input read']);
  });

  const fields = Buffer.from([0x45]);
  it.each([
    ['a long number', Buffer.concat([Buffer.from([0x00, 0x80, 0, 0, 0, 0, 0, 0, 0, 0x14]), fields])],
    ['a short symbol', Buffer.concat([Buffer.from([0x00, 0xa3, 18]), Buffer.from('amqp:transfer:list'), fields])],
    [
      'a long symbol',
      Buffer.concat([Buffer.from([0x00, 0xb3, 0, 0, 0, 18]), Buffer.from('amqp:transfer:list'), fields]),
    ],
  ])('knows a transfer by %s', (_title, body) => {
    socket.receive(Buffer.concat([AMQP_HEADER, rawFrame(body)]));
    expect(taken).toEqual([['transfer', 0, '45']]);
    expect(fed).toEqual([AMQP_HEADER]);
  });

  it.each([
    ['another type of number', [0x00, 0x50, 0x14, 0x45]],
    ['a number beyond 32 bits', [0x00, 0x80, 0, 0, 0, 1, 0, 0, 0, 0x14, 0x45]],
    ['half a number', [0x00, 0x80, 0, 0]],
    ['a symbol that runs out', [0x00, 0xa3, 200, 0x61]],
    ['another descriptor', [0x00, 0x00, 0x53, 0x14, 0x45, 0x45]],
  ])('lets no transfer pass by that calls itself by %s', (_title, body) => {
    socket.receive(Buffer.concat([AMQP_HEADER, rawFrame(body)]));
    expect(fed).toEqual([AMQP_HEADER]);
    expect(violations).toHaveLength(1);
  });

  it('skips what stands in an extended header', () => {
    const extended = Buffer.concat([
      uint32(17),
      Buffer.from([3, 0, 0, 5, 0xff, 0xff, 0xff, 0xff, 0x00, 0x53, 0x14, 0x45, 0x01]),
    ]);
    socket.receive(Buffer.concat([AMQP_HEADER, extended]));
    expect(taken).toEqual([['transfer', 5, '4501']]);
  });

  it('takes nothing in after a violation, and tells it once', () => {
    socket.receive(Buffer.concat([AMQP_HEADER, rawFrame([0x43]), BEGIN]));
    socket.receive(BEGIN);
    socket.receive(rawFrame([0x43]));
    expect(fed).toEqual([AMQP_HEADER]);
    expect(violations).toMatchObject([{ code: 'ERR_DECODE' }]);
    expect(events).toEqual([]);
  });

  it.each([0, 1])('feeds rhea no control frame of more than 64 KiB (%i byte more)', (more) => {
    makeGate(1 << 20);
    const around = encodeFrame('open', { container_id: 'p'.repeat(60_000) }).length - 60_000;
    const open = encodeFrame('open', { container_id: 'p'.repeat(65_536 - around + more) });
    expect(open).toHaveLength(65_536 + more);
    socket.receive(Buffer.concat([AMQP_HEADER, open, BEGIN]));
    expect(fed.slice(1)).toEqual(more === 0 ? [open, BEGIN] : []);
    expect(violations).toMatchObject(
      more === 0
        ? []
        : [{ code: 'ERR_PROTOCOL', message: 'The peer sent a control frame of 65537 bytes, and 65536 are allowed.' }],
    );
  });

  it('takes transfers and dispositions of any size up to that of a frame', () => {
    makeGate(1 << 20);
    const transfer = encodeFrame('transfer', { handle: 0, delivery_id: 0 }, 3, Buffer.alloc(100_000));
    const disposition = Buffer.concat([DISPOSITION, Buffer.alloc(100_000)]);
    disposition.writeUInt32BE(disposition.length, 0);
    socket.receive(Buffer.concat([AMQP_HEADER, transfer, disposition]));
    expect(taken.map(([kind]) => kind)).toEqual(['transfer', 'disposition']);
    expect(violations).toEqual([]);
  });

  it('feeds rhea no performative of more than 4096 elements', () => {
    makeGate(1 << 20);
    const names = Array.from({ length: 5000 }, () => 'n');
    socket.receive(
      Buffer.concat([AMQP_HEADER, encodeFrame('open', { container_id: 'p', offered_capabilities: names })]),
    );
    expect(fed).toEqual([AMQP_HEADER]);
    expect(violations).toMatchObject([{ code: 'ERR_DECODE' }]);
    expect(violations[0]!.message).toMatch('A performative has more than 4096 elements');
  });

  it('tells errors of the data plane as violations', () => {
    const failing = new FakeSocket();
    const broken = new FrameGate(
      failing.asSocket,
      new SocketWriter(failing.asSocket, SYSTEM_CLOCK, { written: () => undefined, unblocked: () => undefined }),
      { maxFrameSize: 4096, clock: SYSTEM_CLOCK },
      {
        transfer: () => {
          throw new TypeError('a mistake');
        },
        disposition: () => undefined,
        mechanismsOffered: () => undefined,
        inputRead: () => undefined,
        ending: () => undefined,
        violated: (error) => violations.push(error),
        ended: () => undefined,
      },
    );
    broken.on('data', () => undefined);
    failing.receive(Buffer.concat([AMQP_HEADER, TRANSFER]));
    expect(violations).toMatchObject([{ code: 'ERR_PROTOCOL', cause: { message: 'a mistake' } }]);
  });

  it('ends after what is written in the same turn, and takes nothing more in', async () => {
    socket.receive(AMQP_HEADER);
    gate.end();
    gate.write(Buffer.from('last words'));
    gate.end();
    socket.receive(BEGIN);
    await settled();
    expect(socket.written.map(String)).toEqual(['last words']);
    expect(fed).toEqual([AMQP_HEADER]);
    expect(events).toEqual(['input read', 'rhea ended', 'ended in peace']);
  });

  it('tells once that the socket is gone, and why', async () => {
    socket.emit('error', new Error('reset'));
    socket.destroy();
    await settled();
    socket.emit('close');
    expect(events).toEqual(['rhea ended', 'ended reset']);
  });

  it('says nothing more to rhea when rhea has let go of it', async () => {
    gate.removeAllListeners();
    socket.receive(AMQP_HEADER);
    gate.destroy();
    await settled();
    expect(fed).toEqual([]);
    expect(events).toEqual(['input read', 'ended in peace']);
  });
});

describe('protocol headers', () => {
  it('may stand at the beginning, and again after SASL', async () => {
    socket.receive(Buffer.concat([SASL_HEADER, SASL_INIT]));
    gate.write(SASL_OUTCOME);
    await settled();
    socket.receive(Buffer.concat([AMQP_HEADER, BEGIN]));
    expect(violations).toEqual([]);
    expect(fed).toEqual([SASL_HEADER, SASL_INIT, AMQP_HEADER, BEGIN]);
  });

  it('may follow the outcome that the peer sends', async () => {
    socket.receive(Buffer.concat([SASL_HEADER, SASL_OUTCOME, AMQP_HEADER]));
    await settled();
    expect(violations).toEqual([]);
    expect(fed).toEqual([SASL_HEADER, SASL_OUTCOME, AMQP_HEADER]);
  });

  it.each([
    ['in the middle of AMQP', [AMQP_HEADER, BEGIN, AMQP_HEADER]],
    ['twice', [AMQP_HEADER, AMQP_HEADER]],
    ['twice after SASL', [SASL_HEADER, SASL_OUTCOME, AMQP_HEADER, AMQP_HEADER]],
    ['before SASL is over', [SASL_HEADER, AMQP_HEADER]],
  ])('may not stand %s', async (_title, frames) => {
    socket.receive(Buffer.concat(frames));
    await settled();
    expect(violations).toMatchObject([{ code: 'ERR_PROTOCOL' }]);
  });

  it('and what else comes early wait until rhea has answered the SASL frame before', async () => {
    socket.receive(Buffer.concat([SASL_HEADER, SASL_INIT, AMQP_HEADER, BEGIN]));
    socket.receive(HEARTBEAT);
    expect(fed).toEqual([SASL_HEADER, SASL_INIT]);
    await Promise.resolve();
    gate.write(SASL_OUTCOME);
    await settled();
    expect(fed).toEqual([SASL_HEADER, SASL_INIT, AMQP_HEADER, BEGIN, HEARTBEAT]);
    expect(violations).toEqual([]);
  });
});
