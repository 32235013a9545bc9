/** How Python shows text: in single quotes, unless only those are inside; what cannot be seen is escaped. */
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
