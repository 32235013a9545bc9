import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Option } from 'commander';
import type { Delivery } from '../messenger/incoming/delivery.js';
import { CommandError, EXIT } from './exit.js';

/** The outcome that a command chooses for a message. */
export type Verdict = 'accept' | 'reject' | 'release' | 'modify';

/** The verdicts by exit code of a filter. */
const VERDICTS: readonly Verdict[] = ['accept', 'reject', 'release', 'modify'];

/** Options that decide the outcomes of messages. */
export interface VerdictOptions {
  outcome: Verdict;
  filter?: string;
}

/** `--outcome` and `--filter`. */
export function verdictOptions(): Option[] {
  return [
    new Option('--outcome <what>', 'what becomes of the messages').choices(VERDICTS).default('accept'),
    new Option('--filter <command>', 'decide by its exit code: 0 accept, 1 reject, 2 release, 3 modify'),
  ];
}

/**
 * Decides the outcome of a message: by the option, or by a command that gets the message on its standard input. Throws
 * when the command cannot decide, for example because it does not exist. The caller must not accept the message then.
 */
export async function verdictOn(content: string | Buffer, { outcome, filter }: VerdictOptions): Promise<Verdict> {
  if (filter === undefined) return outcome;
  const child = spawn(filter, { shell: true, stdio: ['pipe', 'ignore', 'inherit'] });
  // A filter may stop reading before the end.
  child.stdin.on('error', () => undefined);
  child.stdin.end(content);
  // The arguments of `close` are code and signal.
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  const verdict = code === null ? undefined : VERDICTS[code];
  if (verdict !== undefined) return verdict;
  throw new CommandError(
    `The filter ended with ${code === null ? String(signal) : `exit code ${code}`}, which is no verdict. ` +
      '0 accepts, 1 rejects, 2 releases, 3 modifies.',
    EXIT.failed,
  );
}

/** Gives a message its outcome. */
export function carryOut(verdict: Verdict, delivery: Delivery): void {
  switch (verdict) {
    case 'accept':
      delivery.accept();
      break;
    case 'reject':
      delivery.reject();
      break;
    case 'release':
      delivery.release();
      break;
    case 'modify':
      delivery.modify({ deliveryFailed: true });
      break;
  }
}
