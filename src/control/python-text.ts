/**
 * Shows text as Python does: in single quotes, unless the text has those and no double ones; characters that cannot be
 * printed are escaped.
 */
export function pythonText(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  const inside = text.replace(/[\\'"\p{Cc}\p{Cs}]/gu, (character) => escape(character, quote));
  return `${quote}${inside}${quote}`;
}

function escape(character: string, quote: string): string {
  if (character === '\\' || character === quote) return `\\${character}`;
  if (character === '"' || character === "'") return character;
  const short = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }[character];
  const code = character.charCodeAt(0);
  return short ?? (code > 0xff ? `\\u${code.toString(16)}` : `\\x${code.toString(16).padStart(2, '0')}`);
}
