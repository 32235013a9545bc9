import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

/** The file names to look for, in order of preference. */
export const CONFIG_NAMES: readonly string[] = [
  'amqp-messenger.config.yaml',
  'amqp-messenger.config.yml',
  'amqp-messenger.config.json',
];

/**
 * Finds the configuration file: the one that the environment names, else the one in a folder or in the nearest folder
 * above.
 */
export function findConfig(env: Readonly<Record<string, string | undefined>>, cwd: string): string | undefined {
  const named = env['AMQP_MESSENGER_CONFIG'];
  if (named !== undefined && named !== '') return resolve(cwd, named);
  for (let folder = resolve(cwd); ; folder = dirname(folder)) {
    const found = CONFIG_NAMES.map((name) => join(folder, name)).find((path) => existsSync(path));
    if (found !== undefined || folder === dirname(folder)) return found;
  }
}
