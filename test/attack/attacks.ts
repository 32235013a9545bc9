import { Wire } from '../support/wire.js';
import { SASL_HEADER, encodeFrame, payload, state, uint32 } from '../support/wire-frames.js';
import { MIB, attach, begun, made, opening, pour, repeated, transfer } from './attack.js';
import type { Attack } from './attack.js';

const BEGIN = encodeFrame('begin', { next_outgoing_id: 0, incoming_window: 1, outgoing_window: 1 }, 7);
const END = encodeFrame('end', {}, 7);
const DETACH = encodeFrame('detach', { handle: 5, closed: true });
/** A list of nulls takes one byte on the wire for each, and far more in memory. */
const nulls = (count: number): Buffer =>
  Buffer.concat([Buffer.from([0xd0]), uint32(count + 4), uint32(count), Buffer.alloc(count, 0x40)]);

async function connect(port: number, ...bytes: Buffer[]): Promise<Wire> {
  const wire = await Wire.connect(port);
  if (bytes.length > 0) wire.write(...bytes);
  return wire;
}

/** A peer with links on which it sends, as far as they are taken. */
async function sending(port: number, links: number, chunks: Iterable<Buffer>): Promise<Wire> {
  const wire = await begun(port);
  wire.write(...made(links, (handle) => attach('sender', 'q', handle)));
  await wire.readAll('attach', links);
  await pour(wire, chunks);
  return wire;
}

const BEFORE_LOGIN: readonly Attack[] = [
  { name: 'says nothing', connections: 100, bytes: 65_536, times: 0.1, run: (port) => connect(port) },
  {
    name: 'begins a SASL frame of 16 KiB and does not end it',
    connections: 100,
    bytes: 65_536,
    times: 0.1,
    run: (port) => connect(port, SASL_HEADER, uint32(16_384), Buffer.alloc(16_000)),
  },
  {
    name: 'is refused, and sends a MiB behind that',
    connections: 20,
    bytes: 65_536,
    times: 0.4,
    run: async (port) => {
      const wire = await connect(port, SASL_HEADER, encodeFrame('sasl_init', { mechanism: 'EXTERNAL' }));
      await pour(wire, repeated([Buffer.alloc(65_536)], MIB));
      return wire;
    },
  },
];

const CONTROL: readonly Attack[] = [
  {
    name: 'begins a frame of a MiB and does not end it',
    connections: 20,
    run: (port) => connect(port, opening(), uint32(MIB)),
  },
  {
    name: 'opens with properties of 60,000 nulls',
    run: (port) => connect(port, opening({ properties: { x: Array<null>(60_000).fill(null) } })),
  },
  {
    name: 'begins and ends 1300 sessions, and reads no answer',
    // A session costs rhea a tenth of a millisecond and more.
    times: 40,
    run: async (port) => {
      const wire = await begun(port);
      wire.socket.pause();
      await pour(wire, repeated([BEGIN, END], 60_000));
      return wire;
    },
  },
  {
    name: 'attaches and detaches links with 16 MB of names, and reads no answer',
    times: 40,
    run: async (port) => {
      const wire = await begun(port);
      wire.socket.pause();
      const pair = (number: number): Buffer =>
        Buffer.concat([attach('receiver', 'q', 5, { name: `${number}`.padEnd(4000, 'x') }), DETACH]);
      await pour(wire, made(4000, pair));
      return wire;
    },
  },
  {
    name: 'settles everything on 100 links, 64 KiB of times',
    times: 5,
    run: async (port) => {
      const wire = await begun(port);
      wire.write(...made(100, (handle) => attach('receiver', 'q', handle)));
      await wire.readAll('attach', 100);
      const all = { role: true, first: 0, last: 0xffff_ffff, settled: true, state: state('accepted') };
      await pour(wire, repeated([encodeFrame('disposition', all)], 60_000));
      return wire;
    },
  },
];

const MESSAGES: readonly Attack[] = [
  {
    name: 'begins messages of a MiB on 20 links, and ends none',
    times: 6,
    run: (port) =>
      sending(
        port,
        20,
        made(20 * 20, (number) =>
          transfer(number % 20, number < 20 ? number : undefined, Buffer.alloc(50_000), { more: true }),
        ),
      ),
  },
  {
    name: 'sends 40 MB beyond its credit',
    times: 10,
    run: (port) =>
      sending(
        port,
        1,
        made(200, (id) => transfer(0, id, payload(Buffer.alloc(200_000)))),
      ),
  },
  {
    name: 'sends messages of 500,000 nulls',
    on: 'listener',
    times: 4,
    run: (port) =>
      sending(
        port,
        1,
        made(2, (id) => transfer(0, id, Buffer.concat([Buffer.from([0, 0x53, 0x77]), nulls(500_000)]))),
      ),
  },
  {
    name: 'sends messages that make no sense, and reads no outcome',
    times: 15,
    run: (port) =>
      sending(
        port,
        1,
        made(10_000, (id) => transfer(0, id, Buffer.from([0]))),
      ),
  },
  {
    name: 'publishes 1.8 MB to 200 subscriptions of its own',
    on: 'broker',
    times: 6,
    run: async (port) => {
      const wire = await begun(port);
      wire.write(...made(200, (handle) => attach('receiver', 'topic/x', handle)), attach('sender', 'topic/x', 900));
      await wire.readAll('attach', 201);
      const message = payload(Buffer.alloc(900_000));
      await pour(
        wire,
        made(2, (id) => transfer(900, id, message, { settled: true })),
      );
      return wire;
    },
  },
];

export const ATTACKS: readonly Attack[] = [...BEFORE_LOGIN, ...CONTROL, ...MESSAGES];
