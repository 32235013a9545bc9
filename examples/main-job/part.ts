import { once } from 'node:events';
import type { Job, Report } from './protocol.js';

/**
 * Runs the part of one process: gets the job from the parent, works, and ends when the parent disconnects, which it also
 * does by dying.
 *
 * @param work The part. `stopped` is aborted when the parent wants no more.
 */
export async function runPart(work: (job: Job, stopped: AbortSignal) => Promise<void>): Promise<void> {
  const stop = new AbortController();
  process.once('disconnect', () => stop.abort());
  // Ctrl-C in a terminal reaches every process. Only the parent acts on it, and then disconnects.
  process.on('SIGINT', () => undefined);
  // The parent sends nothing else.
  const [job] = (await once(process, 'message')) as [Job];
  try {
    await work(job, stop.signal);
  } catch (error) {
    if (!stop.signal.aborted)
      report({ kind: 'failed', reason: error instanceof Error ? error.message : String(error) });
  }
}

/** Tells the parent something, if it is still there. */
export function report(message: Report): void {
  // Without a callback, a parent that is just leaving would be an error.
  if (process.connected) process.send?.(message, undefined, undefined, () => undefined);
}
