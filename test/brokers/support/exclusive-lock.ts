import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { BrokerUnavailable } from './broker-unavailable.js';

/**
 * Runs `work` while no other process of this machine holds the lock on `path`, and waits for its turn.
 * The kernel holds the lock for a child that lives as long as its standard input is open, so the lock is free again
 * however this process ends.
 */
export async function withExclusiveLock<Result>(path: string, work: () => Promise<Result>): Promise<Result> {
  const holder = spawn('flock', [path, 'sh', '-c', 'echo locked; exec cat'], { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = new Promise<void>((resolve) => {
    holder.once('close', () => {
      resolve();
    });
  });
  try {
    await Promise.race([
      once(holder.stdout, 'data'),
      ended.then(() => Promise.reject(new Error(`flock could not lock ${path}.`))),
      once(holder, 'error').then(([error]) => Promise.reject(missing(error))),
    ]);
    return await work();
  } finally {
    holder.stdin.end();
    await ended;
  }
}

function missing(cause: unknown): BrokerUnavailable {
  return new BrokerUnavailable('The command flock is not installed.', { cause });
}
