const SLASH = '/';

/**
 * A pattern of the route table. `%` matches any run of characters other than `/`, `*` any run at all, both possibly
 * empty; every other character matches itself, and nothing escapes a wildcard. A pattern may have any number of them.
 *
 * It matches like the anchored regular expression with `%` for `([^/]*)` and `*` for `([\s\S]*)`: the whole input,
 * every wildcard as long as it can be, the leftmost first. But it never backtracks: no literal is tried twice at one
 * place, so however the input is made, the time grows with its length times the number of wildcards. (Comparing at one
 * place can take as long as the literal, when input and literal both repeat one character.)
 *
 * How: the literals between the wildcards are placed from right to left, each as far right as it can be. A slash between
 * two literals with a `%` between them means that no match has the second one to the right of that slash, because the
 * first one can only be further left; so the second moves to the slash or beyond, and its neighbours follow. Literals
 * only ever move left, so the first places that suit every wildcard are the rightmost there are, and these make the
 * leftmost wildcards the longest.
 */
export class Pattern {
  /** The pattern as written. */
  readonly text: string;
  /** How many wildcards it has, which is how many groups a match gives. */
  readonly wildcards: number;

  /** The text before, between and behind the wildcards: one more than there are wildcards, often empty. */
  readonly #literals: readonly string[];
  /** Of each wildcard, whether it is a `%`. */
  readonly #stopsAtSlash: readonly boolean[];
  readonly #shortestMatch: number;

  constructor(text: string) {
    this.text = text;
    this.#literals = text.split(/[%*]/);
    this.#stopsAtSlash = Array.from(text.matchAll(/[%*]/g), ([wildcard]) => wildcard === '%');
    this.wildcards = this.#stopsAtSlash.length;
    this.#shortestMatch = text.length - this.wildcards;
  }

  /** What each wildcard stands for, in order, when the pattern matches the whole input; `undefined` when not. */
  match(input: string): string[] | undefined {
    const { wildcards } = this;
    if (wildcards === 0) return input === this.text ? [] : undefined;
    const prefix = this.#literals[0]!;
    const suffix = this.#literals[wildcards]!;
    if (input.length < this.#shortestMatch || !input.startsWith(prefix) || !input.endsWith(suffix)) return undefined;
    if (wildcards === 1) {
      const group = input.slice(prefix.length, input.length - suffix.length);
      return this.#stopsAtSlash[0] && group.includes(SLASH) ? undefined : [group];
    }
    const starts = this.#place(input);
    return starts && this.#groups(input, starts);
  }

  /** Where each literal stands in the only match that counts. */
  #place(input: string): number[] | undefined {
    const literals = this.#literals;
    const last = this.wildcards;
    const starts = new Array<number>(last + 1).fill(input.length);
    starts[0] = 0;
    starts[last] = input.length - literals[last]!.length;
    // The wildcard looked at, between the literals `gap` and `gap + 1`.
    let gap = last - 1;
    while (gap >= 0) {
      const literal = literals[gap]!;
      const nextStart = starts[gap + 1]!;
      if (starts[gap]! + literal.length > nextStart) {
        // For the first literal this is below 0: it cannot move, and there is no match.
        const start = lastIndex(input, literal, nextStart - literal.length);
        if (start === -1) return undefined;
        starts[gap] = start;
      }
      const slash = this.#stopsAtSlash[gap] ? input.indexOf(SLASH, starts[gap]! + literal.length) : -1;
      if (slash === -1 || slash >= nextStart) {
        gap -= 1;
      } else {
        gap += 1;
        const start = gap === last ? -1 : lastIndex(input, literals[gap]!, slash);
        if (start === -1) return undefined;
        starts[gap] = start;
      }
    }
    return starts;
  }

  #groups(input: string, starts: readonly number[]): string[] {
    const groups: string[] = [];
    for (let wildcard = 0; wildcard < this.wildcards; wildcard += 1) {
      groups.push(input.slice(starts[wildcard]! + this.#literals[wildcard]!.length, starts[wildcard + 1]));
    }
    return groups;
  }
}

/** Guards `lastIndexOf`, which takes a negative limit for 0. */
function lastIndex(input: string, text: string, limit: number): number {
  return limit < 0 ? -1 : input.lastIndexOf(text, limit);
}
