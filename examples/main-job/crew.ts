import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import type { Job, Report } from './protocol.js';

/** What a process plays: the name of the file it runs. */
export type Part = 'producer' | 'consumer';

/** The processes that do the work. `report` passes on what one of them says, `ready` that all asked have set up. */
export class Crew extends EventEmitter<{ report: [name: string, report: Report]; ready: [] }> {
  readonly #processes = new Map<string, ChildProcess>();
  readonly #notReady = new Set<string>();
  readonly #stop: AbortController;
  #dismissed = false;

  /** @param stop Aborted, with the reason, when a process fails. When it is aborted from elsewhere, waiting ends. */
  constructor(stop: AbortController) {
    super();
    this.#stop = stop;
  }

  /** Starts a process. It waits for its job. */
  hire(name: string, part: Part): void {
    const child = fork(new URL(`${part}.ts`, import.meta.url));
    this.#processes.set(name, child);
    // report() of part.ts sends these, and nothing else does.
    child.on('message', (message) => this.#heard(name, message as Report));
    child.on('error', (error) => this.#stop.abort(error));
    child.on('exit', (code, signal) => {
      if (!this.#dismissed)
        this.#stop.abort(new Error(`${name} has ended by itself (${code ?? signal ?? 'unknown'}).`));
    });
  }

  /** Gives processes their job. Resolves when all of them are ready. */
  async start(names: readonly string[], job: Omit<Job, 'name'>): Promise<void> {
    for (const name of names) {
      this.#notReady.add(name);
      this.#processes.get(name)?.send({ ...job, name } satisfies Job);
    }
    await once(this, 'ready', { signal: this.#stop.signal });
  }

  /** Lets every process go. Resolves when all of them have ended. */
  async dismiss(): Promise<void> {
    this.#dismissed = true;
    await Promise.all([...this.#processes.values()].map(dismiss));
  }

  #heard(name: string, report: Report): void {
    if (report.kind === 'failed') this.#stop.abort(new Error(`${name}: ${report.reason}`));
    this.emit('report', name, report);
    if (report.kind === 'ready' && this.#notReady.delete(name) && this.#notReady.size === 0) this.emit('ready');
  }
}

/** A process ends when it is disconnected. */
async function dismiss(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  if (child.connected) child.disconnect();
  await ended;
}
