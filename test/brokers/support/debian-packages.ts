import { access, mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BrokerUnavailable } from './broker-unavailable.js';
import { runCommand } from './run-command.js';

const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg';

/** Packages of one Debian release. */
export interface DebianPackages {
  /** The release's name, such as `trixie`. It need not be the one this machine runs. */
  release: string;
  /** The packages' names. Their dependencies are not followed. */
  names: readonly string[];
}

/**
 * Downloads packages from the Debian mirror of this machine and unpacks them into `root`, beside the system:
 * nothing is installed, and apt's own lists and caches stay as they are. `workFolder` holds what apt needs meanwhile.
 * Throws `BrokerUnavailable` when that cannot be done here.
 */
export async function unpackDebianPackages(packages: DebianPackages, root: string, workFolder: string): Promise<void> {
  const mirror = await debianMirror();
  const archives = join(workFolder, 'archives');
  await mkdir(archives, { recursive: true });
  const apt = await privateApt(`deb [signed-by=${keyring}] ${mirror} ${packages.release} main`, workFolder);
  try {
    await runCommand('apt-get', [...apt, 'update']);
    await runCommand('apt-get', [...apt, 'download', ...packages.names], { folder: archives });
  } catch (error) {
    if (error instanceof BrokerUnavailable) throw error;
    throw new BrokerUnavailable(`Packages of Debian ${packages.release} cannot be downloaded.`, { cause: error });
  }
  await mkdir(root, { recursive: true });
  for (const archive of await readdir(archives)) await runCommand('dpkg-deb', ['-x', join(archives, archive), root]);
}

/** The first Debian mirror apt is set up with, in whichever format. Asked of apt, which need not go online for it. */
async function debianMirror(): Promise<string> {
  const lists = await runCommand('apt-get', ['--print-uris', 'update']);
  const mirror = /'(\S+\/debian\/)dists\//.exec(lists)?.[1];
  if (mirror === undefined) throw new BrokerUnavailable('apt is not set up with a Debian mirror.');
  await access(keyring).catch((cause: unknown) => {
    throw new BrokerUnavailable('The package debian-archive-keyring is not installed.', { cause });
  });
  return mirror;
}

/** The options that make apt-get use the given source only and keep everything it writes in a folder of ours. */
async function privateApt(source: string, folder: string): Promise<string[]> {
  const lists = join(folder, 'lists');
  const cache = join(folder, 'cache');
  await mkdir(join(lists, 'partial'), { recursive: true });
  await mkdir(join(cache, 'archives', 'partial'), { recursive: true });
  await writeFile(join(folder, 'status'), '');
  await writeFile(join(folder, 'sources.list'), `${source}\n`);
  const settings = {
    'Dir::Etc::SourceList': join(folder, 'sources.list'),
    'Dir::Etc::SourceParts': '/dev/null',
    'Dir::Etc::PreferencesParts': '/dev/null',
    'Dir::State': folder,
    'Dir::State::Lists': lists,
    'Dir::State::Status': join(folder, 'status'),
    'Dir::Cache': cache,
    'APT::Sandbox::User': 'root',
    'Acquire::Languages': 'none',
    'Acquire::Retries': '3',
  };
  return ['-qq', ...Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`])];
}
