import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Record } from './check.js';
import type { Report, Status } from './clients.js';
import type { Cluster } from './cluster.js';
import { addressOf } from './network.js';

const PROGRAM = fileURLToPath(new URL('clients.ts', import.meta.url));

/** The process of the clients, seen from outside. */
export interface Clients {
  /** The nodes that the first producer and the first consumer are connected to, as last told. */
  nodes(): { producer: number; consumer: number };
  summary(): string;
  forgetStall(): void;
  /** The longest time without an outcome since it was forgotten, in milliseconds. */
  worstStall(): number;
  /** Has them send no more, and waits for what they have seen. */
  finish(): Promise<{ record: Record; sent: readonly number[] }>;
}

/** Starts the clients in the namespace that reaches all nodes. */
export function startClients({ network, queue }: Cluster, rate: number): Clients {
  const hosts = network.nodes.map((node) => addressOf(node, 'clients'));
  const command = [process.execPath, '--import', 'tsx', PROGRAM, String(rate), queue, ...hosts];
  const child = spawn('ip', ['netns', 'exec', network.hub, ...command], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    // As JSON, what is no number would become 0.
    serialization: 'advanced',
  });
  let status: Status | undefined;
  let worst = 0;
  const finished = new Promise<{ record: Record; sent: readonly number[] }>((resolve, reject) => {
    child.on('message', (report: Report) => {
      if ('record' in report) {
        resolve(report);
        return;
      }
      status = report.status;
      worst = Math.max(worst, status.stall);
    });
    child.once('disconnect', () => reject(new Error('The clients ended without a record.')));
  });
  finished.catch(() => undefined);
  const nodeOf = (host: string | undefined): number => hosts.findIndex((each) => host?.startsWith(each)) + 1 || 1;
  return {
    nodes: () => ({ producer: nodeOf(status?.producer), consumer: nodeOf(status?.consumer) }),
    summary: () =>
      `${status?.accepted ?? 0} accepted, ${status?.received ?? 0} received, ${status?.pending ?? 0} pending`,
    forgetStall: () => {
      worst = 0;
    },
    worstStall: () => worst,
    async finish() {
      child.send('stop');
      const result = await finished;
      if (child.exitCode === null) await once(child, 'exit');
      return result;
    },
  };
}
