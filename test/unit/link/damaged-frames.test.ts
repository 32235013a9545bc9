import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { SYSTEM_CLOCK } from '../../../src/clock.js';
import { Output } from '../../../src/codec/output.js';
import { TRANSFER_HEADER_SIZE } from '../../../src/codec/transfer.js';
import { MessagingError } from '../../../src/errors.js';
import { ByteBudget } from '../../../src/link/wire/byte-budget.js';
import { DEFAULT_LIMITS } from '../../../src/link/wire/limits.js';
import type { LinkRequest } from '../../../src/link/session/link-request.js';
import { QUIET_CONNECTION, SESSION_BUFFER, createContainer } from '../../../src/link/rhea/rhea-seam.js';
import { Transport } from '../../../src/link/connection/transport.js';
import { ACCEPTED } from '../../../src/message/outcome.js';
import { OutgoingDelivery } from '../../../src/queue/outgoing-delivery.js';
import { FakeSocket } from '../../support/fake-socket.js';
import { memoryInUse } from '../../support/memory.js';
import { AMQP_HEADER, HEARTBEAT, SASL_HEADER, encodeFrame, payload, state } from '../../support/wire-frames.js';
import { Dice, NO_TEST_DATA, TEST_DATA } from '../codec/support.js';

const FRAMES_TO_DAMAGE = 60_000;
const container = createContainer('damaged');
const output = new Output();

/** A listening side without a network, whose peer sends `frames`. Returns the error it ends with, if it does. */
async function feed(frames: readonly Buffer[], chunkSize: number): Promise<MessagingError | undefined> {
  const socket = new FakeSocket();
  let ended: MessagingError | undefined;
  const rhea = container.create_connection({ ...QUIET_CONNECTION, session_buffer_size: SESSION_BUFFER });
  const limits = { ...DEFAULT_LIMITS, idleTimeout: 0 };
  const transport = new Transport(
    socket.asSocket,
    { rhea, limits, budget: new ByteBudget(Infinity), clock: SYSTEM_CLOCK },
    {
      transportOpened: () => undefined,
      transportClosed: (_transport, error) => (ended = error),
      linkAccepted: () => undefined,
      linkClosed: () => false,
      linkRequested: answer,
    },
  );
  rhea.accept(transport.gate);
  const bytes = Buffer.concat(frames);
  for (let at = 0; at < bytes.length; at += chunkSize) {
    socket.receive(bytes.subarray(at, at + chunkSize));
    // What rhea does in the next tick comes between chunks, as it does with a real socket.
    await Promise.resolve();
  }
  await new Promise((resolve) => setImmediate(resolve));
  socket.destroy();
  await new Promise((resolve) => setImmediate(resolve));
  return ended;
}

function answer(request: LinkRequest): void {
  if (request.role === 'receiver') {
    request.receive(request.address, DEFAULT_LIMITS.maxMessageSize, {
      opened: (link) => link.issueCredit(100),
      received: (delivery) => delivery.finish(ACCEPTED),
      closed: () => undefined,
    });
    return;
  }
  const link = request.send(request.address, { closed: (closed) => closed.takeAll() });
  for (let number = 0; number < 3; number++) {
    output.open(TRANSFER_HEADER_SIZE);
    output.need(8);
    output.position += 8;
    const start = output.position - 8;
    const owner = { destination: 'peer', deliveryEnded: () => undefined };
    link.send(new OutgoingDelivery(output.slab, start, output.position, false, number, owner));
  }
}

/** What a well-behaved peer sends: a frame of each kind that there is. */
function conversation(withSasl: boolean): Buffer[] {
  const sasl = [SASL_HEADER, encodeFrame('sasl_init', { mechanism: 'ANONYMOUS', initial_response: Buffer.from('x') })];
  const transfer = (id: number, fields = {}): Buffer =>
    encodeFrame(
      'transfer',
      { handle: 0, delivery_id: id, delivery_tag: Buffer.from([id]), message_format: 0, ...fields },
      1,
      payload(`message ${id}`),
    );
  return [
    ...(withSasl ? sasl : []),
    AMQP_HEADER,
    encodeFrame('open', {
      container_id: 'peer',
      hostname: 'host',
      max_frame_size: 65_536,
      channel_max: 100,
      properties: { product: 'test' },
    }),
    encodeFrame('begin', { next_outgoing_id: 0, incoming_window: 100, outgoing_window: 100 }, 1),
    encodeFrame(
      'attach',
      {
        name: 'in',
        handle: 0,
        role: false,
        source: { address: 'a' },
        target: { address: 'b' },
        initial_delivery_count: 0,
      },
      1,
    ),
    encodeFrame(
      'attach',
      { name: 'out', handle: 1, role: true, source: { address: 'c' }, target: { address: 'd' } },
      1,
    ),
    encodeFrame(
      'flow',
      {
        next_incoming_id: 0,
        incoming_window: 100,
        next_outgoing_id: 0,
        outgoing_window: 100,
        handle: 1,
        delivery_count: 0,
        link_credit: 50,
      },
      1,
    ),
    transfer(0),
    transfer(1, { settled: true }),
    transfer(2, { more: true }),
    transfer(2, { more: false }),
    transfer(3, { more: true }),
    transfer(3, { aborted: true }),
    HEARTBEAT,
    encodeFrame('disposition', { role: true, first: 0, last: 1, settled: true, state: state('accepted') }, 1),
    encodeFrame(
      'disposition',
      { role: true, first: 2, settled: false, state: state('rejected', { error: { condition: 'amqp:not-allowed' } }) },
      1,
    ),
    encodeFrame(
      'disposition',
      { role: false, first: 0, last: 2, settled: true, state: state('modified', { delivery_failed: true }) },
      1,
    ),
    encodeFrame('detach', { handle: 1, closed: true }, 1),
    encodeFrame('end', {}, 1),
    encodeFrame('close', { error: { condition: 'amqp:connection:forced', description: 'bye' } }),
  ];
}

/** Some bytes of a frame flipped, taken out or put in; its size put right again, half of the time. */
function damage(dice: Dice, frame: Buffer): Buffer {
  let bytes = Buffer.from(frame);
  for (let flips = 1 + dice.below(3); flips > 0; flips--) {
    const at = dice.below(bytes.length);
    const kind = dice.below(6);
    if (kind === 0) bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + dice.below(4))]);
    else if (kind === 1) bytes = Buffer.concat([bytes.subarray(0, at), dice.bytes(8), bytes.subarray(at)]);
    else if (kind === 2) bytes[at] = [0x00, 0x40, 0x45, 0x7f, 0x80, 0xc1, 0xd0, 0xf0, 0xff][dice.below(9)]!;
    else bytes[at] = bytes[at]! ^ (1 << dice.below(8));
    if (bytes.length === 0) return bytes;
  }
  if (dice.once(2) && bytes.length >= 4) bytes.writeUInt32BE(bytes.length, 0);
  return bytes;
}

/** The processor time that `run` takes, in milliseconds: unlike the time of day, it does not depend on what else runs. */
async function processorTime(run: () => Promise<unknown>): Promise<number> {
  const before = process.cpuUsage();
  await run();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

/** rhea must not print into a user's process: whatever reaches it has been checked before. */
const printed = [vi.spyOn(console, 'error'), vi.spyOn(console, 'warn')];
afterAll(() => printed.forEach((spy) => spy.mockRestore()));

describe('a connection on which a peer sends damaged frames', { timeout: 120_000 }, () => {
  it(`neither throws, nor stalls, nor keeps memory, over ${FRAMES_TO_DAMAGE} frames`, async () => {
    const dice = new Dice(11);
    const conversations = [conversation(false), conversation(true)];
    const outcomes = new Map<string, number>();
    let longest = 0;
    let memory = 0;
    for (let damaged = 0, round = 0; damaged < FRAMES_TO_DAMAGE; round++) {
      const frames = conversations[round % 2]!;
      // The first frames are left alone most of the time, or nothing behind them would ever be reached.
      const from = dice.once(4) ? 0 : 5 + dice.below(frames.length - 5);
      const sent = frames.map((frame, index) => (index < from ? frame : damage(dice, frame)));
      damaged += frames.length - from;
      const chunkSize = dice.once(3) ? 1 + dice.below(50) : 65_536;
      let error: MessagingError | undefined;
      longest = Math.max(longest, await processorTime(async () => (error = await feed(sent, chunkSize))));
      const code = error?.code ?? 'none';
      outcomes.set(code, (outcomes.get(code) ?? 0) + 1);
      if (round === 2000) memory = memoryInUse();
    }
    expect(['ERR_CONNECTION', 'ERR_DECODE', 'ERR_PROTOCOL', 'none']).toEqual(
      expect.arrayContaining([...outcomes.keys()]),
    );
    expect(outcomes.get('ERR_DECODE')).toBeGreaterThan(100);
    expect(outcomes.get('ERR_PROTOCOL')).toBeGreaterThan(100);
    for (const spy of printed) expect(spy).not.toHaveBeenCalled();
    expect(longest).toBeLessThan(100);
    expect(memoryInUse() - memory).toBeLessThan(10 * 1024 * 1024);
  });

  it.skipIf(NO_TEST_DATA !== undefined)(
    `survives what was found to upset another library ${NO_TEST_DATA ?? ''}`,
    async () => {
      const folder = join(TEST_DATA, 'fuzz', 'connection');
      for (const name of readdirSync(folder)) {
        const bytes = readFileSync(join(folder, name));
        for (const chunkSize of [1, 65_536]) {
          const error = await feed([bytes], chunkSize);
          expect(error === undefined || error instanceof MessagingError, name).toBe(true);
          expect(await processorTime(() => feed([bytes], chunkSize)), name).toBeLessThan(100);
        }
      }
    },
  );
});
