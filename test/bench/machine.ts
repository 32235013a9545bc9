import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { cpus, loadavg, totalmem } from 'node:os';

/** Where and with what the figures were measured. It names no host. */
export interface Machine {
  readonly processor: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly node: string;
  readonly rhea: string;
  /** The version of Qpid Proton, or why it was not measured. */
  readonly proton: string;
  /** The day, as in 2026-01-31. */
  readonly date: string;
  /** The load average of the minute before the first run: other work on the machine spoils the figures. */
  readonly loadBefore: number;
}

/** Describes this machine as it is now. */
export function describeMachine(proton: string): Machine {
  const manifest = createRequire(import.meta.url).resolve('rhea/package.json');
  // Every package.json has a version.
  const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { version: string };
  return {
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    node: process.versions.node,
    rhea: version,
    proton,
    date: new Date().toISOString().slice(0, 10),
    loadBefore: loadavg()[0] ?? 0,
  };
}
