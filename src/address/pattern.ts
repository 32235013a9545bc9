const SLASH = '/';

/**
 * A pattern of the route table. `%` matches any run of characters without `/`, and `*` any run, both possibly empty.
 * Every other character matches itself, and no character escapes a wildcard. A pattern may have any number of
 * wildcards.
 *
 * It matches like the anchored regular expression with `([^/]*)` for `%` and `([\s\S]*)` for `*`: the whole input, with
 * every wildcard as long as possible, the leftmost first. Unlike that expression, it never backtracks: no literal is
 * tried twice at one place, so for any input the time grows with its length times the number of wildcards. (Comparing
 * at one place can take as long as the literal, when input and literal both repeat one character.)
 *
 * The algorithm places the literals between the wildcards from right to left, each as far right as possible. When a
 * slash lies between two literals that a `%` separates, no match has the second one to the right of that slash, because
 * the first one can only move left. So the second one moves left to the slash or further, and its neighbours follow.
 * Literals only move left, so the first places that satisfy every wildcard are the rightmost ones, and these make the
 * leftmost wildcards the longest.
 */
export class Pattern {
  /** The pattern as written. */
  readonly text: string;
  /** The number of wildcards, and so of the groups of a match. */
  readonly wildcards: number;

  /** The texts before, between and behind the wildcards, often empty. */
  readonly #literals: readonly string[];
  /** For each wildcard, true if it is a `%`. */
  readonly #stopsAtSlash: readonly boolean[];
  readonly #shortestMatch: number;

  constructor(text: string) {
    this.text = text;
    this.#literals = text.split(/[%*]/);
    this.#stopsAtSlash = Array.from(text.matchAll(/[%*]/g), ([wildcard]) => wildcard === '%');
    this.wildcards = this.#stopsAtSlash.length;
    this.#shortestMatch = text.length - this.wildcards;
  }

  /**
   * Matches the whole input. Returns the text that each wildcard matched, in order, or `undefined` when the pattern
   * does not match.
   */
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

  /** Finds the position of each literal in the match. Returns `undefined` when there is none. */
  #place(input: string): number[] | undefined {
    const literals = this.#literals;
    const last = this.wildcards;
    const starts = new Array<number>(last + 1).fill(input.length);
    starts[0] = 0;
    starts[last] = input.length - literals[last]!.length;
    // The current wildcard is between the literals `gap` and `gap + 1`.
    let gap = last - 1;
    while (gap >= 0) {
      const literal = literals[gap]!;
      const nextStart = starts[gap + 1]!;
      if (starts[gap]! + literal.length > nextStart) {
        // For the first literal the limit is below 0: it cannot move, so there is no match.
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

/** `lastIndexOf` without its treatment of a negative limit as 0. */
function lastIndex(input: string, text: string, limit: number): number {
  return limit < 0 ? -1 : input.lastIndexOf(text, limit);
}
