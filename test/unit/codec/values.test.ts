import { describe, expect, it } from 'vitest';
import {
  AmqpArray,
  Described,
  Typed,
  array,
  byte,
  char,
  decimal128,
  decimal32,
  decimal64,
  described,
  double,
  float,
  int,
  long,
  short,
  symbol,
  timestamp,
  ubyte,
  uint,
  ulong,
  ushort,
  uuid,
} from '../../../src/message/typed.js';
import type { AmqpValue } from '../../../src/message/typed.js';
import { readValue } from '../../../src/codec/read.js';
import { bytes, read, valueBytes } from './support.js';

const ID = '0f8fad5b-d9cb-469f-a165-70867728950e';
const ID_HEX = ID.replaceAll('-', '');
const repeat = (hex: string, times: number): string => hex.repeat(times);

/** What goes out as which bytes, and what it comes in as when that is not what went out. */
const encoded: [title: string, value: AmqpValue, hex: string, back?: AmqpValue][] = [
  ['null', null, '40'],
  ['undefined', undefined, '40', null],
  ['true', true, '41'],
  ['false', false, '42'],

  ['0', 0, '5500'],
  ['127', 127, '557f'],
  ['-128', -128, '5580'],
  ['128', 128, '81 0000000000000080'],
  ['-129', -129, '81 ffffffffffffff7f'],
  ['2^31', 2 ** 31, '81 0000000080000000'],
  ['2^32 + 5', 2 ** 32 + 5, '81 0000000100000005'],
  ['-(2^32) - 1', -(2 ** 32) - 1, '81 fffffffeffffffff'],
  ['the greatest safe integer', Number.MAX_SAFE_INTEGER, '81 001fffffffffffff'],
  ['the least safe integer', Number.MIN_SAFE_INTEGER, '81 ffe0000000000001'],
  ['an integer that is not safe', 2 ** 53, '82 4340000000000000'],
  ['-0', -0, '82 8000000000000000'],
  ['1.5', 1.5, '82 3ff8000000000000'],
  ['NaN', NaN, '82 7ff8000000000000'],
  ['-Infinity', -Infinity, '82 fff0000000000000'],

  ['5n', 5n, '5505', 5],
  ['-128n', -128n, '5580', -128],
  ['128n', 128n, '81 0000000000000080', 128],
  ['-(2n ** 63n)', -(2n ** 63n), '81 8000000000000000'],
  ['2n ** 63n - 1n', 2n ** 63n - 1n, '81 7fffffffffffffff'],
  ['2n ** 63n', 2n ** 63n, '80 8000000000000000'],
  ['2n ** 64n - 1n', 2n ** 64n - 1n, '80 ffffffffffffffff'],
  ['2n ** 53n', 2n ** 53n, '81 0020000000000000'],
  ['-(2n ** 53n)', -(2n ** 53n), '81 ffe0000000000000'],

  ['empty text', '', 'a100'],
  ['short text', 'abc', 'a103616263'],
  ['text that is not ASCII', 'é水😀', 'a109 c3a9 e6b0b4 f09f9880'],
  ['a lone surrogate', 'a\ud800b', 'a105 61 efbfbd 62', 'a\ufffdb'],
  ['U+FFFD itself', '\ufffd', 'a103 efbfbd'],
  ['text with a NUL', 'a\0b', 'a103610062'],
  ['text of 24 characters', 'x'.repeat(24), `a118${repeat('78', 24)}`],
  ['text of 25 characters', 'x'.repeat(25), `a119${repeat('78', 25)}`],
  ['text of 255 bytes', 'x'.repeat(255), `a1ff${repeat('78', 255)}`],
  ['text of 256 bytes', 'x'.repeat(256), `b100000100${repeat('78', 256)}`],
  ['text of 128 characters and 256 bytes', 'é'.repeat(128), `b100000100${repeat('c3a9', 128)}`],
  ['text of 5,000 characters', 'x'.repeat(5000), `b100001388${repeat('78', 5000)}`],
  ['text of 5,000 characters and 15,000 bytes', '水'.repeat(5000), `b100003a98${repeat('e6b0b4', 5000)}`],

  ['no bytes', Buffer.alloc(0), 'a000'],
  ['bytes', Buffer.from([1, 2]), 'a0020102'],
  ['a Uint8Array', new Uint8Array([1, 2]), 'a0020102', Buffer.from([1, 2])],
  ['255 bytes', Buffer.alloc(255, 7), `a0ff${repeat('07', 255)}`],
  ['256 bytes', Buffer.alloc(256, 7), `b000000100${repeat('07', 256)}`],

  ['a date', new Date(1_700_000_000_000), '83 0000018bcfe56800'],
  ['a date before 1970', new Date(-1), '83 ffffffffffffffff'],
  ['the last date', new Date(8.64e15), '83 001eb208c2dc0000'],

  ['ubyte', ubyte(200), '50c8', 200],
  ['ushort', ushort(0xabcd), '60abcd', 0xabcd],
  ['uint 0', uint(0), '43', 0],
  ['small uint', uint(255), '52ff', 255],
  ['uint', uint(256), '70 00000100', 256],
  ['the greatest uint', uint(0xffff_ffff), '70 ffffffff', 0xffff_ffff],
  ['ulong 0', ulong(0), '44', 0],
  ['ulong 0n', ulong(0n), '44', 0],
  ['small ulong', ulong(255), '53ff', 255],
  ['ulong', ulong(256), '80 0000000000000100', 256],
  ['the greatest ulong', ulong(2n ** 64n - 1n), '80 ffffffffffffffff', 2n ** 64n - 1n],
  ['byte', byte(-2), '51fe', -2],
  ['short', short(-2), '61fffe', -2],
  ['small int', int(-128), '5480', -128],
  ['int', int(-129), '71 ffffff7f', -129],
  ['the greatest int', int(0x7fff_ffff), '71 7fffffff', 0x7fff_ffff],
  ['small long', long(-1), '55ff', -1],
  ['long', long(-129), '81 ffffffffffffff7f', -129],
  ['the least long', long(-(2n ** 63n)), '81 8000000000000000', -(2n ** 63n)],
  ['float', float(1.5), '72 3fc00000', 1.5],
  ['double', double(3), '82 4008000000000000', 3],
  ['char', char('水'), '73 00006c34', '水'],
  ['char above U+FFFF', char('😀'), '73 0001f600', '😀'],
  ['decimal32', decimal32(bytes('01020304')), '74 01020304'],
  ['decimal64', decimal64(bytes('0102030405060708')), '84 0102030405060708'],
  ['decimal128', decimal128(bytes(repeat('ab', 16))), `94 ${repeat('ab', 16)}`],
  ['timestamp', timestamp(5), '83 0000000000000005', new Date(5)],
  ['timestamp from a Date', new Typed('timestamp', new Date(5)), '83 0000000000000005', new Date(5)],
  ['timestamp after the last date', timestamp(8.64e15 + 1), '83 001eb208c2dc0001'],
  ['the greatest timestamp', timestamp(2n ** 63n - 1n), '83 7fffffffffffffff'],
  ['uuid', uuid(ID), `98 ${ID_HEX}`],
  ['symbol', symbol('abc'), 'a303616263', 'abc'],
  ['symbol of 255', symbol('x'.repeat(255)), `a3ff${repeat('78', 255)}`, 'x'.repeat(255)],
  ['symbol of 256', symbol('x'.repeat(256)), `b300000100${repeat('78', 256)}`, 'x'.repeat(256)],
  ['typed string', new Typed('string', 'é'), 'a102c3a9', 'é'],
  ['typed binary', new Typed('binary', bytes('00')), 'a00100', bytes('00')],

  ['empty list', [], '45'],
  ['list', [1, 'a', null], 'c0 07 03 5501 a10161 40'],
  ['list with a hole', new Array<AmqpValue>(1), 'c0 02 01 40', [null]],
  ['list of 254 bytes', ['x'.repeat(252)], `c0 ff 01 a1fc ${repeat('78', 252)}`],
  ['list of 255 bytes', ['x'.repeat(253)], `d0 00000103 00000001 a1fd ${repeat('78', 253)}`],
  ['list of 254 elements', Array<null>(254).fill(null), `c0 ff fe ${repeat('40', 254)}`],
  ['list of 255 elements', Array<null>(255).fill(null), `d0 00000103 000000ff ${repeat('40', 255)}`],
  ['list of 300 elements', Array<null>(300).fill(null), `d0 00000130 0000012c ${repeat('40', 300)}`],
  ['list in a list', [[[]]], 'c0 05 01 c0 02 01 45'],
  ['map of nothing', {}, 'c1 01 00'],
  ['map', { a: 1, b: [] }, 'c1 0a 04 a10161 5501 a10162 45'],
  ['map without what is undefined', { a: undefined, b: true }, 'c1 05 02 a10162 41', { b: true }],
  ['map from a Map', new Map<AmqpValue, AmqpValue>([[1, 'a']]), 'c1 06 02 5501 a10161'],
  ['map from a Map with text keys', new Map([['a', 1]]), 'c1 06 02 a10161 5501', { a: 1 }],
  [
    'map of an object without prototype',
    Object.assign(Object.create(null), { a: 1 }) as AmqpValue,
    'c1 06 02 a10161 5501',
  ],
  ['large map', { a: 'x'.repeat(300) }, `d1 00000138 00000002 a10161 b10000012c ${repeat('78', 300)}`],
  ['described', described(symbol('d'), 'v'), '00 a30164 a10176', described('d', 'v')],
  ['described by text', described('d', 'v'), '00 a30164 a10176'],
  ['described by a number', described(0x24, []), '00 5324 45'],
  ['described by a bigint', described(2n ** 60n, null), '00 80 1000000000000000 40'],
  ['described twice', described(1, described(2, 3)), '00 5301 00 5302 5503'],

  ['empty array', array('int', []), 'e0 02 00 54', []],
  ['array of small ints', array('int', [1, -1]), 'e0 04 02 54 01ff', [1, -1]],
  ['array of ints', array('int', [1, 128]), 'e0 0a 02 71 00000001 00000080', [1, 128]],
  ['array of bytes', array('ubyte', [1, 2]), 'e0 04 02 50 0102', [1, 2]],
  ['array of uints', array('uint', [0, 256]), 'e0 0a 02 70 00000000 00000100', [0, 256]],
  ['array of ulongs', array('ulong', [0, 255n]), 'e0 04 02 53 00ff', [0, 255]],
  ['array of longs', array('long', [128n]), 'e0 0a 01 81 0000000000000080', [128]],
  ['array of shorts', array('short', [-2]), 'e0 04 01 61 fffe', [-2]],
  ['array of floats', array('float', [1.5]), 'e0 06 01 72 3fc00000', [1.5]],
  ['array of doubles', array('double', [1]), 'e0 0a 01 82 3ff0000000000000', [1]],
  ['array of booleans', array('boolean', [true, false]), 'e0 04 02 56 0100', [true, false]],
  ['array of nulls', array('null', [null, undefined]), 'e0 02 02 40', [null, null]],
  ['array of strings', array('string', ['a', 'bc']), 'e0 07 02 a1 0161 026263', ['a', 'bc']],
  ['array of symbols', array('symbol', ['a', symbol('b')]), 'e0 06 02 a3 0161 0162', ['a', 'b']],
  ['array of binaries', array('binary', [bytes('ff')]), 'e0 04 01 a0 01ff', [bytes('ff')]],
  ['array of chars', array('char', ['a']), 'e0 06 01 73 00000061', ['a']],
  ['array of uuids', array('uuid', [uuid(ID)]), `e0 12 01 98 ${ID_HEX}`, [uuid(ID)]],
  ['array of timestamps', array('timestamp', [new Date(1)]), 'e0 0a 01 83 0000000000000001', [new Date(1)]],
  [
    'array of decimals',
    array('decimal32', [bytes('01020304')]),
    'e0 06 01 74 01020304',
    [decimal32(bytes('01020304'))],
  ],
  ['array of lists', array('list', [[1], []]), 'e0 14 02 d0 00000006 00000001 5501 00000004 00000000', [[1], []]],
  ['array of maps', array('map', [{ a: 1 }]), 'e0 0f 01 d1 00000009 00000002 a10161 5501', [{ a: 1 }]],
  ['array of 255 nulls', array('null', Array<null>(255).fill(null)), 'e0 02 ff 40', Array<null>(255).fill(null)],
  [
    'array of large strings',
    array('string', ['x'.repeat(256)]),
    `f0 00000109 00000001 b1 00000100 ${repeat('78', 256)}`,
    ['x'.repeat(256)],
  ],
  [
    'array of 300',
    array('ubyte', Array<number>(300).fill(1)),
    `f0 00000131 0000012c 50 ${repeat('01', 300)}`,
    Array<number>(300).fill(1),
  ],
  [
    'described array',
    new AmqpArray('int', [1, 2], symbol('d')),
    'e0 08 02 00 a30164 54 0102',
    [described('d', 1), described('d', 2)],
  ],
];

/** Encodings that others use and we do not write, since a smaller one says the same. */
const decoded: [title: string, hex: string, value: AmqpValue][] = [
  ['boolean true', '5601', true],
  ['boolean false', '5600', false],
  ['uint in full', '70 00000005', 5],
  ['ulong in full', '80 0000000000000005', 5],
  ['int in full', '71 00000005', 5],
  ['long in full', '81 0000000000000005', 5],
  ['str32', 'b1 00000001 61', 'a'],
  ['sym32', 'b3 00000001 61', 'a'],
  ['vbin32', 'b0 00000001 61', Buffer.from('a')],
  ['list8 of nothing', 'c0 01 00', []],
  ['list32', 'd0 00000006 00000001 5501', [1]],
  ['map8 of nothing', 'c1 01 00', {}],
  ['map32', 'd1 00000009 00000002 a10161 5501', { a: 1 }],
  ['map with symbol keys', 'c1 06 02 a30161 5501', { a: 1 }],
  [
    'map with keys that are no text',
    'c1 09 04 a10161 5501 43 5502',
    new Map<AmqpValue, AmqpValue>([
      ['a', 1],
      [0, 2],
    ]),
  ],
  ['map with a null key', 'c1 03 02 40 41', new Map<AmqpValue, AmqpValue>([[null, true]])],
  ['array of true', 'e0 02 03 41', [true, true, true]],
  ['array of uint0', 'e0 02 02 43', [0, 0]],
  ['array of list0', 'e0 02 02 45', [[], []]],
  ['array of smallulong', 'e0 04 02 53 0102', [1, 2]],
  ['array of list8', 'e0 06 01 c0 03 01 5501', [[1]]],
  ['array of map8', 'e0 06 01 c1 03 02 4041', [new Map<AmqpValue, AmqpValue>([[null, true]])]],
  ['array of arrays', 'e0 0a 02 e0 03 01 54 01 03 01 54 02', [[1], [2]]],
  ['array32', 'f0 00000006 00000001 54 05', [5]],
  ['described list in a list', 'c0 06 02 00 5310 45 40', [described(0x10, []), null]],
];

describe('encodeValue', () => {
  it.each(encoded)('writes %s in its smallest form', (_, value, hex) => {
    expect(valueBytes(value).toString('hex')).toBe(hex.replaceAll(' ', ''));
  });
});

describe('readValue', () => {
  it.each(encoded)('reads %s back', (_, value, hex, back = value) => {
    expect(read(bytes(hex))).toEqual(back);
  });

  it.each(decoded)('reads %s', (_, hex, value) => {
    expect(read(bytes(hex))).toEqual(value);
  });

  it('reads long and ulong as bigint when asked to, and nothing else', () => {
    const list = bytes('c0 22 07 5505 81 ffffffffffffffff 44 5307 80 0000000000000009 43 83 0000000000000001');
    expect(read(list, { integers: 'bigint' })).toEqual([5n, -1n, 0n, 7n, 9n, 0, new Date(1)]);
    expect(read(list, { integers: 'number' })).toEqual([5, -1, 0, 7, 9, 0, new Date(1)]);
  });

  it('reads from the middle of a buffer and does not look beyond the value', () => {
    expect(read(bytes('5507'))).toBe(7);
    const buffer = Buffer.concat([bytes('ffff'), bytes('a103616263'), bytes('ff')]);
    expect(readValue(buffer, 2, 7)).toBe('abc');
    expect(readValue(buffer, 2)).toBe('abc');
  });

  it('returns bytes as a view, not as a copy', () => {
    const buffer = bytes('a0020102');
    const view = read(buffer) as Buffer; // the code is that of binary
    buffer[2] = 9;
    expect(view[0]).toBe(9);
  });

  it('distinguishes typed values by their types', () => {
    expect(read(bytes(`98 ${ID_HEX}`))).toBeInstanceOf(Typed);
    expect(read(bytes('00 5301 40'))).toBeInstanceOf(Described);
  });
});

describe('a map with the key __proto__', () => {
  const hostile = bytes('c1 19 02 a1095f5f70726f746f5f5f c1 0b 02 a107697341646d696e 41');

  it('is read as data and changes no prototype', () => {
    const map = read(hostile) as Record<string, AmqpValue>; // the code is that of a map with text keys
    expect(Object.getPrototypeOf(map)).toBeNull();
    expect(Object.keys(map)).toEqual(['__proto__']);
    expect(Object.hasOwn(map, '__proto__')).toBe(true);
    expect(map['isAdmin']).toBeUndefined();
    expect(({} as Record<string, unknown>)['isAdmin']).toBeUndefined();
  });

  it('is written again as it was read', () => {
    expect(valueBytes(read(hostile))).toEqual(hostile);
  });

  it('stays data when another key turns the map into a Map', () => {
    const map = read(bytes('c1 11 04 a1095f5f70726f746f5f5f 5501 43 5502')) as Map<AmqpValue, AmqpValue>; // 0 is no text
    expect([...map]).toEqual([
      ['__proto__', 1],
      [0, 2],
    ]);
  });

  it('is written from an object that has it as an own property', () => {
    const object = JSON.parse('{"__proto__": 1}') as AmqpValue;
    expect(valueBytes(object).toString('hex')).toBe('c10e02a1095f5f70726f746f5f5f5501');
  });
});
