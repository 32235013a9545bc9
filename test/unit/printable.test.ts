import { describe, expect, it } from 'vitest';
import { printable } from '../../src/printable.js';
import fc from '../support/property.js';

/** Every character that may do something to a terminal or a log. */
const CONTROLS = [
  ...Array.from({ length: 0x20 }, (_, code) => code),
  ...Array.from({ length: 0x21 }, (_, index) => 0x7f + index),
  ...[0x061c, 0x200e, 0x200f, 0x2028, 0x2029, 0x202a, 0x202b, 0x202c, 0x202d, 0x202e, 0x2066, 0x2067, 0x2068, 0x2069],
  0xfeff,
].map((code) => String.fromCharCode(code));

describe('text that is printable', () => {
  it('has no control character, and shows which there were', () => {
    for (const control of CONTROLS) {
      const shown = printable(`a${control}b`);
      expect(shown).toMatch(/^a\\(n|r|t|u[0-9a-f]{4})b$/);
      expect(JSON.parse(`"${shown}"`)).toBe(`a${control}b`);
    }
    expect(printable('\x1b[31mred\x07\x9b2J\u202e\r\n')).toBe('\\u001b[31mred\\u0007\\u009b2J\\u202e\\r\\n');
  });

  it('keeps the characters that are asked for, and all other text', () => {
    expect(printable('a\n\tb\r', '\n\t')).toBe('a\n\tb\\r');
    const letters = 'äß漢字 🐇👨‍👩‍👧 עברית "\\u001b"';
    expect(printable(letters)).toBe(letters);
  });

  it('stays as it is when it is shown again, and is the same value as JSON', () => {
    const letters = fc.constantFrom(...CONTROLS, 'a', 'ä', '\\', '"', '🐇');
    const text = fc.string({ unit: letters, size: 'medium' });
    fc.assert(
      fc.property(text, (given) => {
        const shown = printable(given);
        expect(printable(shown)).toBe(shown);
        expect(CONTROLS.filter((control) => shown.includes(control))).toEqual([]);
        expect(JSON.parse(printable(JSON.stringify(given)))).toBe(given);
      }),
    );
  });
});
