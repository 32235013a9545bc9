import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const programs = 'test/bench/programs';

/**
 * Builds another commit of this repository, to be measured beside the files that are here. It is kept in `.cache` and
 * built once. The programs that measure are those of here: what differs is the package.
 *
 * @param revision Anything that git takes for a commit.
 * @returns The folder of its programs, and the commit.
 */
export function buildCommit(revision: string): { programs: string; commit: string } {
  const commit = run('git', ['rev-parse', '--verify', '--short=12', `${revision}^{commit}`]).trim();
  const folder = join(root, '.cache', 'against', commit);
  if (!existsSync(join(folder, 'dist'))) {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    const archive = join(folder, 'source.tar');
    run('git', ['archive', '--output', archive, commit]);
    run('tar', ['-xf', archive, '-C', folder]);
    rmSync(archive);
    installDependencies(folder);
    run('npm', ['run', '--silent', 'build'], folder);
  }
  cpSync(join(root, programs), join(folder, programs), { recursive: true });
  return { programs: join(folder, programs), commit };
}

/** Uses what is installed here when the other commit wants the same. */
function installDependencies(folder: string): void {
  const [here, there] = [root, folder].map((place) => readFileSync(join(place, 'package-lock.json'), 'utf8'));
  if (here === there) symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  else run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], folder);
}

function run(command: string, args: readonly string[], cwd = root): string {
  return execFileSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
}
