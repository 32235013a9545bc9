/**
 * What it costs to encode a message, and to decode it and read its subject, one application property and its body:
 * nanoseconds each, beside rhea. Run with `npx tsx test/bench/codec.ts`.
 *
 * tsx keeps the names of functions by a call for each, which hinders the compiler of V8: the built package encodes the
 * small message in about three quarters of the time shown here.
 */
import { readFileSync } from 'node:fs';
import rhea from 'rhea';
import { encodeMessage } from '../../src/codec/encode-message.js';
import { Output } from '../../src/codec/output.js';
import { ReceivedMessage } from '../../src/codec/received-message.js';
import type { Message } from '../../src/message/message.js';

const ROUNDS = 20;
const REPEATS = 50_000;
/** Room for a frame header in front of each message, as the sender leaves it. */
const HEADROOM = 40;

const realistic = JSON.parse(readFileSync(new URL('realistic-message.json', import.meta.url), 'utf8')) as Message & {
  body: string;
  properties: Record<string, string | number | boolean>;
  creationTime: number;
};

/** The result of everything measured goes here, so that nothing is optimised away. */
let sink: unknown;

/** The best of some rounds, in nanoseconds: what disturbs a measurement only ever makes it slower. */
function nanoseconds(run: (index: number) => unknown): number {
  let best = Infinity;
  for (let round = 0; round < ROUNDS; round++) {
    const begin = process.hrtime.bigint();
    for (let index = 0; index < REPEATS; index++) sink = run(index);
    best = Math.min(best, Number(process.hrtime.bigint() - begin) / REPEATS);
  }
  return best;
}

function encoded(message: Message): Buffer {
  const output = new Output();
  output.open(0);
  encodeMessage(output, message, message.address);
  return output.buffer.subarray(output.start, output.position);
}

function report(name: string, message: Message, rheaMessage: rhea.Message): void {
  const output = new Output();
  const bytes = encoded(message);
  const rheaBytes = rhea.message.encode(rheaMessage);
  const ours = {
    encode: nanoseconds(() => {
      output.open(HEADROOM);
      encodeMessage(output, message, message.address);
      return output.position;
    }),
    decode: nanoseconds(() => {
      const received = new ReceivedMessage(bytes, 0, bytes.length);
      return [received.subject, received.properties?.['tenant'], received.body];
    }),
    copy: nanoseconds(() => {
      output.open(HEADROOM);
      encodeMessage(output, new ReceivedMessage(bytes, 0, bytes.length), message.address);
      return output.position;
    }),
  };
  const theirs = {
    encode: nanoseconds(() => rhea.message.encode(rheaMessage)),
    decode: nanoseconds(() => {
      const received = rhea.message.decode(rheaBytes) as unknown as rhea.Message; // its own type has no fields
      return [received.subject, received.application_properties?.['tenant'] as unknown, received.body as unknown];
    }),
  };
  console.log(`${name}: ${bytes.length} bytes`);
  console.log(
    `  encode            ${ours.encode.toFixed(0).padStart(6)} ns   rhea ${theirs.encode.toFixed(0).padStart(6)} ns`,
  );
  console.log(
    `  decode and read   ${ours.decode.toFixed(0).padStart(6)} ns   rhea ${theirs.decode.toFixed(0).padStart(6)} ns`,
  );
  console.log(`  receive and copy  ${ours.copy.toFixed(0).padStart(6)} ns`);
}

const small = { address: 'amqp://127.0.0.1/queue', body: 'x'.repeat(100) };
report('100-character string body, only an address', small, { to: small.address, body: small.body });

const body = Buffer.from(realistic.body);
report('realistic message', { ...realistic, body }, {
  durable: realistic.durable,
  ttl: realistic.ttl,
  message_id: realistic.id as string,
  to: realistic.address,
  subject: realistic.subject,
  reply_to: realistic.replyTo,
  correlation_id: realistic.correlationId as string,
  content_type: realistic.contentType,
  creation_time: new Date(realistic.creationTime),
  application_properties: realistic.properties,
  body: rhea.message.data_section(body) as unknown,
} as rhea.Message);

if (sink === undefined) process.exitCode = 1;
