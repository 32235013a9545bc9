import { isDeepStrictEqual } from 'node:util';
import { Disposition } from '../../src/codec/disposition.js';
import { FieldCursor } from '../../src/codec/field-cursor.js';
import { readOutcome } from '../../src/codec/outcome.js';
import { DISPOSITION, PerformativeHead, TRANSFER } from '../../src/codec/performative.js';
import { readValue, scanPerformative, scanValue, skipValue } from '../../src/codec/read.js';
import { ReceivedMessage } from '../../src/codec/received-message.js';
import { Transfer } from '../../src/codec/transfer.js';
import { SYSTEM_CLOCK } from '../../src/clock.js';
import { DecodeError, EncodeError, ProtocolError } from '../../src/errors.js';
import { FrameGate } from '../../src/link/rhea/frame-gate.js';
import { SaslServer } from '../../src/link/security/sasl-server.js';
import { SocketWriter } from '../../src/link/wire/socket-writer.js';
import type { Message } from '../../src/message/message.js';
import { FakeSocket } from '../support/fake-socket.js';
import { AMQP_HEADER, HEARTBEAT, SASL_HEADER, encodeFrame, rawFrame } from '../support/wire-frames.js';
import { MessageDice } from '../unit/codec/generated-message.js';
import { bytes, messageBytes, valueBytes } from '../unit/codec/support.js';
import { expectThat, pieces, refusable } from './target.js';
import type { Target } from './target.js';

const dice = new MessageDice(1);
const MESSAGES = Array.from({ length: 20 }, () => messageBytes(dice.message()));
const VALUES = Array.from({ length: 20 }, () => valueBytes(dice.value(4)));
const FRAMES = [
  encodeFrame('open', { container_id: 'c', idle_time_out: 1000, properties: { a: 1 } }),
  encodeFrame('begin', { next_outgoing_id: 0, incoming_window: 1, outgoing_window: 1 }),
  encodeFrame('attach', { name: 'l', handle: 0, role: true }),
  encodeFrame('flow', { incoming_window: 1, next_outgoing_id: 0, outgoing_window: 1, handle: 0, link_credit: 5 }),
  encodeFrame('transfer', { handle: 0, delivery_id: 0, delivery_tag: Buffer.from([1]) }, 3, MESSAGES[0]),
  encodeFrame('disposition', { role: true, first: 0, last: 9, settled: true }, 4),
  HEARTBEAT,
];
const SYMBOLS = ['amqp:transfer:list', 'amqp:data:binary', 'amqp:accepted:list', 'x-opt-a'].map((name) =>
  Buffer.from(`\xa3${String.fromCharCode(name.length)}${name}`, 'latin1'),
);

const cursor = new FieldCursor();
const transfer = new Transfer();
const disposition = new Disposition();

/** What the data plane makes of a transfer or disposition. */
function readFields(code: number, buffer: Buffer, position: number, end: number): void {
  if (code === TRANSFER) {
    transfer.read(cursor, buffer, position, end);
    expectThat(transfer.payload <= end, 'A payload begins outside its frame.');
  } else if (code === DISPOSITION) {
    disposition.read(cursor, buffer, position, end);
    if (disposition.state >= 0) readOutcome(buffer, disposition.state, end);
  }
}

const frames: Target = {
  name: 'frames',
  seeds: FRAMES.map((frame) => Buffer.concat([AMQP_HEADER, frame, frame])),
  tokens: [AMQP_HEADER, SASL_HEADER, HEARTBEAT, ...FRAMES],
  run(input) {
    const socket = new FakeSocket();
    const writer = new SocketWriter(socket.asSocket, SYSTEM_CLOCK, { written: ignore, unblocked: ignore });
    let violation: Error | undefined;
    const gate = new FrameGate(
      socket.asSocket,
      writer,
      { maxFrameSize: 4096, clock: SYSTEM_CLOCK },
      {
        transfer: (_channel, buffer, position, end) => readFields(TRANSFER, buffer, position, end),
        disposition: (_channel, buffer, position, end) => readFields(DISPOSITION, buffer, position, end),
        mechanismsOffered: ignore,
        inputRead: ignore,
        ending: ignore,
        violated: (error) => (violation ??= error),
        ended: ignore,
      },
    );
    gate.on('data', ignore);
    for (const piece of pieces(input)) socket.receive(piece);
    if (violation?.cause !== undefined) throw violation;
    gate.destroy();
  },
};

const performatives: Target = {
  name: 'performatives',
  seeds: FRAMES.slice(0, -1).map((frame) => frame.subarray(8)),
  tokens: [...SYMBOLS, ...VALUES.slice(0, 5)],
  run(input) {
    refusable(
      () => {
        const { code, fields } = new PerformativeHead().read(input, 0, input.length);
        const isWhole = refusable(() => scanPerformative(input, 0, input.length), DecodeError) !== undefined;
        readFields(code, input, fields, input.length);
        if (isWhole) expectThat(scanValue(input, 0, input.length) <= input.length, 'A value ends outside its bytes.');
      },
      DecodeError,
      ProtocolError,
    );
  },
};

const values: Target = {
  name: 'values',
  seeds: VALUES,
  tokens: SYMBOLS,
  run(input) {
    const end = refusable(() => scanValue(input, 0, input.length), DecodeError);
    const value = attempt(() => readValue(input, 0));
    if (value instanceof DecodeError) {
      // The scan looks neither into scalars nor at what the values would be in memory.
      const isBeyondScan = /boolean|char|UTF-8|a key twice|more values/.test(value.message);
      expectThat(end === undefined || isBeyondScan, `The scan takes what the reader refuses: ${value.message}`);
      return;
    }
    expectThat(end !== undefined, 'The scan refuses what the reader reads.');
    expectThat(skipValue(input, 0, input.length) === end, 'The scan and the skip end at different places.');
    const again = refusable(() => valueBytes(value), EncodeError);
    if (again === undefined) return;
    const back = refusable(() => ({ read: readValue(again, 0) }), DecodeError);
    expectThat(back === undefined || isDeepStrictEqual(back.read, value), 'A value comes back as another.');
  },
};

const messages: Target = {
  name: 'messages',
  seeds: MESSAGES,
  tokens: [
    ...SYMBOLS,
    bytes('005370 45'),
    bytes('005373 45'),
    bytes('005375 a000'),
    bytes('005376 45'),
    bytes('005377 40'),
  ],
  run(input) {
    const message = refusable(() => new ReceivedMessage(input, 0, input.length), DecodeError);
    if (message === undefined) return;
    const whole = refusable(() => message.toObject(), DecodeError);
    if (whole === undefined) return;
    const { address } = message;
    const same = messageBytes(message, address);
    const hasBody = refusable(() => new ReceivedMessage(same, 0, same.length).bodyType, DecodeError);
    expectThat(hasBody !== undefined && same.includes(input), 'A message goes out with other bytes than it came with.');
    const passed = messageBytes(message.with({ subject: 'passed on' }), address);
    const back: Message = new ReceivedMessage(passed, 0, passed.length).toObject();
    expectThat(isDeepStrictEqual(back, { ...whole, subject: 'passed on' }), 'Setting one field changes another.');
  },
};

function attempt<Result>(run: () => Result): Result | DecodeError {
  try {
    return run();
  } catch (thrown) {
    if (thrown instanceof DecodeError) return thrown;
    throw thrown;
  }
}

const INIT = encodeFrame('sasl_init', { mechanism: 'PLAIN', initial_response: Buffer.from('\0user\0password') });

const sasl: Target = {
  name: 'sasl',
  seeds: [
    Buffer.concat([SASL_HEADER, INIT]),
    Buffer.concat([SASL_HEADER, encodeFrame('sasl_init', { mechanism: 'ANONYMOUS', hostname: 'h' }), AMQP_HEADER]),
    Buffer.concat([AMQP_HEADER, FRAMES[0]!]),
    Buffer.concat([SASL_HEADER, rawFrame(bytes('00 5341 45'), 1)]),
  ],
  tokens: [SASL_HEADER, AMQP_HEADER, INIT, ...SYMBOLS],
  async run(input) {
    const socket = new FakeSocket();
    let ended = 0;
    let failure: Error | undefined;
    const server = new SaslServer(
      socket.asSocket,
      {
        mechanisms: () => ['PLAIN', 'ANONYMOUS'],
        authenticate: ({ password }) => password === undefined || password === 'password',
      },
      {
        loggedIn() {
          ended++;
        },
        loginFailed(error) {
          ended++;
          failure = error;
        },
      },
    );
    for (const piece of pieces(input)) socket.receive(piece);
    await new Promise(setImmediate);
    if (ended === 0) server.abort(new ProtocolError('over'));
    expectThat(ended === 1, `A login ended ${ended} times.`);
    const isCoded = failure === undefined || 'code' in failure;
    if (!isCoded) throw failure!;
  },
};

function ignore(): void {
  // Nothing depends on it.
}

export const WIRE_TARGETS: readonly Target[] = [frames, performatives, values, messages, sasl];
