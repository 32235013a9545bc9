import { fileURLToPath } from 'node:url';
import type { Receiver } from 'rhea';
import rhea from 'rhea';
import { Messenger } from '../../src/messenger/messenger.js';
import { freePort } from '../brokers/support/free-port.js';
import { runPair } from './run-pair.js';
import type { Program } from './run-pair.js';
import { median } from './statistics.js';

/** What a slow peer does to a quick sender, and one address to another. */
export interface BackPressureBenchResult {
  readonly name: string;
  readonly unit: 'MiB' | 'ms';
  readonly runs: number;
  /** With nothing in the way, or at first. */
  readonly before: number;
  /** With it, or later. */
  readonly after: number;
}

const FLOOD_SECONDS = 30;
const STUCK = 10_000;
const TIMED = 1000;
const RUNS = 5;
const MIB = 1 << 20;

/** Measures memory while a peer takes less than is put, and delays while another address of it takes nothing. */
export async function benchBackPressure(): Promise<BackPressureBenchResult[]> {
  const flood = await runPair(...floodPrograms(await freePort()));
  const alone: number[] = [];
  const beside: number[] = [];
  for (let run = 0; run < RUNS; run += 1) {
    alone.push(await slowestDelay(0));
    beside.push(await slowestDelay(STUCK));
  }
  return [
    {
      name: `16 MiB of maxOutgoing, kept full for ${FLOOD_SECONDS} s beside a peer that takes 5,000 messages of 1 kB a second: most memory in the first half, and in the second`,
      unit: 'MiB',
      runs: 1,
      before: (flood['first'] ?? NaN) / MIB,
      after: (flood['second'] ?? NaN) / MIB,
    },
    {
      name: `the slowest of ${TIMED} messages to one address, alone, and while ${STUCK} to another of the same peer wait for credit`,
      unit: 'ms',
      runs: RUNS,
      before: median(alone),
      after: median(beside),
    },
  ];
}

function floodPrograms(port: number): [listener: Program, dialler: Program] {
  const program = (name: string, ...args: string[]): Program => ({
    command: process.execPath,
    args: ['--expose-gc', fileURLToPath(new URL(`programs/${name}.mjs`, import.meta.url)), ...args],
  });
  return [
    program('ours-slow', `amqp://~127.0.0.1:${port}`),
    program('ours-flood', `amqp://127.0.0.1:${port}/q`, String(FLOOD_SECONDS)),
  ];
}

/** The longest time from `put` to the outcome, in milliseconds, for messages one after the other. */
async function slowestDelay(stuck: number): Promise<number> {
  const container = rhea.create_container();
  container.on('receiver_open', ({ receiver }: { receiver: Receiver }) => {
    if (receiver.target.address === 'good') receiver.add_credit(TIMED + 1);
  });
  const port = await freePort();
  const server = container.listen({ port, host: '127.0.0.1', receiver_options: { credit_window: 0 } });
  const messenger = new Messenger({ outgoingWindow: 1 });
  const put = (node: string): Promise<unknown> =>
    messenger.put({ address: `amqp://127.0.0.1:${port}/${node}`, body: 'x' }).outcome();
  for (let index = 0; index < stuck; index += 1) void put('stuck');
  await put('good'); // the link is there
  let slowest = 0;
  for (let index = 0; index < TIMED; index += 1) {
    const started = performance.now();
    await put('good');
    slowest = Math.max(slowest, performance.now() - started);
  }
  await messenger.stop();
  server.close();
  return slowest;
}
