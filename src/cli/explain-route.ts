import { parseAddress } from '../address/address.js';
import { defaultRewrite } from '../address/default-rewrite.js';
import { resolveEndpoint } from '../address/endpoint.js';
import { redact } from '../address/redact.js';
import type { RouteTable } from '../address/route-table.js';
import { AddressError } from '../errors.js';

/** The rule that decided. */
interface Decision {
  /** Its position, from 1. */
  readonly rule: number;
  readonly pattern: string;
  /** The replacement, without credentials. */
  readonly address: string | null;
  readonly groups: readonly string[];
}

/** The resolution of an address, without credentials. */
export interface Explanation {
  readonly address: string;
  readonly route: Decision | undefined;
  /** The complete address after routing. */
  readonly destination: string;
  /** Host, port and node as a sentence. */
  readonly connection: string | undefined;
  readonly rewrite: Decision | undefined;
  /** The `to` of the message; `null` when it has none. */
  readonly to: string | null;
  /** The reason why no connection is possible. */
  readonly problem: string | undefined;
}

/** Resolves an address by the tables, as `put` does. */
export function explain(address: string, routes: RouteTable, rewrites: RouteTable): Explanation {
  const destination = routes.resolve(address) ?? '';
  const rewritten = rewrites.match(address);
  const to = rewritten === undefined ? defaultRewrite(address) : rewritten.output;
  return {
    address: redact(address),
    route: decision(address, routes),
    destination: redact(destination),
    ...connectionOf(destination),
    rewrite: decision(address, rewrites),
    to: to === null ? null : redact(to),
  };
}

function decision(address: string, table: RouteTable): Decision | undefined {
  const match = table.match(address);
  if (match === undefined) return undefined;
  const { rule, groups } = match;
  return {
    rule: table.rules.indexOf(rule) + 1,
    pattern: rule.pattern,
    address: rule.address === null ? null : redact(rule.address),
    // A group may contain a password.
    groups: groups.map(redact),
  };
}

function connectionOf(destination: string): Pick<Explanation, 'connection' | 'problem'> {
  try {
    const { tls, host, port, user, name, passive } = resolveEndpoint(parseAddress(destination));
    const node = name === undefined ? 'no node' : `node ${name === '' ? "''" : redact(name)}`;
    const way = passive ? 'listens on' : tls ? 'TLS to' : 'TCP to';
    return {
      connection: `${way} ${host}, port ${port}, ${node}${user === undefined ? '' : ', with a user of its own'}`,
      problem: undefined,
    };
  } catch (error) {
    if (!(error instanceof AddressError)) throw error;
    return { connection: undefined, problem: error.message };
  }
}
