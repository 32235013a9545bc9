/**
 * The text that a rule puts in place of what its pattern matched, taken apart once and applied often.
 *
 * `$` and digits stand for the group of that number, the longest run of digits counting: `$10` is group ten, `$01` group
 * one. `$0`, and a `$` that no digit follows, stand for the whole input: `$x` is the input and an `x`. `$$` is one `$`.
 * A group the pattern does not have is empty. Everything else stands for itself.
 */
export class Substitution {
  /** Literal text, and the numbers of groups. */
  readonly #parts: (string | number)[] = [];

  constructor(text: string) {
    let literalStart = 0;
    for (const reference of text.matchAll(/\$(?:\$|[0-9]*)/g)) {
      const [symbol] = reference;
      this.#parts.push(text.slice(literalStart, reference.index), symbol === '$$' ? '$' : Number(symbol.slice(1)));
      literalStart = reference.index + symbol.length;
    }
    this.#parts.push(text.slice(literalStart));
  }

  /**
   * The text with its groups filled in.
   *
   * @param input What the pattern matched: group 0.
   * @param groups Groups 1 and up, as `Pattern.match` gives them.
   */
  apply(input: string, groups: readonly string[]): string {
    let output = '';
    for (const part of this.#parts) {
      if (typeof part === 'string') output += part;
      else output += part === 0 ? input : (groups[part - 1] ?? '');
    }
    return output;
  }
}
