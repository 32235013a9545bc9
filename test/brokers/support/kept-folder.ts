import { mkdir, mkdtemp, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { withExclusiveLock } from './exclusive-lock.js';

/**
 * A folder that is built once and kept: later calls find it as it was. A build that is cut short leaves nothing that
 * looks complete, and of several processes that want it at once one builds and the others wait.
 *
 * @param folder Where it is to be.
 * @param contents What is to be in it, in words; it is built anew when that is another, and when it was moved.
 * @param build Builds it at `root`, from where it is then moved to `folder`. May use `work` meanwhile.
 */
export async function keptFolder(
  folder: string,
  contents: string,
  build: (root: string, work: string) => Promise<void>,
): Promise<void> {
  const description = `${folder}\n${contents}`;
  const isComplete = async (): Promise<boolean> =>
    (await readFile(join(folder, 'contents'), 'utf8').catch(() => undefined)) === description;
  if (await isComplete()) return;
  await mkdir(dirname(folder), { recursive: true });
  await withExclusiveLock(`${folder}.lock`, async () => {
    if (await isComplete()) return;
    await removeLeft(folder);
    const work = await mkdtemp(`${folder}.new-`);
    try {
      const root = join(work, 'root');
      await mkdir(root);
      await build(root, work);
      await writeFile(join(root, 'contents'), description);
      await rm(folder, { recursive: true, force: true });
      await rename(root, folder);
    } finally {
      await rm(work, { recursive: true, force: true });
    }
  });
}

async function removeLeft(folder: string): Promise<void> {
  for (const left of await readdir(dirname(folder))) {
    if (left.startsWith(`${basename(folder)}.new-`)) await rm(join(dirname(folder), left), { recursive: true });
  }
}
