import { spawn } from 'node:child_process';
import type { ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';

/** A program to measure, and its arguments. */
export interface Program {
  readonly command: string;
  readonly args: readonly string[];
}

/** The figures a program prints as one line of JSON when it is done. */
export type Figures = Readonly<Record<string, number>>;

const LONGEST_RUN_MS = 300_000;

/**
 * Starts `listener`, waits until it says "ready", starts `dialler`, and gives the figures of both in one object.
 * Throws, and leaves no process behind, when one of them fails.
 */
export async function runPair(listener: Program, dialler: Program): Promise<Figures> {
  const listening = new Running(listener);
  try {
    await Promise.race([listening.ready, listening.figures]);
    const dialling = new Running(dialler);
    try {
      const [first, second] = await Promise.all([listening.figures, dialling.figures]);
      return sumOfProcessorTime(first, second);
    } finally {
      dialling.kill();
    }
  } finally {
    listening.kill();
  }
}

/**
 * Starts `server`, waits until it says "ready", and runs a pair that talks through it. Then the server is terminated, and
 * gives its figures, too.
 */
export async function runBehind(server: Program, listener: Program, dialler: Program): Promise<Figures> {
  const serving = new Running(server);
  try {
    await Promise.race([serving.ready, serving.figures]);
    const figures = await runPair(listener, dialler);
    serving.terminate();
    return { ...figures, ...(await serving.figures) };
  } finally {
    serving.kill();
  }
}

/** Runs one program and gives its figures. Throws when it fails. */
export async function runAlone(program: Program): Promise<Figures> {
  return new Running(program).figures;
}

/** Both processes work for a message, so their processor times are one figure. */
function sumOfProcessorTime(first: Figures, second: Figures): Figures {
  return { ...first, ...second, cpuSeconds: (first['cpuSeconds'] ?? 0) + (second['cpuSeconds'] ?? 0) };
}

class Running {
  /** Done when the program has said that it listens. */
  readonly ready: Promise<void>;
  readonly figures: Promise<Figures>;
  readonly #program: Program;
  readonly #process: ChildProcessByStdio<null, Readable, Readable>;
  #complaints = '';
  #figures: Figures | undefined;

  constructor(program: Program) {
    this.#program = program;
    this.#process = spawn(program.command, program.args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: LONGEST_RUN_MS,
    });
    this.#process.stderr.setEncoding('utf8').on('data', (text: string) => (this.#complaints += text));
    const lines = createInterface({ input: this.#process.stdout });
    this.ready = new Promise((resolve) => {
      lines.on('line', (line) => {
        if (line === 'ready') resolve();
        // Every other line is the figures: one flat object of numbers.
        else this.#figures = JSON.parse(line) as Figures;
      });
    });
    this.figures = this.#finish();
    // The other program of the pair may be the one that is awaited when this one fails.
    this.figures.catch(() => undefined);
  }

  async #finish(): Promise<Figures> {
    const [code, signal] = (await once(this.#process, 'close')) as [number | null, NodeJS.Signals | null];
    if (code === 0 && this.#figures !== undefined) return this.#figures;
    const command = [this.#program.command, ...this.#program.args].join(' ');
    const printed = this.#figures === undefined ? 'no figures' : JSON.stringify(this.#figures);
    throw new Error(`${command}\nended with ${signal ?? `code ${code}`}, printed ${printed}.\n${this.#complaints}`);
  }

  terminate(): void {
    this.#process.kill('SIGTERM');
  }

  kill(): void {
    if (this.#process.exitCode === null) this.#process.kill('SIGKILL');
  }
}
