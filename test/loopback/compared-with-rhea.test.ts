import { once } from 'node:events';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { format } from 'node:util';
import debug from 'debug';
import rhea from 'rhea';
import type { Connection } from 'rhea';
import { EncodeError } from 'amqp-messenger';
import { describe, expect, it, onTestFinished } from 'vitest';
import { memoryInUse } from '../support/memory.js';
import { createTrackingMessenger, listen, receive } from '../support/messengers.js';
import { ScriptedPeer } from '../support/scripted-peer.js';
import { Wire } from '../support/wire.js';
import { nestedLists, uint32 } from '../support/wire-frames.js';

const MIB = 1 << 20;
const { decode, encode } = rhea.message as unknown as {
  decode: (bytes: Buffer) => { body?: unknown; application_properties?: Record<string, unknown> };
  encode: (message: object) => Buffer;
};

const section = (code: number, ...bytes: number[]): Buffer => Buffer.from([0x00, 0x53, code, ...bytes]);

/** Why the data plane and the checks in front of rhea exist. Where one of these begins to fail, rhea has got better. */
describe('rhea used directly', () => {
  it('makes 100,000 values of thirteen bytes', () => {
    const message = decode(section(0x77, 0xf0, 0, 0, 0, 5, ...uint32(100_000), 0x40));
    expect(message.body).toHaveLength(100_000);
  });

  it('runs out of stack on nested lists', () => {
    expect(() => decode(Buffer.concat([section(0x77), nestedLists(20_000)]))).toThrow(RangeError);
  });

  it('keeps as much of a frame as comes, whatever max_frame_size says', async () => {
    const container = rhea.create_container();
    container.on('disconnected', () => undefined);
    let connection: (Connection & { received_bytes?: number }) | undefined;
    container.on('connection_open', (context: { connection: Connection }) => (connection = context.connection));
    const server = container.listen({ port: 0, host: '127.0.0.1', max_frame_size: 4096 });
    onTestFinished(() => void server.close());
    await once(server, 'listening');
    const wire = await Wire.dial((server.address() as AddressInfo).port);
    wire.write(uint32(512 * MIB), Buffer.alloc(4 * MIB));
    while ((connection?.received_bytes ?? 0) < 4 * MIB) await new Promise((resolve) => setImmediate(resolve));
    expect(connection!.is_open()).toBe(true);
    wire.destroy();
  });

  it('takes a step for each of the deliveries a disposition names', () => {
    const connection = rhea.create_container().create_connection({ port: 0 });
    const session = connection.create_session() as unknown as {
      outgoing: { on_disposition(fields: object): void; deliveries: { by_id(id: number): unknown } };
    };
    let steps = 0;
    session.outgoing.deliveries.by_id = () => {
      steps++;
    };
    session.outgoing.on_disposition({ first: 0, last: 999_999 });
    expect(steps).toBe(1_000_000);
  });

  it('lets a peer choose the prototype of the properties', () => {
    const key = [0xa1, 9, ...Buffer.from('__proto__')];
    const value = [0xc1, 11, 2, 0xa1, 7, ...Buffer.from('isAdmin'), 0x41];
    const bytes = section(0x74, 0xc1, key.length + value.length + 1, 2, ...key, ...value);
    const properties = decode(bytes).application_properties!;
    expect(properties['isAdmin']).toBe(true);
    expect(Object.keys(properties)).toEqual([]);
  });

  it('prints the password when it prints frames', async () => {
    const peer = await ScriptedPeer.listen();
    const printed: string[] = [];
    const { log } = debug;
    debug.log = (...values: unknown[]) => printed.push(format(...values));
    debug.enable('rhea:frames');
    onTestFinished(() => {
      debug.disable();
      debug.log = log;
    });
    const container = rhea.create_container();
    for (const event of ['connection_error', 'disconnected', 'connection_close']) container.on(event, () => undefined);
    container.connect({ port: peer.port, host: '127.0.0.1', username: 'u', password: 'secret', reconnect: false });
    const wire = await peer.accept();
    await wire.answerSasl(['PLAIN'], 1);
    await wire.closed;
    expect(printed.join('\n')).toContain([...Buffer.from('secret')].join(','));
  });

  it('sends an empty object for a bigint', () => {
    expect(decode(encode({ body: 10n })).body).toEqual({});
  });

  it('reads an empty value from missing bytes', () => {
    const { Reader } = rhea.types as unknown as { Reader: new (bytes: Buffer) => { read(): { value: Buffer } } };
    expect(new Reader(Buffer.from([0xb0, 0x80, 0, 0, 0])).read().value).toHaveLength(0);
  });
});

describe('this package', () => {
  const require = createRequire(import.meta.url);

  it('sends and receives every bigint that AMQP can hold', async () => {
    const receiver = createTrackingMessenger();
    const address = await listen(receiver);
    const sender = createTrackingMessenger();
    const bodies = [10n, -(2n ** 63n), 2n ** 63n - 1n, 2n ** 64n - 1n, BigInt(Number.MAX_SAFE_INTEGER) + 1n];
    for (const body of bodies) sender.put({ address, body });
    const received = await receive(receiver, bodies.length);
    expect(received.map(({ message }) => message.body)).toEqual([10, ...bodies.slice(1)]);
  });

  it('refuses at put() what AMQP cannot hold', () => {
    const messenger = createTrackingMessenger();
    const address = 'amqp://127.0.0.1/q';
    for (const body of [2n ** 64n, -(2n ** 63n) - 1n, (() => 1) as never, Symbol('s') as never]) {
      expect(() => messenger.put({ address, body })).toThrow(EncodeError);
    }
    expect(messenger.outgoing).toBe(0);
  });

  it('keeps nothing of a frame that is too large', async () => {
    const receiver = createTrackingMessenger({ maxFrameSize: 4096 });
    const wire = await Wire.dial(Number(new URL(await listen(receiver)).port));
    const before = memoryInUse();
    wire.write(uint32(512 * MIB), Buffer.alloc(4 * MIB));
    await wire.closed;
    expect(memoryInUse() - before).toBeLessThan(2 * MIB);
  });

  it('is pinned to the rhea it was checked against', () => {
    const { version } = require('rhea/package.json') as { version: string };
    const { dependencies } = require('../../package.json') as { dependencies: Record<string, string> };
    expect(dependencies['rhea']).toBe(version);
  });
});
