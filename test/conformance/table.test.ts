import { expect, it } from 'vitest';
import { readPage } from '../docs/pages.js';
import { CHECKS } from './checks/all.js';
import type { Check } from './checks/check.js';

/** What the first five columns of a row say. */
function cells({ number, name, withC, differs }: Check): string[] {
  const played = (side: 'server' | 'client', ours: 'server' | 'client'): string => {
    if (withC !== 'both' && withC !== side) return '–';
    return differs === ours ? 'differs' : 'passed';
  };
  const alone = differs === undefined ? 'passed' : 'differs';
  return [String(number), `\`${name}\``, alone, played('server', 'client'), played('client', 'server')];
}

/** The rows of the table: what they say, and the words at their end. */
const rows = Array.from(readPage('docs/conformance.md').matchAll(/^\| \d+ \|.*$/gm), ([line]) =>
  line.slice(1, -1).split('|'),
).map((columns) => columns.map((column) => column.trim()));

it('every check of the original, 1 to 76, is a test', () => {
  expect(CHECKS.map(({ number }) => number)).toEqual(Array.from({ length: 76 }, (_, index) => index + 1));
});

it('docs/conformance.md has a row for every check, and says of it what the tests do', () => {
  expect(rows.map((columns) => columns.slice(0, 5))).toEqual(CHECKS.map(cells));
});

it('docs/conformance.md has a reason for every difference, and for every check that C does not play', () => {
  const unexplained = rows.filter((columns) => /differs|–/.test(columns.slice(2, 5).join()) && columns[5] === '');
  expect(unexplained).toEqual([]);
});
