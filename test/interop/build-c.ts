import { execFile } from 'node:child_process';
import { access, mkdir, readFile, readdir, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);

const root = fileURLToPath(new URL('../../', import.meta.url));
const sources = join(root, 'test', 'interop', 'c');
const realisticMessage = join(root, 'test', 'bench', 'realistic-message.json');
const output = join(root, '.cache', 'interop');

const headers = '/usr/include/proton';
const debianPackage = 'libqpid-proton11-dev';

const programs = [
  'messenger',
  'msgr_send',
  'msgr_recv',
  'send',
  'recv',
  'bench_send',
  'bench_recv',
  'bench_request',
  'bench_reply',
  'bench_queue',
] as const;

/** A program in test/interop/c. Each says at its top what its arguments are. */
export type CProgram = (typeof programs)[number];

/** The C programs, ready to run. */
export interface CPrograms {
  /** The version of Qpid Proton they are linked with. */
  readonly version: string;
  /** The path of each program. */
  readonly paths: Readonly<Record<CProgram, string>>;
}

/** The C programs cannot be had on this machine; the message says why. Tests that need them are skipped. */
export class ProtonUnavailable extends Error {
  override readonly name = 'ProtonUnavailable';
}

/**
 * Compiles the C programs into .cache/interop. Installs Qpid Proton with apt-get when it is missing and this process
 * is root. A program that is newer than its sources is left as it is.
 * Throws `ProtonUnavailable` when it cannot be done here.
 */
export async function buildCPrograms(): Promise<CPrograms> {
  if (!(await exists(join(headers, 'messenger.h')))) await installProton();
  await mkdir(output, { recursive: true });
  const newest = await newestSource();
  await writeRealisticMessage();
  for (const program of programs) {
    const built = await stat(join(output, program)).catch(() => undefined);
    if (built === undefined || built.mtimeMs < newest) await compile(program);
  }
  const entries = programs.map((program) => [program, join(output, program)]);
  // The keys are those of `programs`: fromEntries forgets them.
  return { version: await protonVersion(), paths: Object.fromEntries(entries) as Record<CProgram, string> };
}

async function installProton(): Promise<void> {
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
}

/** Compiles beside the target and renames, so that nobody runs half a program. */
async function compile(program: CProgram): Promise<void> {
  const target = join(output, program);
  const unfinished = `${target}.${process.pid}`;
  const flags = ['-std=gnu11', '-O2', '-Wall', '-Wextra', '-Werror', '-Wno-deprecated-declarations', `-I${output}`];
  try {
    await run('gcc', [...flags, '-o', unfinished, join(sources, `${program}.c`), '-lqpid-proton']);
  } catch (cause) {
    if (isMissing(cause)) throw new ProtonUnavailable('gcc is not installed.', { cause });
    throw cause;
  }
  await rename(unfinished, target);
}

/** The realistic message's fields as C macros: JSON text and numbers are C literals too. */
async function writeRealisticMessage(): Promise<void> {
  // The file is ours: an object of texts, numbers and booleans, with one such object inside.
  const message = JSON.parse(await readFile(realisticMessage, 'utf8')) as Record<string, unknown>;
  const { properties, ...fields } = message;
  const lines = Object.entries({ ...fields, ...(properties as object) }).map(([name, value]) => {
    const literal = typeof value === 'boolean' ? String(Number(value)) : JSON.stringify(value);
    return `#define REALISTIC_${name.replace(/[A-Z]/g, '_$&').toUpperCase()} ${literal}\n`;
  });
  const unfinished = join(output, `realistic_message.h.${process.pid}`);
  await writeFile(unfinished, lines.join(''));
  await rename(unfinished, join(output, 'realistic_message.h'));
}

async function newestSource(): Promise<number> {
  const files = (await readdir(sources)).map((file) => join(sources, file));
  const times = await Promise.all([...files, realisticMessage].map(async (file) => (await stat(file)).mtimeMs));
  return Math.max(...times);
}

async function protonVersion(): Promise<string> {
  const text = await readFile(join(headers, 'version.h'), 'utf8');
  const part = (name: string): string => new RegExp(`PN_VERSION_${name} (\\d+)`).exec(text)?.[1] ?? '?';
  return `${part('MAJOR')}.${part('MINOR')}.${part('POINT')}`;
}

async function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
