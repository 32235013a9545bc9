import { RouteTable } from '../address/route-table.js';
import type { RouteRule } from '../address/route-table.js';
import { includes } from './inclusion.js';

/** The most pairs of rules with wildcards that are compared. Rules beyond it are not checked. */
const MAX_PAIRS = 20_000;

/** A rule without effect: its position, and the reason. */
export interface UselessRule {
  readonly index: number;
  readonly reason: string;
}

/**
 * Finds rules that never match, because an earlier rule matches the same addresses. The first rule that matches
 * decides, so such a rule is a harmless mistake.
 *
 * @param from The first rule to check; `to` is the first that is not checked.
 */
export function uselessRules(rules: readonly RouteRule[], from: number = 0, to: number = rules.length): UselessRule[] {
  const table = new RouteTable();
  const wild: { pattern: string; index: number }[] = [];
  /** The first position of each pattern. */
  const places = new Map<string, number>();
  let pairs = 0;
  return rules.slice(from, to).flatMap(({ pattern, address }, place) => {
    const index = from + place;
    const isWild = /[%*]/.test(pattern);
    let earlier: number | undefined;
    if (isWild) {
      earlier = wild.find((other) => pairs++ < MAX_PAIRS && includes(other.pattern, pattern))?.index;
      wild.push({ pattern, index });
    } else {
      const match = table.match(pattern);
      earlier = match && places.get(match.rule.pattern);
    }
    table.add(pattern, address);
    if (!places.has(pattern)) places.set(pattern, index);
    return earlier === undefined ? [] : [{ index, reason: neverMatches(earlier, rules[earlier]!.pattern) }];
  });
}

/**
 * Finds routes whose address another route matches. Routes are applied once, so such an address is taken for a host,
 * although a name was meant.
 */
export function chainedRoutes(rules: readonly RouteRule[]): UselessRule[] {
  const table = new RouteTable();
  for (const { pattern, address } of rules) table.add(pattern, address);
  return rules.flatMap(({ address }, index) => {
    if (address === null || address.includes('://') || !address.includes('/')) return [];
    const sample = address.replaceAll(/\$\d*/g, 'x');
    const match = table.match(sample);
    if (match === undefined || match.rule.pattern === '*') return [];
    const host = address.slice(0, address.indexOf('/'));
    return [
      {
        index,
        reason: `leads to what ${match.rule.pattern} matches, but routes are applied once: ${host} is taken for a host. Write the whole address.`,
      },
    ];
  });
}

function neverMatches(earlier: number, pattern: string): string {
  return `can never match: rule ${earlier + 1}, ${pattern}, comes first and takes all of it. Move it up, or take it out.`;
}
