import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { RequestListener } from 'node:http';
import { connect } from 'node:net';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { Message } from '../../src/channels/message.js';
import { SseChannel } from '../../src/channels/sse-channel.js';
import { median } from './statistics.js';

/** One figure of the channels beside better-sse. `null`: not measured. */
export interface ChannelsBenchResult {
  /** What was measured. */
  readonly name: string;
  readonly unit: 'ms' | '% of a core';
  readonly ours: number;
  readonly betterSse: number | null;
  /** How many timed runs each median is of. */
  readonly runs: number;
}

/** A server of events that is measured. */
interface Contender {
  readonly listener: RequestListener;
  readonly clientCount: () => number;
  broadcast(payload: unknown): void;
}

const CLIENTS = 1000;
const BROADCASTS = 200;
const WARM_UP_RUNS = 2;
const RUNS = 5;
/** As long as two heartbeats take. */
const IDLE_TIME = 30_000;

const payload = { symbol: 'ACME', price: 123.45, volume: 1000, note: 'x'.repeat(100) };

/** Measures fan-out to a thousand clients, and what a thousand clients cost that get nothing. */
export async function benchChannels(): Promise<ChannelsBenchResult[]> {
  const rival = await betterSse();
  const fanOut = await alternate([ours, ...(rival === undefined ? [] : [rival])]);
  const idle = await measureIdle(ours());
  const idleRival = rival === undefined ? null : await measureIdle(rival());
  const [mine, theirs] = fanOut;
  const result = (name: string, pick: (run: FanOut) => number): ChannelsBenchResult => ({
    name,
    unit: 'ms',
    ours: median((mine ?? []).map(pick)),
    betterSse: theirs === undefined ? null : median(theirs.map(pick)),
    runs: RUNS,
  });
  return [
    result(`one event to ${CLIENTS} clients, processor time of the server`, ({ processor }) => processor),
    result(`one event to ${CLIENTS} clients, until the last has it`, ({ latency }) => latency),
    { name: `${CLIENTS} clients that get nothing`, unit: '% of a core', ours: idle, betterSse: idleRival, runs: 1 },
  ];
}

interface FanOut {
  /** Of the server, for one broadcast. */
  readonly processor: number;
  /** From one broadcast until every client has read it. */
  readonly latency: number;
}

/** The servers take turns, run by run, so that whatever else the machine does falls on all of them alike. */
async function alternate(contenders: readonly (() => Contender)[]): Promise<FanOut[][]> {
  const stages = await Promise.all(contenders.map((make) => openStage(make())));
  const results: FanOut[][] = stages.map(() => []);
  for (let run = 0; run < WARM_UP_RUNS + RUNS; run++) {
    for (const [index, stage] of stages.entries()) {
      const measured = await measureFanOut(stage);
      if (run >= WARM_UP_RUNS) results[index]?.push(measured);
    }
  }
  for (const stage of stages) await stage.close();
  return results;
}

/** A server with its clients, which are in a process of their own. */
interface Stage {
  readonly contender: Contender;
  readonly clients: ChildProcess;
  close(): Promise<void>;
}

async function openStage(contender: Contender): Promise<Stage> {
  const server = createServer(contender.listener).listen(0, '127.0.0.1', 2048);
  await once(server, 'listening');
  // It listens on TCP.
  const { port } = server.address() as AddressInfo;
  const clients = fork(fileURLToPath(import.meta.url), ['clients', `${port}`]);
  while (contender.clientCount() < CLIENTS) await sleep(10);
  await sleep(500);
  return {
    contender,
    clients,
    close: async () => {
      clients.kill();
      await once(clients, 'exit');
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

async function measureFanOut({ contender, clients }: Stage): Promise<FanOut> {
  const processor = process.cpuUsage();
  const start = performance.now();
  for (let index = 0; index < BROADCASTS; index++) {
    const received = once(clients, 'message');
    contender.broadcast(payload);
    await received;
  }
  const latency = (performance.now() - start) / BROADCASTS;
  const { user, system } = process.cpuUsage(processor);
  return { processor: (user + system) / 1000 / BROADCASTS, latency };
}

async function measureIdle(contender: Contender): Promise<number> {
  const stage = await openStage(contender);
  const before = process.cpuUsage();
  await sleep(IDLE_TIME);
  const { user, system } = process.cpuUsage(before);
  await stage.close();
  return ((user + system) / 1000 / IDLE_TIME) * 100;
}

function ours(): Contender {
  const channel = new SseChannel();
  return {
    listener: channel.handler(),
    clientCount: () => channel.clientCount,
    broadcast: (data) => channel.broadcast(new Message('tick', data)),
  };
}

/** better-sse, or `undefined` when it is not installed. */
async function betterSse(): Promise<(() => Contender) | undefined> {
  try {
    const { createChannel, createSession } = await import('better-sse');
    return () => {
      const channel = createChannel();
      return {
        listener: (request, response) =>
          void createSession(request, response).then((session) => channel.register(session)),
        clientCount: () => channel.sessionCount,
        broadcast: (data) => void channel.broadcast(data, 'tick'),
      };
    };
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND') return undefined;
    throw error;
  }
}

/** The clients: tells the parent each time that every one of them has got another event. */
function runClients(port: number): void {
  let missing = CLIENTS;
  for (let index = 0; index < CLIENTS; index++) {
    const socket = connect(port, '127.0.0.1', () => socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n'));
    // One broadcast is one chunk: the next comes only when everybody has this one.
    socket.on('data', (chunk) => {
      if (!chunk.includes('tick')) return;
      missing--;
      if (missing > 0) return;
      missing = CLIENTS;
      process.send?.('received');
    });
  }
}

if (process.argv[2] === 'clients') {
  runClients(Number(process.argv[3]));
} else if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  for (const { name, unit, ours: mine, betterSse: theirs, runs } of await benchChannels()) {
    const rival =
      theirs === null ? '' : `, better-sse ${theirs.toFixed(2)} ${unit} (ratio ${(mine / theirs).toFixed(2)})`;
    console.log(`${name}: ${mine.toFixed(2)} ${unit}${rival} (median of ${runs})`);
  }
}
