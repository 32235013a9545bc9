import { Command, InvalidArgumentError } from 'commander';
import { redact } from '../address/redact.js';
import { RouteTable } from '../address/route-table.js';
import type { RouteRule } from '../address/route-table.js';
import type { Config } from '../config/config.js';
import { chainedRoutes, uselessRules } from '../config/useless-rules.js';
import type { UselessRule } from '../config/useless-rules.js';
import { addConfigOptions, loadConfiguration } from './connection-options.js';
import { explain } from './explain-route.js';
import type { Explanation } from './explain-route.js';
import { EXIT } from './exit.js';
import { runCases } from './route-cases.js';
import { note, print, warn } from './output.js';

interface RoutesOptions {
  config?: string;
  profile?: string;
  route?: RouteRule[];
  rewrite?: RouteRule[];
  json?: boolean;
}

/** `amqp-messenger routes`: shows how the route table resolves addresses. */
export function routesCommand(): Command {
  return new Command('routes')
    .description('Show and test where addresses lead.')
    .addCommand(
      withRules(new Command('list').description('List the routes and rewrites, in the order they are tried.')).action(
        list,
      ),
    )
    .addCommand(
      withRules(
        new Command('explain')
          .description('Say which rule an address matches, where it leads, and what `to` says.')
          .argument('<address...>', 'addresses as they are put'),
      ).action(explainAll),
    )
    .addCommand(
      withRoutes(
        new Command('test')
          .description('Check a file of lines such as: orders/eu -> amqp://broker/orders-eu')
          .argument('[file]', 'the file; without it, lines are read from standard input'),
      ).action(test),
    );
}

function withRules(command: Command): Command {
  return withRoutes(command).option(
    '--rewrite <pattern=address>',
    'a rewrite likewise; an empty address takes it out',
    rewriteRule,
  );
}

function withRoutes(command: Command): Command {
  return addConfigOptions(
    command
      .option('--route <pattern=address>', 'a route before those of the file; may be repeated', rule)
      .option('-j, --json', 'print JSON'),
  );
}

async function list(options: RoutesOptions): Promise<void> {
  const { routes, rewrites, config } = await tables(options);
  const given = { routes: options.route?.length ?? 0, rewrites: options.rewrite?.length ?? 0 };
  const shown = (name: 'routes' | 'rewrites', rules: readonly RouteRule[]) =>
    rules.map(({ pattern, address }, index) => ({
      pattern,
      address: address === null ? null : redact(address),
      line: config?.lines[name][index - given[name]],
    }));
  const all = { routes: shown('routes', routes.rules), rewrites: shown('rewrites', rewrites.rules) };
  if (options.json === true) return print(`${JSON.stringify(all)}\n`);
  const text = (['routes', 'rewrites'] as const).flatMap((name) => [
    `${name}${config === undefined ? '' : ` (${config.path})`}`,
    ...(all[name].length === 0 ? ['  none'] : []),
    ...all[name].map(({ pattern, address, line }, index) => {
      const place = line === undefined ? 'command line' : `line ${line}`;
      return `  ${index + 1}. ${pattern} -> ${address ?? '(no to)'}  [${place}]`;
    }),
  ]);
  await print(`${text.join('\n')}\n`);
}

async function explainAll(addresses: string[], options: RoutesOptions): Promise<void> {
  const { routes, rewrites } = await tables(options);
  const all = addresses.map((address) => explain(address, routes, rewrites));
  await print(options.json === true ? all.map((one) => `${JSON.stringify(one)}\n`).join('') : all.map(text).join('\n'));
  if (all.some(({ problem }) => problem !== undefined)) process.exitCode = EXIT.usage;
}

async function test(file: string | undefined, options: RoutesOptions): Promise<void> {
  const { routes } = await tables(options);
  const results = await runCases(file, routes);
  const failures = results.filter(({ actual, expected }) => actual !== expected);
  for (const { address, expected, actual, line } of failures) {
    note(`line ${line}: ${redact(address)} leads to ${redact(actual)}, not to ${redact(expected)}`);
  }
  const summary = { passed: results.length - failures.length, failed: failures.length };
  await print(
    options.json === true ? `${JSON.stringify(summary)}\n` : `${summary.passed} passed, ${summary.failed} failed\n`,
  );
  if (failures.length > 0) process.exitCode = EXIT.failed;
}

async function tables(
  options: RoutesOptions,
): Promise<{ routes: RouteTable; rewrites: RouteTable; config: Config | undefined }> {
  const config = await loadConfiguration(options);
  const routes = new RouteTable().replace([...(options.route ?? []), ...(config?.routes ?? [])]);
  const rewrites = new RouteTable().replace([...(options.rewrite ?? []), ...(config?.rewrites ?? [])]);
  warnOfUselessRules('--route', options.route ?? [], chainedRoutes(routes.rules));
  warnOfUselessRules('--rewrite', options.rewrite ?? [], []);
  return { routes, rewrites, config };
}

/**
 * Warns of useless rules on the command line, as loading does for those of the file. Rules that cover rules of the file
 * are not reported: they are meant to.
 */
function warnOfUselessRules(option: string, given: readonly RouteRule[], chained: readonly UselessRule[]): void {
  for (const { index, reason } of [...uselessRules(given), ...chained]) {
    const rule = given[index];
    // The other rules are from the file, whose warnings have been printed.
    if (rule !== undefined) warn(`${option} ${redact(rule.pattern)} ${reason}`);
  }
}

function text({ address, route, destination, connection, rewrite, to, problem }: Explanation): string {
  const groups = (values: readonly string[]): string =>
    values.length === 0
      ? ''
      : `  (${values.map((value, index) => `$${index + 1} = ${JSON.stringify(value)}`).join(', ')})`;
  const rule = (match: Explanation['route'], otherwise: string): string =>
    match === undefined
      ? otherwise
      : `${match.rule}. ${match.pattern} -> ${match.address ?? '(no to)'}${groups(match.groups)}`;
  const lines = [
    address,
    `  route       ${rule(route, 'none matches: the address is used as it is')}`,
    `  goes to     ${destination}`,
    `  connects    ${connection ?? problem ?? ''}`,
    `  rewrite     ${rule(rewrite, 'none matches: user and password are taken out')}`,
    `  to says     ${to ?? 'nothing'}`,
  ];
  return `${lines.join('\n')}\n`;
}

function rule(given: string, before: RouteRule[] = []): RouteRule[] {
  const at = given.indexOf('=');
  if (at < 1 || at === given.length - 1) throw new InvalidArgumentError('Write pattern=address.');
  return [...before, { pattern: given.slice(0, at), address: given.slice(at + 1) }];
}

function rewriteRule(given: string, before: RouteRule[] = []): RouteRule[] {
  const at = given.indexOf('=');
  if (at < 1) throw new InvalidArgumentError('Write pattern=address.');
  const address = given.slice(at + 1);
  return [...before, { pattern: given.slice(0, at), address: address === '' ? null : address }];
}
