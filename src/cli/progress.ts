import type { SingleBar } from 'cli-progress';
import { Option } from 'commander';
import { warn } from './output.js';

/** Shows the progress of a command. */
export interface Progress {
  update(done: number): void;
  stop(): void;
}

/** The time before the bar appears, in milliseconds. */
const PATIENCE = 300;
const SILENT: Progress = { update: () => undefined, stop: () => undefined };

/** `--progress` and `--no-progress`. */
export function progressOptions(): Option[] {
  return [
    new Option('--progress', 'show a progress bar (default: on a terminal)'),
    new Option('--no-progress', 'show none'),
  ];
}

/**
 * Shows a bar on standard error, because standard output is for messages. By default the bar appears only on a
 * terminal, only when the total is known, and only after a while.
 */
export async function showProgress(
  total: number | undefined,
  asked: boolean | undefined,
  what: string,
): Promise<Progress> {
  if (asked === true && !total) warn('--progress shows nothing, because the end is not known.');
  const isWanted = asked ?? process.stderr.isTTY;
  if (!isWanted || total === undefined || total === 0) return SILENT;
  const { default: cliProgress } = await import('cli-progress');
  const format = `  {bar} {percentage}%  {value} of {total} ${what}  {speed}/s`;
  const bar = new cliProgress.SingleBar(
    {
      format,
      hideCursor: true,
      stream: process.stderr,
      noTTYOutput: true,
      notTTYSchedule: 500,
      clearOnComplete: false,
    },
    cliProgress.Presets.shades_classic,
  );
  return new Bar(bar, total, asked === true ? 0 : PATIENCE);
}

class Bar implements Progress {
  readonly #bar: SingleBar;
  readonly #total: number;
  readonly #start = performance.now();
  readonly #patience: number;
  #state: 'waiting' | 'shown' | 'over' = 'waiting';

  constructor(bar: SingleBar, total: number, patience: number) {
    this.#bar = bar;
    this.#total = total;
    this.#patience = patience;
  }

  update(done: number): void {
    if (this.#state === 'over') return;
    const elapsed = performance.now() - this.#start;
    const speed = Math.round((done * 1000) / Math.max(elapsed, 1)).toLocaleString('en');
    if (this.#state === 'waiting') {
      if (elapsed < this.#patience) return;
      this.#state = 'shown';
      this.#bar.start(this.#total, done, { speed });
    } else {
      this.#bar.update(done, { speed });
    }
  }

  stop(): void {
    if (this.#state === 'shown') this.#bar.stop();
    this.#state = 'over';
  }
}
