import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { defaultRewrite } from '../../../src/address/default-rewrite.js';
import { RouteTable } from '../../../src/address/route-table.js';

interface RecordedRoute {
  kind: 'route' | 'rewrite';
  rules: [pattern: string, address: string | null][];
  input: string;
  output: string | null;
}

// The shape of the fixture is fixed; it was recorded from libqpid-proton.
const recorded = JSON.parse(
  readFileSync(new URL('../../fixtures/route-cases.json', import.meta.url), 'utf8'),
) as RecordedRoute[];

const BRACKETS = 'The default rewrite keeps the brackets of an IPv6 host: without them the address means another one.';
const PASSIVE = 'The default rewrite keeps the ~ of a passive host: without it the address means another one.';

/** Where the default rewrite differs from the recording, and why. Routes and explicit rules differ nowhere. */
const differences = new Map<string, { output: string; reason: string }>([
  ['amqp://u:p@[::1]:5672/q', { output: 'amqp://[::1]:5672/q', reason: BRACKETS }],
  ['amqp://u:p@[::1]/q', { output: 'amqp://[::1]/q', reason: BRACKETS }],
  ['amqp://u:p@~h/q', { output: 'amqp://~h/q', reason: PASSIVE }],
]);

function tableOf({ rules }: RecordedRoute): RouteTable {
  const table = new RouteTable();
  for (const [pattern, address] of rules) table.add(pattern, address);
  return table;
}

const title = ({ rules, input }: RecordedRoute): string => `${JSON.stringify(rules)} on ${JSON.stringify(input)}`;
const ofKind = (kind: RecordedRoute['kind']): [string, RecordedRoute][] =>
  recorded.filter((route) => route.kind === kind).map((route) => [title(route).slice(0, 150), route]);

describe('the recorded routes and rewrites', () => {
  it.each(ofKind('route'))('route %s as recorded', (_, route) => {
    expect(tableOf(route).resolve(route.input)).toBe(route.output);
  });

  it.each(ofKind('rewrite'))('rewrite %s as recorded', (_, route) => {
    const match = tableOf(route).match(route.input);
    if (match !== undefined) expect(match.output).toBe(route.output);
    else expect(defaultRewrite(route.input)).toBe(differences.get(route.input)?.output ?? route.output);
  });

  it('cover every difference that is listed', () => {
    const withoutRules = recorded.filter(({ rules }) => rules.length === 0).map(({ input }) => input);
    expect(withoutRules).toEqual(expect.arrayContaining([...differences.keys()]));
    expect(recorded.length).toBe(300);
  });
});
