// A producer and two consumers, in processes of their own, move messages through a broker; then the books are checked.
// npm start -- [--broker amqp://user:password@host:port] [--count N]
import { randomUUID } from 'node:crypto';
import { Command } from 'commander';
import { findBroker, startBroker } from './broker.js';
import type { Broker } from './broker.js';
import { Crew } from './crew.js';
import { Ledger } from './ledger.js';
import { showProgress } from './progress.js';
import type { Report } from './protocol.js';
import { summary, table } from './report.js';

const CONSUMERS = ['consumer 1', 'consumer 2'];
/** How long nothing may happen before the job is given up, in milliseconds. */
const PATIENCE = 10_000;
/** What a shell expects of a program that was stopped by Ctrl-C. */
const INTERRUPTED = 130;

const { broker: url, count } = new Command('npm start --')
  .description('Moves messages from a producer to two consumers, each in a process of its own, and checks the books.')
  .option('--broker <url>', 'a broker that runs already; without it, one is started for the job')
  .option('--count <n>', 'how many messages', Number, 100_000)
  .parse()
  .opts<{ broker?: string; count: number }>();

const stop = new AbortController();
process.once('SIGINT', () => stop.abort());

try {
  await main();
} catch (error) {
  process.exitCode = 1;
  const reason: unknown = stop.signal.aborted ? stop.signal.reason : error;
  if (reason instanceof DOMException) {
    process.exitCode = INTERRUPTED;
    console.log('\nStopped.');
  } else {
    console.error(`\n${reason instanceof Error ? reason.message : String(reason)}`);
  }
}

async function main(): Promise<void> {
  if (!Number.isInteger(count) || count < 1) throw new Error('--count takes a whole number from 1 up.');
  await using broker = await (url === undefined ? startBroker() : findBroker(url));
  const ledger = new Ledger(count, CONSUMERS);
  const seconds = await work(broker, ledger);
  const left = broker.left() ?? 0;
  console.log(`\n${table(ledger, seconds)}\n`);
  const fault = ledger.fault ?? (left > 0 ? `${left} messages are still in the queues.` : undefined);
  if (fault !== undefined) throw new Error(fault);
  console.log(summary(ledger, seconds));
}

/** Has the messages moved. Resolves with how long that took, in seconds. */
async function work({ base }: Broker, ledger: Ledger): Promise<number> {
  const crew = new Crew(stop);
  crew.on('report', (name, report) => enter(ledger, name, report));
  const job = { broker: base, run: randomUUID(), count: ledger.count };
  try {
    for (const name of CONSUMERS) crew.hire(name, 'consumer');
    crew.hire('producer', 'producer');
    await crew.start(CONSUMERS, job);
    await crew.start(['producer'], job);
    console.log(`\n  A producer and two consumers, ${count.toLocaleString('en')} messages\n`);
    const begin = performance.now();
    await untilComplete(crew, ledger);
    return (performance.now() - begin) / 1000;
  } finally {
    await crew.dismiss();
  }
}

function enter(ledger: Ledger, name: string, report: Report): void {
  if (report.kind === 'sent') ledger.enterSent(report.accepted, report.refused);
  if (report.kind === 'taken') ledger.enterTaken(name, report);
}

/** Waits until the ledger is complete, or nothing happens any more. */
async function untilComplete(crew: Crew, ledger: Ledger): Promise<void> {
  const progress = showProgress(ledger.count);
  await new Promise<void>((resolve, reject) => {
    const silence = setTimeout(resolve, PATIENCE);
    stop.signal.addEventListener('abort', () => {
      clearTimeout(silence);
      reject(stop.signal.reason as Error);
    });
    crew.on('report', () => {
      progress.update(ledger.taken);
      silence.refresh();
      if (!ledger.isComplete) return;
      clearTimeout(silence);
      resolve();
    });
  }).finally(() => progress.stop());
}
