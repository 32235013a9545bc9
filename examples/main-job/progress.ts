import cliProgress from 'cli-progress';

/** Shows how far the job is. */
export interface Progress {
  update(taken: number): void;
  stop(): void;
}

/** A bar on a terminal; elsewhere a line for each quarter. */
export function showProgress(count: number): Progress {
  return process.stdout.isTTY ? bar(count) : lines(count);
}

function bar(count: number): Progress {
  const format = '  {bar} {percentage}%  {value} of {total} taken';
  const shown = new cliProgress.SingleBar({ format, hideCursor: true }, cliProgress.Presets.shades_classic);
  shown.start(count, 0);
  return { update: (taken) => shown.update(taken), stop: () => shown.stop() };
}

function lines(count: number): Progress {
  let quarter = 0;
  const update = (taken: number): void => {
    const reached = Math.floor((taken / count) * 4);
    if (reached === quarter) return;
    quarter = reached;
    console.log(`${reached * 25}%: ${taken} of ${count} taken`);
  };
  return { update, stop: () => undefined };
}
