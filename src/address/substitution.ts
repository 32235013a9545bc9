/**
 * The replacement text of a rule, parsed once and applied often.
 *
 * `$` and the longest run of digits behind it stand for the group of that number: `$10` is group ten, `$01` group one.
 * `$0`, and a `$` without digits, stand for the whole input: `$x` is the input and an `x`. `$$` is one `$`. A group
 * that the pattern does not have is empty. Everything else is literal.
 */
export class Substitution {
  /** Literal texts, and numbers of groups. */
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
   * Returns the text with its groups filled in.
   *
   * @param input The input that the pattern matched: group 0.
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
