import { describe, expect, it } from 'vitest';
import { readValue } from '../../../src/codec/read.js';
import { DecodeError } from '../../../src/errors.js';
import { described, int, long, uuid } from '../../../src/message/typed.js';
import type { AmqpValue } from '../../../src/message/typed.js';
import { bytes, messageBytes, read, received, valueBytes } from './support.js';

/** A map8 of keys with null for value. */
function map(...keys: string[]): Buffer {
  const entries = keys.map((key) => `${key} 40`).join('');
  const size = bytes(entries).length + 1;
  return bytes(
    `c1 ${size.toString(16).padStart(2, '0')} ${(keys.length * 2).toString(16).padStart(2, '0')} ${entries}`,
  );
}

const UUID = `98 ${'07'.repeat(16)}`;

describe('a key that a map has twice', () => {
  it.each([
    ['a text', map('a10161', 'a10162', 'a10161')],
    ['an empty text', map('a100', 'a100')],
    ['a text in two encodings', map('a10161', 'b100000001 61')],
    ['a text and the symbol of the same letters', map('a10161', 'a30161')],
    ['a text of more bytes than are remembered', map(`a128${'61'.repeat(40)}`, 'a10161', `a128${'61'.repeat(40)}`)],
    [
      '__proto__',
      map(`a109${Buffer.from('__proto__').toString('hex')}`, `a109${Buffer.from('__proto__').toString('hex')}`),
    ],
    ['a number', map('5401', '5401')],
    ['a number in two encodings', map('5401', '7100000001')],
    ['null', map('40', '40')],
    ['a text behind a key of another type', map('a10161', '5401', 'a10161')],
    ['a uuid', map(UUID, '5401', UUID)],
    ['bytes', map('a00101', 'a00101')],
    ['a date', map('830000000000000001', '830000000000000001')],
    ['a list', map('c0030154 01', 'c0030154 01')],
  ])('is an error: %s', (_, buffer) => {
    expect(() => readValue(buffer, 0)).toThrow(DecodeError);
    expect(() => readValue(buffer, 0)).toThrow(/A map has a key twice \(byte \d+\)/);
  });

  it('is found among a hundred, wherever it stands', () => {
    const keys = Array.from({ length: 100 }, (_, index) => `a102${(0x6000 + index).toString(16)}`);
    expect(Object.keys(readValue(map(...keys.slice(0, 50)), 0) as object)).toHaveLength(50);
    for (let index = 0; index < 49; index++) {
      expect(() => readValue(map(...keys.slice(0, 49), keys[index]!), 0)).toThrow(/a key twice/);
    }
  });

  it('is an error in a section too, as text and as the ulong of the same digits', () => {
    const section = (code: string, value: Buffer): Buffer => Buffer.concat([bytes(`0053${code}`), value]);
    expect(() => received(section('74', map('a10161', 'a10161'))).properties).toThrow(/a key twice/);
    expect(() => received(section('72', map('a30131', '5301'))).annotations).toThrow(/a key twice/);
    expect(received(section('72', map('a30131', '5302'))).annotations).toEqual({ 1: null, 2: null });
  });

  it.each([
    [
      'uuids',
      new Map([
        [uuid('0f8fad5b-d9cb-469f-a165-70867728950e'), 1],
        [uuid('0F8FAD5B-d9cb-469f-a165-70867728950e'), 2],
      ]),
    ],
    [
      'a number and a bigint',
      new Map<number | bigint, number>([
        [7, 1],
        [7n, 2],
      ]),
    ],
    [
      'a number and a long',
      new Map<unknown, number>([
        [7, 1],
        [long(7), 2],
      ]),
    ],
    [
      'dates',
      new Map([
        [new Date(5), 1],
        [new Date(5), 2],
      ]),
    ],
  ])('is not sent: %s', (_, value) => {
    expect(() => messageBytes({ body: value as Map<string, number> })).toThrow(
      /^body\.get\(.*\): a map has no key twice\.$/,
    );
  });

  it('is sent when the two are of different types', () => {
    const value = new Map<AmqpValue, number>([
      [int(7), 1],
      [long(7), 2],
    ]);
    expect(() => valueBytes(value)).not.toThrow();
  });
});

describe('the keys of a map', () => {
  it('keep their order in a Map, those that are digits too', () => {
    const value = new Map<unknown, number>([
      ['b', 1],
      ['1', 2],
      ['a', 3],
      [5, 4],
      ['0', 5],
    ]);
    const back = read(valueBytes(value as Map<string, number>));
    expect([...(back as Map<unknown, number>)]).toEqual([...value]);
  });

  it('keep their values when a nested value comes before the first key that is not text', () => {
    const value = new Map<unknown, unknown>([
      ['a', { x: [1, described(2, 'y')] }],
      [true, 1],
    ]);
    expect(read(valueBytes(value as Map<string, number>))).toEqual(value);
  });
});
