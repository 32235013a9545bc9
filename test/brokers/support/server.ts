import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Guard } from './guard.js';
import { amqpPortAnswers, portAccepts } from './port-ready.js';

/** How long a broker may take to start, in milliseconds. It takes seconds on an idle machine. */
const startLimit = 120_000;

/** How long a broker may take to end in good order, in milliseconds, before it is killed. */
const stopLimit = 30_000;

/** A program and what it is started with. */
export interface Program {
  readonly file: string;
  readonly arguments: readonly string[];
}

/** How a broker is run. */
export interface ServerPlan {
  readonly program: Program;
  /** What must run beside it, through all its restarts. */
  readonly companion?: Program;
  /** The whole environment of both. */
  readonly environment: Record<string, string>;
  /** The folder they run in. */
  readonly folder: string;
  /** The ports that answer when it is ready. */
  readonly ports: { readonly amqp: number; readonly amqps: number };
}

/** The process of a broker, which is started, killed and started again. */
export class Server {
  #companion: ChildProcess | undefined;
  #process: ChildProcess | undefined;
  #stopped = false;
  readonly #output: string;

  constructor(
    readonly plan: ServerPlan,
    readonly guard: Guard,
  ) {
    this.#output = join(plan.folder, 'output');
  }

  /** Starts it, and returns when it can be connected to. Ends it in good order first when it runs. */
  async restart(): Promise<void> {
    if (this.#stopped) throw new Error('A stopped broker cannot be started again.');
    await end(this.#process, 'SIGTERM');
    const { companion, program } = this.plan;
    if (companion !== undefined) this.#companion ??= this.#start(companion);
    this.#process = this.#start(program);
    this.#watch();
    await this.#ready(this.#process);
  }

  /** Ends it at once, as a power cut would. */
  async kill(): Promise<void> {
    await end(this.#process, 'SIGKILL');
    this.#watch();
  }

  /** Ends it in good order and removes all it has written. Does nothing when called again. */
  async stop(): Promise<void> {
    if (this.#stopped) return;
    this.#stopped = true;
    await end(this.#process, 'SIGTERM');
    await end(this.#companion, 'SIGTERM');
    this.guard.watch([]);
    await this.guard.end();
  }

  /** Each child leads a process group of its own, so that it can be killed together with its own children. */
  #start({ file, arguments: programArguments }: Program): ChildProcess {
    const { folder, environment } = this.plan;
    const output = openSync(this.#output, 'a');
    const child = spawn(file, programArguments, {
      cwd: folder,
      env: environment,
      detached: true,
      stdio: ['ignore', output, output],
    });
    closeSync(output);
    child.unref();
    return child;
  }

  #watch(): void {
    const running = [this.#companion, this.#process].filter((child) => child !== undefined).filter(isRunning);
    this.guard.watch(running.map(({ pid }) => pid).filter((group) => group !== undefined));
  }

  async #ready(server: ChildProcess): Promise<void> {
    const waiting = new AbortController();
    const ended = once(server, 'close', { signal: waiting.signal }).then(() => Promise.reject(new Error('it ended')));
    const { amqp, amqps } = this.plan.ports;
    try {
      const signal = AbortSignal.any([waiting.signal, AbortSignal.timeout(startLimit)]);
      await Promise.race([ended, Promise.all([amqpPortAnswers(amqp, signal), portAccepts(amqps, signal)])]);
    } catch (error) {
      const output = await readFile(this.#output, 'utf8');
      throw new Error(`${this.plan.program.file} did not start. It said:\n${output}`, { cause: error });
    } finally {
      waiting.abort();
    }
  }
}

async function end(child: ChildProcess | undefined, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
  if (child?.pid === undefined || !isRunning(child)) return;
  const { pid } = child;
  const ended = once(child, 'close');
  child.ref();
  if (signal === 'SIGKILL') process.kill(-pid, signal);
  else child.kill(signal);
  const limit = setTimeout(() => process.kill(-pid, 'SIGKILL'), stopLimit);
  await ended;
  clearTimeout(limit);
}

function isRunning(child: ChildProcess): boolean {
  return child.exitCode === null && child.signalCode === null;
}
