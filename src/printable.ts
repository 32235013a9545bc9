/**
 * Characters that are more than text to a terminal or the reader of a log: C0 and C1 controls, marks of writing
 * direction, line and paragraph separators, and the invisible byte order mark.
 */
const CONTROL = /[\0-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;

const SHORT: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/**
 * Makes untrusted text safe for a terminal, a log or an error message: shows control characters as `\n` or `\u001b`.
 * JSON has the same escapes, so JSON text keeps its value. Calling it on its own result changes nothing.
 *
 * @param kept Control characters that are kept, such as line ends.
 */
export function printable(text: string, kept: string = ''): string {
  return text.replace(CONTROL, (character) => {
    if (kept.includes(character)) return character;
    return SHORT[character] ?? `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}
