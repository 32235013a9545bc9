import { spawn } from 'node:child_process';
import type { ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import type { TestContext } from 'vitest';
import { ROOT } from './pages.js';

/** How a program has ended. */
export interface Ending {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A program that runs. */
export interface Running {
  readonly process: ChildProcessByStdio<null, Readable, Readable>;
  /** Resolves when it, and every process it has started, has closed its output. */
  readonly ended: Promise<Ending>;
}

/** What ends with a test. Tests that run side by side each have their own. */
export type Test = Pick<TestContext, 'onTestFinished'>;

/** With these settings `amqp-messenger` is what is in dist, as it is for users. */
const env = { ...process.env, TSX_TSCONFIG_PATH: join(ROOT, 'examples', 'tsconfig.run.json') };

/** Starts a program, a TypeScript one as `npx tsx` would. It is killed when the test ends before it. */
export function start({ onTestFinished }: Test, file: string, args: readonly string[] = []): Running {
  const loader = file.endsWith('.ts') ? ['--import', 'tsx'] : [];
  const child = spawn(process.execPath, [...loader, file, ...args], {
    cwd: ROOT,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const ended = Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]).then(
    // `close` comes with the exit code.
    ([stdout, stderr, [code]]) => ({ code: code as number | null, stdout, stderr }),
  );
  return { process: child, ended };
}

/** Runs a program to its end. */
export function run(test: Test, file: string, args: readonly string[] = []): Promise<Ending> {
  return start(test, file, args).ended;
}
