import { dirname } from 'node:path';
import type { RouteRule } from '../address/route-table.js';
import { ConfigError } from '../errors.js';
import type { Config, ConfigData, ConfiguredOptions } from './config.js';
import { lineAt, nodeAt } from './config-node.js';
import type { ConfigNode, MapNode } from './config-node.js';
import { fillIn } from './fill-in.js';
import { nearest } from '../nearest.js';
import { parseDocument } from './parse-document.js';
import { problemText } from './problem.js';
import type { ConfigProblem } from './problem.js';
import { withProfile } from './profile.js';
import { chainedRoutes, uselessRules } from './useless-rules.js';
import type { UselessRule } from './useless-rules.js';
import { checkFile, checkSettings } from './validate.js';

/** Reads a configuration from the text of a file. Throws `ConfigError` with every problem that was found. */
export function readConfig(
  text: string,
  path: string,
  profile: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
): Config {
  const { root, problems } = parseDocument(text);
  refuse(path, problems);
  refuse(path, checkFile(root));
  // The parser returns no other type.
  const chosen = profileOf(root, profile, path);
  const settings = withProfile(root as MapNode, chosen);
  const filled = fillIn(settings, { folder: dirname(path), env });
  refuse(path, filled.problems);
  const data = checkSettings(settings, filled);
  if (Array.isArray(data)) {
    refuse(path, data);
    throw new ConfigError(`${path} cannot be used.`);
  }
  return { ...configOf(data, settings, path, chosen), profile };
}

function configOf(
  data: ConfigData,
  settings: ConfigNode,
  path: string,
  profile: MapNode | undefined,
): Omit<Config, 'profile'> {
  const { name, routes = [], rewrites = [], connections = {} } = data;
  const { hosts, ...rest } = connections;
  const options: ConfiguredOptions = { ...rest };
  if (name !== undefined) options.name = name;
  if (hosts !== undefined) options.failover = hosts;
  const useless = (list: 'routes' | 'rewrites', rules: readonly RouteRule[]): { list: string; rule: UselessRule }[] => {
    const own = profile === undefined ? undefined : nodeAt(profile, [list]);
    const count = own?.kind === 'list' ? own.items.length : 0;
    // A rule of a profile may cover rules of the file: profiles are meant for that.
    return [...uselessRules(rules, 0, count), ...uselessRules(rules, count)].map((rule) => ({ list, rule }));
  };
  const chained = chainedRoutes(routes).map((rule) => ({ list: 'routes', rule }));
  const problems = [...useless('routes', routes), ...chained, ...useless('rewrites', rewrites)];
  const warnings = problems.map(({ list, rule: { index, reason } }) => {
    const line = lineAt(settings, [list, index]);
    return problemText(path, { line, key: `${list}[${index}]`, message: reason });
  });
  const lines = { routes: linesOf(settings, 'routes', routes), rewrites: linesOf(settings, 'rewrites', rewrites) };
  return { path, options, routes, rewrites, lines, warnings };
}

function linesOf(settings: ConfigNode, list: string, rules: readonly unknown[]): number[] {
  return rules.map((_, index) => lineAt(settings, [list, index]));
}

function profileOf(root: ConfigNode, name: string | undefined, path: string): MapNode | undefined {
  if (name === undefined) return undefined;
  const profiles = nodeAt(root, ['profiles']);
  const known = profiles?.kind === 'map' ? [...profiles.entries.keys()] : [];
  const found = known.includes(name) ? nodeAt(root, ['profiles', name]) : undefined;
  if (found?.kind === 'map') return found;
  const meant = nearest(name, known);
  const there = known.length === 0 ? 'It has none.' : `There are: ${known.join(', ')}.`;
  throw new ConfigError(`${path} has no profile ${name}. ${meant === undefined ? there : `Did you mean ${meant}?`}`);
}

function refuse(path: string, problems: readonly ConfigProblem[]): void {
  if (problems.length === 0) return;
  const inOrder = [...problems].sort((one, other) => one.line - other.line);
  throw new ConfigError(inOrder.map((problem) => problemText(path, problem)).join('\n'));
}
