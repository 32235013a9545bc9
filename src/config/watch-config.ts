import { unwatchFile, watchFile } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { ConfigError } from '../errors.js';
import type { Config, ConfigSource } from './config.js';
import { readText, profileName } from './load-config.js';
import { readConfig } from './read-config.js';

/** How often a file is looked at, in milliseconds. */
const INTERVAL = 500;
/** How long a file must be left alone before it is read, in milliseconds: editors write in several steps. */
const SETTLE_TIME = 100;

/** Who is told of edits. */
export interface ConfigListener {
  /**
   * The file says something else now. `needRestart` names the settings that are not routes and are not what they were when
   * it began: what has been changed back is not among them.
   */
  changed(config: Config, needRestart: readonly string[]): void;
  /** The file cannot be used any more: what was read before goes on. */
  failed(error: ConfigError): void;
}

/**
 * Watches the file of a configuration. What its path leads to is looked at from time to time, because what the system tells
 * of a file or a folder says nothing of links that lead elsewhere now, or of a folder that another has replaced, as
 * orchestrators do. Does not keep the process running.
 *
 * @returns What ends it.
 */
export function watchConfig(config: Config, source: ConfigSource, listener: ConfigListener): () => void {
  const { path } = config;
  let current = config;
  /** What was read last, or why nothing could be: a file may be touched and say what it said. */
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

  watchFile(path, { persistent: false, interval: INTERVAL }, later);
  // It may have been edited since it was read.
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
