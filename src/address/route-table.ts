import { OptionError, PatternError } from '../errors.js';
import { Pattern } from './pattern.js';
import { Substitution } from './substitution.js';

/** A rule of a route table. */
export interface RouteRule {
  /** The pattern that the whole input must match; see `Pattern`. */
  readonly pattern: string;
  /** The replacement for the input; see `Substitution`. `null` removes the input. */
  readonly address: string | null;
}

/** The rule that matched an input, and the result. */
export interface RouteMatch {
  /** The rule. */
  readonly rule: RouteRule;
  /** The text that each wildcard of the pattern matched, in order. */
  readonly groups: readonly string[];
  /** The rule's address with its groups filled in; `null` when the rule removes the address. */
  readonly output: string | null;
}

/** A rule prepared for matching. */
interface CompiledRule {
  readonly rule: RouteRule;
  readonly position: number;
  readonly pattern: Pattern;
  readonly substitution: Substitution | undefined;
}

/**
 * An ordered list of rules that map one address to another. A messenger has two tables: routes decide where a message
 * goes, and rewrites decide what is sent as its `to`.
 *
 * The first rule, in the order of adding, that matches the whole input decides. Its output is not matched again, so
 * rules cannot loop. Rules without wildcards are found in constant time.
 */
export class RouteTable {
  #rules: RouteRule[] = [];
  /** Rules with wildcards, in order. */
  #wildcardRules: CompiledRule[] = [];
  /** Rules without wildcards, by pattern: for each pattern the rule that was added first. */
  #exactRules = new Map<string, CompiledRule>();

  /** The number of rules. */
  get size(): number {
    return this.#rules.length;
  }

  /** A copy of the rules, in the order of adding. */
  get rules(): readonly RouteRule[] {
    return [...this.#rules];
  }

  /**
   * Adds a rule at the end. When the same pattern was added before, that earlier rule still decides.
   *
   * @param pattern The pattern for the whole input. `%` matches anything but `/`, `*` matches anything.
   * @param address The replacement, with `$1` for the text of the first wildcard and so on, or `null` to remove the
   * address. Only rewrites may use `null`: a message can be sent without a `to`, but not without a destination.
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
   * Replaces all rules at once. When one of the new rules is invalid, the table stays unchanged.
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
   * Finds the first rule that matches the whole input. Returns it with its result, or `undefined` when none matches.
   *
   * @throws OptionError when `input` is not a string.
   */
  match(input: string): RouteMatch | undefined {
    if (typeof input !== 'string') throw new OptionError('The input of the rules must be a string.');
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
   * Applies the rules to an input. Returns the output of the first rule that matches, `null` when that rule removes the
   * address, or the input itself when no rule matches.
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
