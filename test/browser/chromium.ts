import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';

/** Where Debian's package puts the browser. */
export const CHROMIUM = '/usr/bin/chromium';

/** Installs Debian's Chromium when it is not there. */
export default function setup(): void {
  if (existsSync(CHROMIUM)) return;
  console.log('Installing chromium with apt-get …');
  const quiet = { stdio: ['ignore', 'ignore', 'inherit'] as ('ignore' | 'inherit')[] };
  execFileSync('apt-get', ['-qq', 'update'], quiet);
  execFileSync('apt-get', ['-qq', '-y', '--no-install-recommends', 'install', 'chromium'], quiet);
}
