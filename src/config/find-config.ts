import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

/** The names that are looked for, the first first. */
export const CONFIG_NAMES: readonly string[] = [
  'amqp-messenger.config.yaml',
  'amqp-messenger.config.yml',
  'amqp-messenger.config.json',
];

/** The file that an environment names, else the one in a folder or the nearest folder above that has one. */
export function findConfig(env: Readonly<Record<string, string | undefined>>, cwd: string): string | undefined {
  const named = env['AMQP_MESSENGER_CONFIG'];
  if (named !== undefined && named !== '') return resolve(cwd, named);
  for (let folder = resolve(cwd); ; folder = dirname(folder)) {
    const found = CONFIG_NAMES.map((name) => join(folder, name)).find((path) => existsSync(path));
    if (found !== undefined || folder === dirname(folder)) return found;
  }
}
