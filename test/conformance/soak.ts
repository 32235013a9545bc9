import { once } from 'node:events';
import { expect } from 'vitest';
import { freePort, freePorts } from '../brokers/support/free-port.js';
import type { Ending, Running } from '../docs/programs.js';

/** Starts one of the two programs. */
export type Start = (args: readonly string[]) => Running;

/** Who plays what. */
export interface Cast {
  /** They take turns where there are several. */
  readonly senders: readonly Start[];
  readonly receiver: Start;
  readonly relay: Start;
}

const TARGETS = 5;
const MESSAGES = 17;
const BATCH = 7;
const ITERATIONS = 2;
const STAR = { ports: 3, senders: 3 };

/** Only what hangs takes this long, in seconds; the tests take a little more. */
const TIME_LIMIT = ['-t', '50'];

/** Where messages go: so many nodes on each port. */
function targets(...ports: number[]): string[] {
  return ports.flatMap((port) =>
    Array.from({ length: TARGETS }, (_, number) => `amqp://127.0.0.1:${port}/target${number}`),
  );
}

/** Starts a receiver. Resolves when messages can come. */
async function receiving(start: Start, sources: readonly string[], ...args: (string | number)[]): Promise<Running> {
  const running = start([...TIME_LIMIT, '-a', sources.join(','), '-X', 'READY', ...args.map(String)]);
  await Promise.race([once(running.process.stdout, 'data'), running.ended]);
  return running;
}

function sending(start: Start, to: readonly string[], ...args: (string | number)[]): Promise<Ending> {
  return start([...TIME_LIMIT, '-a', to.join(','), '-c', String(to.length * MESSAGES), ...args.map(String)]).ended;
}

/** Everything is well, and the report says this many. */
function expectReport({ code, stdout, stderr }: Ending, sent: number, received: number): void {
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const [counts, time, throughput, latency] = stdout.replace(/^READY\n/, '').split('\n');
  expect(counts).toBe(`Messages sent: ${sent} recv: ${received}`);
  expect(time).toMatch(/^Total time: \d+\.\d+ sec$/);
  expect(throughput).toMatch(/^Throughput: \d+\.\d+ msgs\/sec$/);
  expect(latency).toMatch(/^Latency \(sec\): \d+\.\d+ min, \d+\.\d+ max, \d+\.\d+ avg$/);
}

/** One receiver takes what is sent to five nodes, twice. */
export async function oneway({ senders, receiver }: Cast): Promise<void> {
  const port = await freePort();
  const to = targets(port);
  const total = to.length * MESSAGES;
  const received = await receiving(receiver, [`amqp://~127.0.0.1:${port}`], '-c', total * ITERATIONS);
  for (let iteration = 0; iteration < ITERATIONS; iteration++) expectReport(await sending(senders[0]!, to), total, 0);
  expectReport(await received.ended, 0, total * ITERATIONS);
}

/** Each message is answered; the sender waits for the answers to every seven. */
export async function echo({ senders, receiver }: Cast): Promise<void> {
  const port = await freePort();
  const to = targets(port);
  const total = to.length * MESSAGES;
  const received = await receiving(receiver, [`amqp://~127.0.0.1:${port}`], '-c', total, '-R');
  expectReport(await sending(senders[0]!, to, '-R', '-p', BATCH), total, total);
  expectReport(await received.ended, total, total);
}

/** Each message is answered and passed on to a second receiver, which has subscribed to the first, by its name. */
export async function relay({ senders, receiver, relay: second }: Cast): Promise<void> {
  const port = await freePort();
  const to = targets(port);
  const total = to.length * MESSAGES;
  const first = await receiving(
    ...[receiver, [`amqp://~127.0.0.1:${port}`], '-c', total, '-R', '-F', 'amqp://Relay/relayed'],
  );
  const relayed = await receiving(second, [`amqp://127.0.0.1:${port}/relayed`], '-N', 'Relay', '-c', total);
  expectReport(await sending(senders[0]!, to, '-R', '-p', BATCH), total, total);
  expectReport(await first.ended, 2 * total, total);
  expectReport(await relayed.ended, 0, total);
}

/** A receiver listens on three ports, and three senders send to five nodes on each and wait for answers. */
export async function star({ senders, receiver }: Cast): Promise<void> {
  const ports = await freePorts(STAR.ports);
  const to = targets(...ports);
  const each = to.length * MESSAGES;
  const total = each * STAR.senders;
  const sources = ports.map((port) => `amqp://~127.0.0.1:${port}`);
  const received = await receiving(receiver, sources, '-c', total, '-R');
  const sent = Array.from({ length: STAR.senders }, (_, index) =>
    sending(senders[index % senders.length]!, to, '-R', '-p', BATCH),
  );
  for (const ending of await Promise.all(sent)) expectReport(ending, each, each);
  expectReport(await received.ended, total, total);
}
