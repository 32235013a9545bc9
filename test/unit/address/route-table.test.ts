import fc from '../../support/property.js';
import { describe, expect, it } from 'vitest';
import { Pattern } from '../../../src/address/pattern.js';
import { RouteTable } from '../../../src/address/route-table.js';
import type { RouteRule } from '../../../src/address/route-table.js';
import { OptionError, PatternError } from '../../../src/errors.js';

describe('RouteTable', () => {
  it('returns the input when no rule matches', () => {
    expect(new RouteTable().resolve('a')).toBe('a');
    expect(new RouteTable().add('b', 'c').match('a')).toBeUndefined();
  });

  it('says which rule matched, and what it made of the input', () => {
    const table = new RouteTable().add('x/%', 'X').add('orders/%/*', 'amqp://h/$2');
    expect(table.match('orders/eu/new')).toEqual({
      rule: { pattern: 'orders/%/*', address: 'amqp://h/$2' },
      groups: ['eu', 'new'],
      output: 'amqp://h/new',
    });
  });

  it('removes the address with a null rule', () => {
    const table = new RouteTable().add('*', null);
    expect(table.match('a')).toMatchObject({ groups: ['a'], output: null });
    expect(table.resolve('a')).toBeNull();
  });

  it('tells an empty address from a removed one', () => {
    expect(new RouteTable().add('a', '').resolve('a')).toBe('');
  });

  it('does not match the output again', () => {
    expect(new RouteTable().add('a', 'b').add('b', 'a').resolve('a')).toBe('b');
  });

  it('lets the first rule decide, with and without wildcards', () => {
    expect(new RouteTable().add('a', '1').add('*', '2').add('a', '3').resolve('a')).toBe('1');
    expect(new RouteTable().add('*', '1').add('a', '2').resolve('a')).toBe('1');
    expect(new RouteTable().add('b*', '1').add('a', '2').add('*', '3').resolve('a')).toBe('2');
  });

  it('keeps the order of adding among any rules', () => {
    const text = (unit: string[]): fc.Arbitrary<string> => fc.string({ unit: fc.constantFrom(...unit), maxLength: 3 });
    fc.assert(
      fc.property(fc.array(text(['a', '/', '*', '%'])), text(['a', '/']), (patterns, input) => {
        const table = new RouteTable();
        for (const [index, pattern] of patterns.entries()) table.add(pattern, `rule ${index}`);
        const first = patterns.findIndex((pattern) => new Pattern(pattern).match(input) !== undefined);
        expect(table.resolve(input)).toBe(first === -1 ? input : `rule ${first}`);
      }),
      { numRuns: 1000 },
    );
  });

  it('shows its rules as they were at that moment', () => {
    const table = new RouteTable().add('a', 'b').add('a', null);
    const { rules } = table;
    table.add('c', 'd');
    expect(rules).toEqual([
      { pattern: 'a', address: 'b' },
      { pattern: 'a', address: null },
    ]);
    expect(table.size).toBe(3);
    expect(table.rules[0]).toSatisfy(Object.isFrozen);
  });

  it('refuses rules and inputs that are not text', () => {
    const table = new RouteTable();
    // The types forbid these; a JavaScript caller may not know.
    expect(() => table.add(undefined as unknown as string, 'a')).toThrow(PatternError);
    expect(() => table.add('a', undefined as unknown as string)).toThrow(PatternError);
    expect(() => table.match(undefined as unknown as string)).toThrow(OptionError);
    expect(() => table.resolve(7 as unknown as string)).toThrow(OptionError);
    expect(table.size).toBe(0);
  });

  it('takes other rules in place of all there are, or stays as it was', () => {
    const table = new RouteTable().add('a', 'one').add('b/%', 'two');
    table.replace([{ pattern: 'a/*', address: 'three-$1' }]);
    expect([table.resolve('a'), table.resolve('b/x'), table.resolve('a/x')]).toEqual(['a', 'b/x', 'three-x']);
    // As JavaScript may have it.
    const broken = [{ pattern: 'c', address: 'four' }, { pattern: 5, address: 'five' } as unknown as RouteRule];
    expect(() => table.replace(broken)).toThrow(PatternError);
    expect([table.size, table.resolve('c'), table.resolve('a/x')]).toEqual([1, 'c', 'three-x']);
  });
});
