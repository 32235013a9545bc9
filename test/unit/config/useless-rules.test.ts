import fc from '../../support/property.js';
import { describe, expect, it } from 'vitest';
import { Pattern } from '../../../src/address/pattern.js';
import { includes } from '../../../src/config/inclusion.js';
import { chainedRoutes, uselessRules } from '../../../src/config/useless-rules.js';
import { read } from './support.js';

const rules = (...patterns: string[]) => patterns.map((pattern) => ({ pattern, address: 'amqp://h/q' }));

describe('a rule that can never match', () => {
  it.each([
    [['*', 'orders/%'], [1]],
    [
      ['orders/*', 'orders/%', 'orders/eu', 'refunds'],
      [1, 2],
    ],
    [['orders/%', 'orders/*'], []],
    [['a', 'b', 'a'], [2]],
    [['%/%', '*/*'], []],
    [['*/*', '%/%'], [1]],
    [
      ['a%', 'a%b%', 'ab'],
      [1, 2],
    ],
    [
      ['a*b', 'ab', 'aXb', 'a/b', 'a'],
      [1, 2, 3],
    ],
  ])('is found: %j', (patterns, useless) => {
    expect(uselessRules(rules(...patterns)).map(({ index }) => index)).toEqual(useless);
  });

  it('is reported with file, line and the rule that precedes it', () => {
    const text = 'routes:\n  - { pattern: "*", address: amqp://h/q }\n  - { pattern: a/%, address: amqp://h/q }\n';
    expect(read(text).warnings).toEqual([
      '/etc/a.yaml:3: routes[1] can never match: rule 1, *, comes first and takes all of it. Move it up, or take it out.',
    ]);
  });

  it('is not one that a rule of a profile covers', () => {
    const text =
      'routes: [{ pattern: a, address: amqp://h/q }, { pattern: a, address: amqp://h/q }]\n' +
      'profiles: { dev: { routes: [{ pattern: "*", address: amqp://h/q }, { pattern: b, address: amqp://h/q }] } }\n';
    expect(read(text, {}, 'dev').warnings).toEqual([
      '/etc/a.yaml:2: routes[1] can never match: rule 1, *, comes first and takes all of it. Move it up, or take it out.',
      '/etc/a.yaml:1: routes[3] can never match: rule 3, a, comes first and takes all of it. Move it up, or take it out.',
    ]);
  });

  it('is one whose pattern an earlier pattern includes', () => {
    const pattern = fc.string({ unit: fc.constantFrom('a', 'b', '/', '%', '*'), maxLength: 5 });
    const text = fc.string({ unit: fc.constantFrom('a', 'b', '/', 'c'), maxLength: 6 });
    fc.assert(
      fc.property(pattern, pattern, fc.array(text, { maxLength: 50 }), (wide, narrow, texts) => {
        const alone = texts.some((one) => new Pattern(narrow).match(one) && !new Pattern(wide).match(one));
        return !(alone && includes(wide, narrow));
      }),
    );
  });

  it('is searched for with limited effort', () => {
    const wide = '%a'.repeat(40);
    const many = Array.from({ length: 3000 }, (_, index) => `${'*%b'.repeat(20)}${index}*`);
    const begin = performance.now();
    uselessRules(rules(wide, ...many.slice(0, 50)));
    uselessRules(rules(...Array.from({ length: 3000 }, (_, index) => `orders/${index}/%`)));
    // Only what grows without bounds takes this long.
    expect(performance.now() - begin).toBeLessThan(10_000);
  });
});

describe('a route that leads to another route', () => {
  it('is reported, because routes are applied once', () => {
    const routes = [
      { pattern: 'eu/%', address: 'orders/$1' },
      { pattern: 'orders/%', address: 'amqp://h/$1' },
    ];
    expect(chainedRoutes(routes)).toEqual([
      {
        index: 0,
        reason:
          'leads to what orders/% matches, but routes are applied once: orders is taken for a host. Write the whole address.',
      },
    ]);
  });
});
