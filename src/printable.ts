/**
 * Characters that a terminal, or whoever reads a log, takes for more than text: C0 and C1 controls, what turns the direction
 * of writing, line and paragraph separators, and the mark that nobody sees.
 */
const CONTROL = /[\0-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;

const SHORT: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/**
 * Text of strangers, fit for a terminal, a log or an error message: control characters are shown as `\n` or `\u001b` and do
 * nothing. In JSON they have the same form, so what is JSON stays JSON of the same value. Shown again, it stays as it is.
 *
 * @param kept Characters that are let through, such as line ends.
 */
export function printable(text: string, kept: string = ''): string {
  return text.replace(CONTROL, (character) => {
    if (kept.includes(character)) return character;
    return SHORT[character] ?? `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}
