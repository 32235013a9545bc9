import { OptionError, PatternError } from '../errors.js';
import { Pattern } from './pattern.js';
import { Substitution } from './substitution.js';

/** A rule as it was added. */
export interface RouteRule {
  /** What the whole input must look like; see `Pattern`. */
  readonly pattern: string;
  /** What takes its place; see `Substitution`. `null` removes it. */
  readonly address: string | null;
}

/** The rule that matched an input, and what it made of it. */
export interface RouteMatch {
  /** The rule. */
  readonly rule: RouteRule;
  /** What each wildcard of the pattern stood for, in order. */
  readonly groups: readonly string[];
  /** The rule's address with its groups filled in; `null` when the rule removes the address. */
  readonly output: string | null;
}

/** A rule made ready for matching. */
interface CompiledRule {
  readonly rule: RouteRule;
  readonly position: number;
  readonly pattern: Pattern;
  readonly substitution: Substitution | undefined;
}

/**
 * An ordered list of rules that turn one address into another. A messenger has two: one for routes, which say where a
 * message goes, and one for rewrites, which say what is written on it.
 *
 * The first rule that matches the whole input, in the order of adding, decides; its output is not matched again, so
 * rules cannot loop. Rules without wildcards are found at once, however many there are.
 */
export class RouteTable {
  #rules: RouteRule[] = [];
  /** Rules with wildcards, in order. */
  #wildcardRules: CompiledRule[] = [];
  /** Rules without, by their pattern: of each the one that was added first. */
  #exactRules = new Map<string, CompiledRule>();

  /** How many rules there are. */
  get size(): number {
    return this.#rules.length;
  }

  /** The rules in the order of adding: a copy, which later calls of `add` do not change. */
  get rules(): readonly RouteRule[] {
    return [...this.#rules];
  }

  /**
   * Adds a rule behind all others. A pattern added before keeps its meaning: the first rule decides.
   *
   * @param pattern What the whole input must look like. `%` matches anything but `/`, `*` matches anything.
   * @param address What takes its place, `$1` for the first wildcard and so on, or `null` to remove the address. Only
   * rewrites can remove: a message without an address still has somewhere to go, one without a route has not.
   * @throws PatternError when `pattern` is not a string, or `address` is neither a string nor `null`.
   */
  add(pattern: string, address: string | null): this {
    if (typeof pattern !== 'string') throw new PatternError('The pattern of a rule must be a string.');
    if (address !== null && typeof address !== 'string') {
      throw new PatternError('The address of a rule must be a string, or null in a rewrite that removes the address.');
    }
    const compiled: CompiledRule = {
      rule: Object.freeze({ pattern, address }),
      position: this.#rules.length,
      pattern: new Pattern(pattern),
      substitution: address === null ? undefined : new Substitution(address),
    };
    this.#rules.push(compiled.rule);
    if (compiled.pattern.wildcards > 0) this.#wildcardRules.push(compiled);
    else if (!this.#exactRules.has(pattern)) this.#exactRules.set(pattern, compiled);
    return this;
  }

  /**
   * Puts other rules in place of all there are, at once: when one of them cannot be used, the table stays as it was.
   *
   * @throws PatternError as `add` does.
   */
  replace(rules: readonly RouteRule[]): this {
    const table = new RouteTable();
    for (const { pattern, address } of rules) table.add(pattern, address);
    this.#rules = table.#rules;
    this.#wildcardRules = table.#wildcardRules;
    this.#exactRules = table.#exactRules;
    return this;
  }

  /**
   * The first rule that matches the whole input, and what it made of it; `undefined` when none does.
   *
   * @throws OptionError when `input` is not a string.
   */
  match(input: string): RouteMatch | undefined {
    if (typeof input !== 'string') throw new OptionError('What is matched against the rules must be a string.');
    const exact = this.#exactRules.get(input);
    const end = exact?.position ?? this.#rules.length;
    for (const candidate of this.#wildcardRules) {
      if (candidate.position > end) break;
      const groups = candidate.pattern.match(input);
      if (groups !== undefined) return matchOf(candidate, input, groups);
    }
    return exact && matchOf(exact, input, []);
  }

  /**
   * What the rules make of the input: the output of the first that matches, `null` when that rule removes the address,
   * and the input itself when none matches.
   *
   * @throws OptionError when `input` is not a string.
   */
  resolve(input: string): string | null {
    const match = this.match(input);
    return match === undefined ? input : match.output;
  }
}

function matchOf({ rule, substitution }: CompiledRule, input: string, groups: readonly string[]): RouteMatch {
  return { rule, groups, output: substitution?.apply(input, groups) ?? null };
}
