import type { Config, ConfigSource } from '../config/config.js';
import type { Engine } from './engine.js';
import type { MessengerOptions } from './options/options.js';

/** How a messenger is made from a configuration file. */
export interface FromConfigOptions extends ConfigSource {
  /** Options that go before those of the file. */
  messenger?: MessengerOptions | undefined;
  /**
   * Whether to watch the file: an edit changes routes and rewrites, all at once, for what is put from then on. What is
   * queued goes where it was to go, and subscriptions stay where they are. Rules added by `route` and `rewrite` come
   * behind those of the file and stay. Default false.
   */
  watch?: boolean | undefined;
  /**
   * Is told of rules that never match, in a sentence with file and line. Default: a warning of the process. After an edit
   * they are in the `config` event.
   */
  onWarning?: ((warning: string) => void) | undefined;
}

/** Uses the rules of a configuration, and follows its edits if asked to. Resolves with what ends that. */
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

/** Puts rules in place of those there were before, all at once. What has been added since stays behind them. */
function replaceRules({ routes, rewrites, hosts, outgoing }: Engine, config: Config, before: Config | undefined): void {
  routes.replace([...config.routes, ...routes.rules.slice(before?.routes.length ?? 0)]);
  rewrites.replace([...config.rewrites, ...rewrites.rules.slice(before?.rewrites.length ?? 0)]);
  for (const { address } of config.routes) hosts.addAddress(address);
  outgoing.routesChanged();
}

function warn(warning: string): void {
  process.emitWarning(warning, 'ConfigWarning');
}
