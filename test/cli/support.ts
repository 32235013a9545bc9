import { spawn } from 'node:child_process';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { Messenger } from 'amqp-messenger';
import type { Message } from 'amqp-messenger';
import { EmbeddedBroker } from 'amqp-messenger/broker';
import type { EmbeddedBrokerOptions } from 'amqp-messenger/broker';
import type { TestContext } from 'vitest';

/** What `npm run build` makes of the command line. */
export const MAIN: string = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

/** What ends with a test. */
export type Test = Pick<TestContext, 'onTestFinished'>;

/** How a command has ended. */
export interface Ending {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** What a command is run with. */
export interface Surroundings {
  readonly input?: string | Buffer;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

/** A command that runs. */
export interface Running {
  readonly child: ChildProcessWithoutNullStreams;
  readonly stderr: Promise<string>;
  /** Its exit code. */
  readonly ended: Promise<number | null>;
}

/** Starts a command. It is killed when the test ends before it. */
export function start(
  { onTestFinished }: Test,
  args: readonly string[],
  { env, cwd = '/' }: Surroundings = {},
): Running {
  const child = spawn(process.execPath, [MAIN, ...args], { cwd, env: { PATH: process.env['PATH'], ...env } });
  child.stdin.on('error', () => undefined);
  onTestFinished(() => void child.kill('SIGKILL'));
  // `close` comes with the exit code.
  const ended = once(child, 'close').then(([code]) => code as number | null);
  return { child, ended, stderr: text(child.stderr) };
}

/** Runs a command to its end. */
export async function run(test: Test, args: readonly string[], surroundings: Surroundings = {}): Promise<Ending> {
  const { child, ended, stderr } = start(test, args, surroundings);
  child.stdin.end(surroundings.input ?? '');
  const stdout = text(child.stdout);
  return { code: await ended, stdout: await stdout, stderr: await stderr };
}

/** A broker for one test. */
export async function broker({ onTestFinished }: Test, options: EmbeddedBrokerOptions = {}): Promise<EmbeddedBroker> {
  const started = await new EmbeddedBroker({ port: 0, ...options }).start();
  onTestFinished(() => started.stop());
  return started;
}

/** Puts messages into a queue of a broker, without a process of their own. */
export async function fill({ url }: EmbeddedBroker, queue: string, messages: readonly Message[]): Promise<void> {
  await using messenger = new Messenger({ outgoingWindow: 1 });
  for (const message of messages) messenger.put({ ...message, address: `${url}/${queue}` });
  await messenger.send();
}

/** A folder for one test, with these files. */
export function folder({ onTestFinished }: Test, files: Readonly<Record<string, string | Buffer>> = {}): string {
  const path = mkdtempSync(join(tmpdir(), 'amqp-messenger-cli-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  for (const [name, content] of Object.entries(files)) writeFileSync(join(path, name), content);
  return path;
}

/** Waits until something is so. It is looked at after every turn of the event loop. */
export async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setImmediate(resolve));
}
