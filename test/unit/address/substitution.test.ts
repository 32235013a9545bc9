import { describe, expect, it } from 'vitest';
import { Substitution } from '../../../src/address/substitution.js';

describe('Substitution', () => {
  it.each([
    ['', ''],
    ['plain % * \\ &', 'plain % * \\ &'],
    ['$1-$2', 'one-two'],
    ['$01', 'one'],
    ['$10', ''],
    ['$0', 'whole'],
    ['$', 'whole'],
    ['$x', 'wholex'],
    ['${1}', 'whole{1}'],
    ['$$1', '$1'],
    ['$$$1', '$one'],
    ['$1$', 'onewhole'],
    [`$${'9'.repeat(400)}`, ''],
    ['$٣', 'whole٣'],
  ])('%s gives %s', (text, output) => {
    expect(new Substitution(text).apply('whole', ['one', 'two'])).toBe(output);
  });

  it('takes groups literally', () => {
    expect(new Substitution('<$1>').apply('$1', ['$0$$'])).toBe('<$0$$>');
  });

  it('can be applied again', () => {
    const substitution = new Substitution('$2$1');
    expect(substitution.apply('ab', ['a', 'b'])).toBe('ba');
    expect(substitution.apply('cd', ['c', 'd'])).toBe('dc');
  });
});
