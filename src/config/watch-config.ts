import { watch } from 'node:fs';
import type { FSWatcher } from 'node:fs';
import { dirname } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { ConfigError, asError } from '../errors.js';
import type { Config, ConfigSource } from './config.js';
import { readText, profileName } from './load-config.js';
import { readConfig } from './read-config.js';

/** How long a file must be left alone before it is read, in milliseconds: editors write in several steps. */
const SETTLE_TIME = 100;

/** Who is told of edits. */
export interface ConfigListener {
  /** The file says something else now. `needRestart` names the settings that are not routes and have changed. */
  changed(config: Config, needRestart: readonly string[]): void;
  /** The file cannot be used any more: what was read before goes on. Or it cannot be watched. */
  failed(error: ConfigError): void;
}

/**
 * Watches the file of a configuration. Its folder is watched, because editors and orchestrators put another file in its
 * place. Does not keep the process running.
 *
 * @returns What ends it.
 * @throws ConfigError when the system has no watch to spare.
 */
export function watchConfig(config: Config, source: ConfigSource, listener: ConfigListener): () => void {
  const { path } = config;
  let current = config;
  /** What was read last, or why nothing could be: any file of the folder may have changed, and most are not ours. */
  let known: string | undefined;
  let timer: NodeJS.Timeout | undefined;
  let isOver = false;
  /** One reading at a time, in order. */
  let reading: Promise<void> = Promise.resolve();

  const isNews = (now: string): boolean => {
    const isNew = now !== known;
    known = now;
    return isNew;
  };
  const read = async (): Promise<void> => {
    try {
      const now = await readText(path);
      if (isOver || !isNews(now)) return;
      const next = readConfig(now, path, profileName(source), source.env ?? process.env);
      const last = current;
      current = next;
      if (!isDeepStrictEqual(last, next)) listener.changed(next, changedOptions(last, next));
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      // Its text, when it is the text that is wrong, has just been noted.
      const isUnreadable = error.cause !== undefined;
      if (!isOver && (!isUnreadable || isNews(error.message))) listener.failed(error);
    }
  };
  const later = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      reading = reading.then(read);
    }, SETTLE_TIME).unref();
  };

  const broken = (error: unknown): ConfigError =>
    new ConfigError(`${path} cannot be watched: ${asError(error).message}.`, { cause: error });
  let watcher: FSWatcher;
  try {
    watcher = watch(dirname(path), { persistent: false }, later);
  } catch (error) {
    throw broken(error);
  }
  watcher.on('error', (error) => listener.failed(broken(error)));
  // It may have been edited since it was read.
  later();
  return () => {
    isOver = true;
    clearTimeout(timer);
    watcher.close();
  };
}

function changedOptions(last: Config, next: Config): string[] {
  const names = new Set([...Object.keys(last.options), ...Object.keys(next.options)]);
  // The names are those of the options.
  const valueOf = ({ options }: Config, name: string): unknown => options[name as keyof Config['options']];
  return [...names].filter((name) => !isDeepStrictEqual(valueOf(last, name), valueOf(next, name)));
}
