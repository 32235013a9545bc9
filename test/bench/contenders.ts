import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { CPrograms } from '../interop/build-c.js';
import type { Program } from './run-pair.js';

/** The libraries measured side by side: ours, rhea used directly, and the Messenger of Qpid Proton in C. */
export const contenderNames = ['ours', 'rhea', 'proton'] as const;

/** One of the libraries, or this one as it was in another commit. */
export type Contender = (typeof contenderNames)[number] | 'before';

/** What a program does. Both ends of a measurement are programs of one library. */
export type Role = 'send' | 'receive' | 'request' | 'reply' | 'queue';

const protonPrograms = {
  send: 'bench_send',
  receive: 'bench_recv',
  request: 'bench_request',
  reply: 'bench_reply',
  queue: 'bench_queue',
} as const;

/** Finds the program of a library. */
export class Programs {
  readonly #proton: CPrograms | undefined;
  readonly #before: string | undefined;

  /**
   * @param proton Without it there are no programs of Qpid Proton.
   * @param before The folder with the programs of another commit. Without it there are none of them.
   */
  constructor(proton: CPrograms | undefined, before: string | undefined) {
    this.#proton = proton;
    this.#before = before;
  }

  /** Whether a library can be measured here. */
  has(contender: Contender): boolean {
    if (contender === 'before') return this.#before !== undefined;
    return contender !== 'proton' || this.#proton !== undefined;
  }

  /** The program of `contender` that does `role`. Throws for Qpid Proton when it is not there. */
  find(contender: Contender, role: Role, args: readonly (string | number)[]): Program {
    const words = args.map(String);
    if (contender === 'proton') {
      if (this.#proton === undefined) throw new Error('The programs of Qpid Proton are not there.');
      return { command: this.#proton.paths[protonPrograms[role]], args: words };
    }
    const script =
      contender === 'before'
        ? join(this.#before ?? '', `ours-${role}.mjs`)
        : fileURLToPath(new URL(`programs/${contender}-${role}.mjs`, import.meta.url));
    // Memory is measured after a collection, so that only what is in use counts.
    const flags = role === 'queue' ? ['--expose-gc'] : [];
    return { command: process.execPath, args: [...flags, script, ...words] };
  }
}
