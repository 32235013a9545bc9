import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { ProtonUnavailable } from './build-c.js';

const run = promisify(execFile);
const folder = fileURLToPath(new URL('python/', import.meta.url));
const debianPackage = 'python3-qpid-proton';

/** The interpreter that Debian's packages are for, whatever else there is. */
const python = '/usr/bin/python3';

/** A program in test/interop/python. Each says at its top what its arguments are. */
export type PythonProgram = 'send' | 'receive' | 'browse' | 'request' | 'drain' | 'durable';

/**
 * Sees to it that Python's Proton is there: installs it with apt-get when it is missing and this process is root. Throws
 * `ProtonUnavailable` when it cannot be done here.
 */
export async function findPython(): Promise<void> {
  if (await hasProton()) return;
  if (process.getuid?.() !== 0) {
    throw new ProtonUnavailable(`${debianPackage} is not installed, and only root can install it.`);
  }
  const options = ['-qq', '-y', '-o', 'DPkg::Lock::Timeout=120', '-o', 'Acquire::Retries=3'];
  try {
    await run('apt-get', [...options, 'update']);
    await run('apt-get', [...options, '--no-install-recommends', 'install', debianPackage], {
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    });
  } catch (cause) {
    throw new ProtonUnavailable(`apt-get cannot install ${debianPackage}.`, { cause });
  }
  if (!(await hasProton())) throw new ProtonUnavailable(`${debianPackage} is installed, but ${python} cannot use it.`);
}

/** Runs a program to its end, and gives the lines it printed. Throws when it fails. */
export async function runPython(program: PythonProgram, ...args: (string | number)[]): Promise<string[]> {
  const { stdout } = await run(python, [join(folder, `${program}.py`), ...args.map(String)], { timeout: 60_000 });
  return stdout.split('\n').filter((line) => line !== '');
}

function hasProton(): Promise<boolean> {
  return run(python, ['-c', 'import proton']).then(
    () => true,
    () => false,
  );
}
