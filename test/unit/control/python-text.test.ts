import { describe, expect, it } from 'vitest';
import { pythonText } from '../../../src/control/python-text.js';

describe('text as Python shows it', () => {
  // What `repr` of Python 3.11 gives.
  it.each([
    ['', "''"],
    ['abc', "'abc'"],
    ["it's", '"it\'s"'],
    ['say "x"', `'say "x"'`],
    [`it's "x"`, `'it\\'s "x"'`],
    ['a\\b', "'a\\\\b'"],
    ['a\nb\r\tc', "'a\\nb\\r\\tc'"],
    ['\0\u001b\u007f\u0085', "'\\x00\\x1b\\x7f\\x85'"],
    ['é ✓ 😀', "'é ✓ 😀'"],
    ['\ud800', "'\\ud800'"],
  ])('%j', (text, shown) => {
    expect(pythonText(text)).toBe(shown);
  });
});
