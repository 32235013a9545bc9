import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { TestProject } from 'vitest/node';

const BUILD = fileURLToPath(new URL('../scripts/build.mjs', import.meta.url));

/** Builds what the tests of a project run: the command line is tested as users get it, from `dist`. */
export default function setup(project: TestProject): void {
  build();
  project.onTestsRerun(() => {
    build();
  });
}

/** Does nothing when `dist` is newer than what it is made from. */
function build(): void {
  execFileSync(process.execPath, [BUILD], { stdio: 'inherit' });
}
