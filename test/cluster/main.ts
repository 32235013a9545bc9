/**
 * Three nodes of RabbitMQ with a quorum queue, and faults, while messengers that list all three send and receive:
 * `npm run test:cluster`, with `-- --minutes 40` for a long run, `--release 4.3` for the newest RabbitMQ, and `--rate 150`
 * for more messages a second and producer. Needs root and network namespaces. See docs/reliability.md.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { release40, releaseSid } from '../brokers/support/rabbitmq-releases.js';
import { check } from './check.js';
import { startClients } from './client-process.js';
import { Cluster } from './cluster.js';
import { faults } from './faults.js';
import { judge } from './judge.js';

/** How long all is well between two faults, in milliseconds. */
const CALM = 5000;

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '3' },
    release: { type: 'string', default: '4.0' },
    rate: { type: 'string', default: '150' },
  },
});

const cluster = await Cluster.up(values.release === '4.0' ? release40 : releaseSid, `cluster-${process.pid}`);
const interrupted = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interrupted.abort());
try {
  console.log(`RabbitMQ ${cluster.version}, three nodes, ${values.minutes} minutes`);
  const clients = startClients(cluster, Number(values.rate));
  const end = Date.now() + Number(values.minutes) * 60_000;
  await sleep(CALM);
  let struck = 0;
  for (; Date.now() < end && !interrupted.signal.aborted; struck++) {
    const fault = faults[struck % faults.length]!;
    const scene = { cluster, leader: await cluster.leader(), ...clients.nodes() };
    clients.forgetStall();
    await fault.strike(scene);
    await sleep(CALM);
    const stall = (clients.worstStall() / 1000).toFixed(1);
    console.log(`${struck + 1} ${fault.title}: ${stall} s without service, ${clients.summary()}`);
  }
  const { record, sent } = await clients.finish();
  const left = await cluster.depth();
  const bars = judge(record, check(record, sent), left);
  for (const { title, holds, seen, missing } of bars) {
    const verdict = holds ? 'ok' : missing === undefined ? 'FAIL' : 'NOT YET';
    console.log(`${verdict} ${title}: ${seen}${verdict === 'NOT YET' ? `. ${missing}` : ''}`);
  }
  const passed = bars.filter(({ holds }) => holds).length;
  const failed = bars.filter(({ holds, missing }) => !holds && missing === undefined).length;
  mkdirSync('test-report', { recursive: true });
  const report = {
    numPassedTests: passed,
    numFailedTests: failed,
    numPendingTests: 0,
    numTodoTests: bars.length - passed - failed,
  };
  writeFileSync('test-report/cluster.json', JSON.stringify({ ...report, testResults: [], struck, bars }, undefined, 2));
  process.exitCode = failed === 0 ? 0 : 1;
} finally {
  await cluster.down();
}
process.exit();
