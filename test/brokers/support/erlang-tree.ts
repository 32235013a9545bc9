import { lstat, open, readFile, readdir, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { BrokerUnavailable } from './broker-unavailable.js';
import type { DebianPackages } from './debian-packages.js';
import { unpackDebianPackages } from './debian-packages.js';
import { keptFolder } from './kept-folder.js';
import { runCommand } from './run-command.js';

const erlang = 'usr/lib/erlang';

/**
 * A folder with an Erlang program of Debian that runs where it lies, with its own C library, whatever release this
 * machine has. It is built once and kept: later calls download nothing.
 *
 * Throws `BrokerUnavailable` when that cannot be done on this machine.
 *
 * @param folder Where the tree is to be.
 */
export async function erlangTree(folder: string, packages: DebianPackages): Promise<void> {
  if (process.platform !== 'linux') throw new BrokerUnavailable('Programs of Debian run on Linux only.');
  await keptFolder(folder, JSON.stringify(packages, undefined, 2), async (root, work) => {
    await unpackDebianPackages({ ...packages, names: [...packages.names, 'patchelf'] }, root, work);
    await relocatePrograms(root, folder);
    await relocateScripts(root, folder);
  });
}

/** Makes the programs of the tree at `root` use the loader and the libraries of the tree once it lies at `folder`. */
async function relocatePrograms(root: string, folder: string): Promise<void> {
  const loader = await findLoader(root);
  const libraries = ['lib', 'usr/lib'].map((parent) => join(parent, basename(dirname(loader))));
  const inTree = (place: string): string => libraries.map((library) => join(place, library)).join(':');
  for (const program of await programs(root)) {
    // patchelf is run by the loader of the tree, because it may need a newer C library than this machine has.
    await runCommand(join(root, loader), [
      ...['--library-path', inTree(root), join(root, 'usr/bin/patchelf')],
      ...['--set-interpreter', join(folder, loader), '--force-rpath', '--set-rpath', inTree(folder), program],
    ]);
  }
}

/** Where the tree has its loader, such as `lib/x86_64-linux-gnu/ld-linux-x86-64.so.2`. */
async function findLoader(root: string): Promise<string> {
  for (const parent of ['usr/lib', 'lib']) {
    const folders = await readdir(join(root, parent)).catch(() => []);
    for (const folder of folders.filter((name) => name.includes('-linux-gnu'))) {
      const names = await readdir(join(root, parent, folder));
      const loader = names.find((name) => /^ld-linux.*\.so\.\d+$/.test(name));
      if (loader !== undefined) return join(parent, folder, loader);
    }
  }
  throw new Error(`No loader was unpacked into ${root}.`);
}

async function programs(root: string): Promise<string[]> {
  const found: string[] = [];
  for (const path of await readdir(join(root, erlang), { recursive: true })) {
    const program = join(root, erlang, path);
    if (basename(dirname(program)) === 'bin' && (await isProgram(program))) found.push(program);
  }
  return found;
}

async function isProgram(path: string): Promise<boolean> {
  if (!(await lstat(path)).isFile()) return false;
  const file = await open(path);
  const { buffer } = await file.read(Buffer.alloc(4), 0, 4, 0);
  await file.close();
  return buffer.toString('latin1') === '\x7fELF';
}

/** Debian's start scripts of Erlang name the folder they were packaged for, more than once: also for a folder behind a link. */
async function relocateScripts(root: string, folder: string): Promise<void> {
  const scripts = await readdir(join(root, erlang), { recursive: true });
  for (const path of scripts.filter((name) => /(^|\/)bin\/(erl|start)$/.test(name))) {
    const script = join(root, erlang, path);
    const text = await readFile(script, 'utf8');
    await writeFile(script, text.replaceAll(`ROOTDIR=/${erlang}`, `ROOTDIR=${join(folder, erlang)}`));
  }
}
