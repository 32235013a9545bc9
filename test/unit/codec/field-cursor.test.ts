import fc from '../../support/property.js';
import { describe, expect, it } from 'vitest';
import { FieldCursor } from '../../../src/codec/field-cursor.js';
import { DecodeError } from '../../../src/errors.js';
import { bytes } from './support.js';

/** A cursor on a list of `count` fields, with bytes around it that are none of its business. */
function cursor(count: number, fields: string): FieldCursor {
  const inside = bytes(fields);
  const list = Buffer.concat([Buffer.from([0xff, 0xc0, inside.length + 1, count]), inside, Buffer.from([0x41, 0x41])]);
  const opened = new FieldCursor();
  expect(opened.open(list, 1, list.length)).toBe(4 + inside.length);
  return opened;
}

describe('FieldCursor', () => {
  it.each([
    ['list0', '45', 1],
    ['list8', 'c0 03 01 52 07', 5],
    ['list32', 'd0 00000006 00000001 52 07', 11],
  ])('opens a %s and says where it ends', (_name, hex, end) => {
    const buffer = Buffer.concat([bytes(hex), Buffer.from('payload')]);
    expect(new FieldCursor().open(buffer, 0, buffer.length)).toBe(end);
  });

  it.each([
    ['nothing', ''],
    ['a map', 'c1 01 00'],
    ['a number', '52 01'],
    ['half a list8', 'c0 05'],
    ['half a list32', 'd0 000000'],
    ['a list8 that overruns', 'c0 05 01 43'],
    ['a list32 that overruns', 'd0 7fffffff 00000001 43'],
    ['a list32 of four gigabytes', 'd0 ffffffff 00000001 43'],
    ['a list8 too small for its count', 'c0 00 00'],
    ['a list32 too small for its count', 'd0 00000003 00000000'],
    ['more fields than bytes', 'c0 02 02 43'],
    ['four thousand million fields', 'd0 00000005 ffffffff 43'],
  ])('refuses %s', (_name, hex) => {
    const buffer = bytes(hex);
    expect(() => new FieldCursor().open(buffer, 0, buffer.length)).toThrow(DecodeError);
  });

  it.each([
    ['uint0', '43', 0],
    ['smalluint', '52 ff', 255],
    ['uint', '70 ffffffff', 0xffff_ffff],
    ['uint', '70 80000000', 0x8000_0000],
    ['ushort', '60 0102', 258],
    ['ubyte', '50 07', 7],
    ['null', '40', -1],
  ])('reads a %s (%s)', (_name, hex, value) => {
    expect(cursor(1, hex).uint('handle')).toBe(value);
  });

  it.each([
    ['41', true],
    ['42', false],
    ['56 01', true],
    ['56 00', false],
    ['40', false],
  ])('reads %s as a boolean', (hex, value) => {
    expect(cursor(1, hex).boolean('settled')).toBe(value);
  });

  it.each(['41', '55 01', '71 00000001', '80 0000000000000001', '53 01', 'a1 01 61', '45', '00 53 01 43', '01'])(
    'takes %s for no uint',
    (hex) => {
      expect(() => cursor(1, hex).uint('handle')).toThrow(/Field handle .* unsigned integer/);
    },
  );

  it.each(['43', '52 01', 'a1 01 61', '45', '50 01', '01'])('takes %s for no boolean', (hex) => {
    expect(() => cursor(1, hex).boolean('settled')).toThrow(/Field settled .* boolean/);
  });

  it.each(['70 000000', '52', '60 01', '56', 'a0 05 61'])('refuses a field that ends early: %s', (hex) => {
    const read = cursor(1, hex);
    expect(() =>
      hex.startsWith('56') ? read.boolean('f') : hex.startsWith('a0') ? read.skip() : read.uint('f'),
    ).toThrow(DecodeError);
  });

  it('reads fields that the list leaves out as absent', () => {
    const read = cursor(1, '52 05');
    expect([read.uint('a'), read.uint('b'), read.boolean('c'), read.skip()]).toEqual([5, -1, false, -1]);
  });

  it('skips fields of any type', () => {
    const skipped = [
      'a0 02 0102',
      '45',
      'c0 03 01 52 01',
      '00 53 24 45',
      'f0 00000005 ffffffff 40',
      '98 00112233445566778899aabbccddeeff',
    ];
    const read = cursor(skipped.length + 1, [...skipped, '52 09'].join(' '));
    expect(skipped.map(() => read.skip())).not.toContain(-1);
    expect(read.uint('last')).toBe(9);
  });

  it('returns the position of a skipped field, and -1 for null', () => {
    const read = cursor(2, '40 00 53 24 45');
    expect([read.skip(), read.skip()]).toEqual([-1, 5]);
  });

  it('tells a mandatory field that is absent', () => {
    for (const read of [cursor(0, ''), cursor(1, '40')]) {
      expect(() => read.require('first')).toThrow(/lacks its mandatory field first/);
    }
    const read = cursor(1, '52 03');
    read.require('first');
    expect(read.uint('first')).toBe(3);
  });

  it('reads damaged bytes as fields or refuses them, and never looks beyond the list', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 30 }), fc.nat(12), (noise, count) => {
        const list = Buffer.concat([Buffer.from([0xc0, noise.length + 1, count]), noise, Buffer.alloc(20, 0x41)]);
        const read = new FieldCursor();
        try {
          const end = read.open(list, 0, list.length);
          for (let field = 0; field < count; field++) {
            const at = read.skip();
            expect(at).toBeLessThan(end);
          }
        } catch (error) {
          expect(error).toBeInstanceOf(DecodeError);
        }
      }),
    );
  });
});
