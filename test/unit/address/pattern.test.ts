import fc from '../../support/property.js';
import { describe, expect, it } from 'vitest';
import { Pattern } from '../../../src/address/pattern.js';

function expressionOf(pattern: string): RegExp {
  const source = pattern.replace(/[%*]/g, (wildcard) => (wildcard === '%' ? '([^/]*)' : '([\\s\\S]*)'));
  return new RegExp(`^${source}$`);
}

describe('Pattern', () => {
  it.each([
    ['foo', 'foo', []],
    ['foo', 'Foo', undefined],
    ['', '', []],
    ['', 'a', undefined],
    ['a/*', 'a/b/c', ['b/c']],
    ['a/%', 'a/b', ['b']],
    ['a/%', 'a/b/c', undefined],
    ['a*a', 'a', undefined],
    ['*/*', 'a/b/c', ['a/b', 'c']],
    ['%/*', 'a/b/c', ['a', 'b/c']],
    ['**', 'abc', ['abc', '']],
    ['%*', 'a/b', ['a', '/b']],
    ['%*%', '/', ['', '/', '']],
    ['*/%/%', 'a/b/c/d', ['a/b', 'c', 'd']],
    ['*x%y*', 'xy/x/y', ['', '', '/x/y']],
    ['\\*', '\\foo', ['foo']],
    ['[a.c]+%$', '[a.c]+x$', ['x']],
    ['*', 'a\nb', ['a\nb']],
  ])('%j on %j gives %j', (pattern, input, groups) => {
    expect(new Pattern(pattern).match(input)).toEqual(groups);
  });

  it('knows its text and how many wildcards it has', () => {
    expect(new Pattern('a%b**')).toMatchObject({ text: 'a%b**', wildcards: 3 });
    expect(new Pattern('ab').wildcards).toBe(0);
  });

  it('matches like the anchored regular expression', () => {
    const pattern = fc.string({ unit: fc.constantFrom('a', 'b', '/', '%', '*'), maxLength: 12 });
    const input = fc.string({ unit: fc.constantFrom('a', 'b', '/'), maxLength: 16 });
    fc.assert(
      fc.property(pattern, input, (text, candidate) => {
        expect(new Pattern(text).match(candidate)).toEqual(expressionOf(text).exec(candidate)?.slice(1));
      }),
      { numRuns: 5000 },
    );
  });

  it('matches like the anchored regular expression where it does match', () => {
    const piece = fc.record({
      literal: fc.string({ unit: fc.constantFrom('a', '/'), maxLength: 2 }),
      wildcard: fc.constantFrom('%', '*'),
      filling: fc.string({ unit: fc.constantFrom('a', 'b', '/'), maxLength: 3 }),
    });
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 6 }), (pieces) => {
        const text = pieces.map(({ literal, wildcard }) => literal + wildcard).join('');
        const fill = (wildcard: string, filling: string): string =>
          wildcard === '*' ? filling : filling.replaceAll('/', '');
        const input = pieces.map(({ literal, wildcard, filling }) => literal + fill(wildcard, filling)).join('');
        const groups = expressionOf(text).exec(input)?.slice(1);
        expect(groups).toBeDefined();
        expect(new Pattern(text).match(input)).toEqual(groups);
      }),
      { numRuns: 2000 },
    );
  });

  it.each([
    ['*a*a*a*a*b', 'a'.repeat(50_000)],
    ['*a*a*a*a*b*', 'a'.repeat(50_000)],
    ['*' + 'a*'.repeat(500) + 'b*', 'a'.repeat(50_000)],
    ['*x' + '%a'.repeat(200) + '*', 'a/'.repeat(25_000)],
    ['*' + '%a'.repeat(200) + '/%%%/*%', '/'.repeat(1000) + 'a/'.repeat(25_000)],
    ['*' + '%/a'.repeat(200) + '%*%c', '/a/b'.repeat(12_500) + 'c'],
  ])('gives up on a hostile input instead of backtracking for ever (case %#)', (pattern, input) => {
    expect(new Pattern(pattern).match(input)).toBeUndefined();
  });

  it('finds the one match in a hostile input', () => {
    const groups = new Pattern('*a%'.repeat(100) + 'c*').match('a/'.repeat(25_000) + 'a'.repeat(100) + 'bc');
    expect(groups?.length).toBe(201);
    expect(groups?.slice(-2)).toEqual(['b', '']);
  });
});
