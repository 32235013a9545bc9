import { unwatchFile, watchFile } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { ConfigError } from '../errors.js';
import type { Config, ConfigSource } from './config.js';
import { readText, profileName } from './load-config.js';
import { readConfig } from './read-config.js';

/** The interval at which the file is checked, in milliseconds. */
const INTERVAL = 500;
/** The time without a change before the file is read, in milliseconds: editors write in several steps. */
const SETTLE_TIME = 100;

/** The listener for edits. */
export interface ConfigListener {
  /**
   * The file has changed. `needRestart` names the settings, other than routes, that differ from those at the beginning;
   * a setting that was changed back is not named.
   */
  changed(config: Config, needRestart: readonly string[]): void;
  /** The file has become invalid: the settings that were read before stay in effect. */
  failed(error: ConfigError): void;
}

/**
 * Watches the file of a configuration. It checks the file behind the path at an interval, because events of the file
 * system do not tell of symbolic links that point elsewhere now, or of a replaced folder, as with orchestrators. Does
 * not keep the process alive.
 *
 * @returns Stops watching.
 */
export function watchConfig(config: Config, source: ConfigSource, listener: ConfigListener): () => void {
  const { path } = config;
  let current = config;
  /** The text that was read last, or the error: a file may be touched without a change. */
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
      if (!isDeepStrictEqual(last, next)) listener.changed(next, changedOptions(config, next));
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      // When the text itself is wrong, it has been stored above.
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

  watchFile(path, { persistent: false, interval: INTERVAL }, later);
  // The file may have been edited since it was read.
  later();
  return () => {
    isOver = true;
    clearTimeout(timer);
    unwatchFile(path, later);
  };
}

function changedOptions(first: Config, next: Config): string[] {
  const names = new Set([...Object.keys(first.options), ...Object.keys(next.options)]);
  // The names are those of the options.
  const valueOf = ({ options }: Config, name: string): unknown => options[name as keyof Config['options']];
  return [...names].filter((name) => !isDeepStrictEqual(valueOf(first, name), valueOf(next, name)));
}
