import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished } from 'vitest';
import { amqpBroker } from '../support/amqp-broker.js';
import type { LocalBroker } from '../support/broker.js';
import type { BrokerFacts } from '../support/broker-facts.js';
import { Job } from '../support/job.js';
import { testsOn } from '../support/known-faults.js';

const JOBS = 10_000;
const PROGRAM = fileURLToPath(new URL('../support/job-worker.ts', import.meta.url));

/** A process that works off a queue. */
interface Worker {
  readonly process: ChildProcess;
  /** The jobs it has handled. */
  readonly numbers: Set<number>;
}

async function startWorker(url: string, factsName: string): Promise<Worker> {
  const child = spawn(process.execPath, ['--import', 'tsx', PROGRAM, url, factsName, 'work'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const numbers = new Set<number>();
  const lines = createInterface(child.stdout);
  await once(lines, 'line');
  lines.on('line', (line) => numbers.add(Number(line)));
  return { process: child, numbers };
}

/** Several processes of pub/sub on one broker. */
export function pubsubProcessesSuite(facts: BrokerFacts, peer: () => LocalBroker): void {
  const it = testsOn(facts);

  it('has three processes with one queue name share ten thousand jobs and lose none when one is killed; another queue name gets them all', async () => {
    const broker = amqpBroker(peer());
    onTestFinished(() => broker.close());
    const copies = new Set<number>();
    const copy = ({ number }: Job): void => void copies.add(number);
    await broker.subscribeAsync(Job, copy, 'copy', { concurrency: 200 }).ready();
    // Has the queue made, for the processes to come.
    await (await broker.subscribeAsync(Job, copy, 'work').ready()).unsubscribe();

    const starting = Array.from({ length: 3 }, () => startWorker(peer().url, facts.name));
    const workers = await Promise.all(starting);
    const [victim] = workers;
    const done = (): Set<number> => new Set(workers.flatMap(({ numbers }) => [...numbers]));
    const publish = (from: number, to: number): Promise<unknown> =>
      Promise.all(Array.from({ length: to - from }, (_, index) => broker.publish(new Job({ number: from + index }))));

    await publish(0, JOBS / 2);
    await expect.poll(() => victim!.numbers.size, { timeout: 30_000, interval: 5 }).toBeGreaterThan(100);
    victim!.process.kill('SIGKILL');
    expect(done().size).toBeLessThan(JOBS);
    await publish(JOBS / 2, JOBS);

    await expect.poll(() => done().size, { timeout: 50_000, interval: 50 }).toBe(JOBS);
    await expect.poll(() => copies.size, { timeout: 50_000, interval: 50 }).toBe(JOBS);
    expect(victim!.process.signalCode).toBe('SIGKILL');
    for (const { numbers } of workers) expect(numbers.size).toBeGreaterThan(0);
  }, 120_000);
}
