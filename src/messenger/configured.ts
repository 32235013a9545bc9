import type { Config, ConfigSource } from '../config/config.js';
import type { Engine } from './engine.js';
import type { MessengerOptions } from './options/options.js';

/** Options of `Messenger.fromConfig`. */
export interface FromConfigOptions extends ConfigSource {
  /** Options that override those of the file. */
  messenger?: MessengerOptions | undefined;
  /**
   * True to watch the file. An edit replaces routes and rewrites at once, for messages that are put afterwards; queued
   * messages and subscriptions keep their destinations. Rules that were added by `route` and `rewrite` stay, behind
   * those of the file. Default false.
   */
  watch?: boolean | undefined;
  /**
   * Called for each rule that never matches, with a sentence that names file and line. Default: a warning of the
   * process. After an edit, the `config` event has these warnings.
   */
  onWarning?: ((warning: string) => void) | undefined;
}

/**
 * Applies the rules of a configuration, and watches its file with `watch`. Resolves with a function that ends the
 * watch.
 */
export async function followConfig(config: Config, options: FromConfigOptions, engine: Engine): Promise<() => void> {
  const { onWarning = warn, watch = false } = options;
  config.warnings.forEach(onWarning);
  replaceRules(engine, config, undefined);
  if (!watch) return () => undefined;
  const { watchConfig } = await import('../config/watch-config.js');
  let current = config;
  return watchConfig(config, options, {
    changed: (next, needRestart) => {
      replaceRules(engine, next, current);
      current = next;
      engine.configChanged({ path: next.path, warnings: next.warnings, needRestart });
    },
    failed: (error) => engine.failed(error),
  });
}

/** Replaces the former rules of the file at once. Rules that the program has added stay behind them. */
function replaceRules({ routes, rewrites, hosts, outgoing }: Engine, config: Config, before: Config | undefined): void {
  routes.replace([...config.routes, ...routes.rules.slice(before?.routes.length ?? 0)]);
  rewrites.replace([...config.rewrites, ...rewrites.rules.slice(before?.rewrites.length ?? 0)]);
  for (const { address } of config.routes) hosts.addAddress(address);
  outgoing.routesChanged();
}

function warn(warning: string): void {
  process.emitWarning(warning, 'ConfigWarning');
}
