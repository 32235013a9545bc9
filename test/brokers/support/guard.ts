import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';

/**
 * Sees to it that processes and a temporary folder do not outlive this process, however it ends: a small shell reads
 * the process groups to kill from its standard input, and acts on the last it has read when that input ends.
 */
export class Guard {
  readonly #shell: ChildProcess;
  readonly #ended: Promise<unknown>;

  constructor(folder: string) {
    const script = [
      'while read -r line; do groups=$line; done',
      'for group in $groups; do kill -KILL "-$group"; done 2>/dev/null',
      // What was killed may still have been writing.
      'rm -rf -- "$1" || { sleep 1; rm -rf -- "$1"; }',
    ];
    // Detached: a Ctrl-C in the terminal must not end it.
    this.#shell = spawn('sh', ['-c', script.join('\n'), 'sh', folder], {
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    this.#ended = once(this.#shell, 'close');
    this.#shell.unref();
  }

  /** From now on these process groups are to be killed, and no others. */
  watch(groups: readonly number[]): void {
    this.#shell.stdin?.write(`${groups.join(' ')}\n`);
  }

  /** Kills what is watched, removes the folder and waits until that is done. */
  async end(): Promise<void> {
    this.#shell.ref();
    this.#shell.stdin?.end();
    await this.#ended;
  }
}
