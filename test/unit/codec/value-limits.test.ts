import { describe, expect, it } from 'vitest';
import {
  MAP_WEIGHT,
  MAX_BODY_VALUES,
  MAX_PERFORMATIVE_ELEMENTS,
  MAX_VALUES,
  OBJECT_WEIGHT,
} from '../../../src/codec/limits.js';
import { readValue, scanPerformative, scanValue } from '../../../src/codec/read.js';
import { SectionCursor } from '../../../src/codec/section-cursor.js';
import { DATA, PROPERTIES } from '../../../src/codec/sections.js';
import { DecodeError } from '../../../src/errors.js';
import { bytes, received } from './support.js';

const TOO_MANY = /more values than may be read at once/;

/** A list32 or map32 of `count` times the same element. */
function wide(code: number, count: number, element: string): Buffer {
  const one = bytes(element);
  const value = Buffer.concat([Buffer.alloc(9), Buffer.alloc(count * one.length, one)]);
  value[0] = code;
  value.writeUInt32BE(value.length - 5, 1);
  value.writeUInt32BE(code === 0xd1 ? count * 2 : count, 5);
  return value;
}

const uint16 = (value: number): string => value.toString(16).padStart(4, '0');

const section = (code: number, value: Buffer): Buffer => Buffer.concat([Buffer.from([0, 0x53, code]), value]);

/** Values that take far more memory than bytes, and how many values each counts as an element of a list. */
const COSTLY: [title: string, hex: string, weight: number][] = [
  ['nulls', '40', 1],
  ['empty lists', '45', 1 + OBJECT_WEIGHT],
  ['lists of one', 'c0 02 01 40', 2 + OBJECT_WEIGHT],
  ['empty maps', 'c1 01 00', 1 + MAP_WEIGHT],
  ['maps of one', 'c1 04 02 a100 40', 3 + MAP_WEIGHT],
  ['maps whose key is no text', 'c1 03 02 40 40', 3 + MAP_WEIGHT],
  ['described values', '00 40 40', 3 + OBJECT_WEIGHT],
  ['arrays', 'e0 02 00 40', 1 + OBJECT_WEIGHT],
  ['arrays of described values', 'e0 07 02 00 5301 50 0102', 1 + OBJECT_WEIGHT + 2 * (1 + OBJECT_WEIGHT)],
  ['bytes', 'a0 00', 1 + OBJECT_WEIGHT],
  ['dates', '83 0000000000000001', 1 + OBJECT_WEIGHT],
  ['uuids', `98 ${'00'.repeat(16)}`, 1 + OBJECT_WEIGHT],
  ['decimals', '74 00000000', 1 + OBJECT_WEIGHT],
];

describe('a value', () => {
  it.each(COSTLY)('may hold as many %s as its limit allows, and not one more', (_, element, weight) => {
    const most = Math.floor((MAX_VALUES - OBJECT_WEIGHT) / weight);
    expect(readValue(wide(0xd0, most, element), 0)).toHaveLength(most);
    const refused = wide(0xd0, most + 1, element);
    expect(() => readValue(refused, 0)).toThrow(DecodeError);
    expect(() => readValue(refused, 0)).toThrow(TOO_MANY);
    expect(() => readValue(wide(0xd0, most, element), 0)).not.toThrow(); // each has the whole allowance
  });
});

describe('a message', () => {
  it('may have a body of two million values, and no more', () => {
    const most = MAX_BODY_VALUES - OBJECT_WEIGHT;
    expect(received(section(0x77, wide(0xd0, most, '40'))).body).toHaveLength(most);
    const message = received(section(0x77, wide(0xd0, most + 1, '40')));
    expect(() => message.body).toThrow(TOO_MANY);
    expect(message.bodyType).toBe('value');
  });

  it.each([
    ['data sections', '005375 a000', OBJECT_WEIGHT],
    ['sequence sections', '005376 45', OBJECT_WEIGHT],
  ])('counts its %s together', (_, hex, weight) => {
    const one = bytes(hex);
    const most = Math.floor(MAX_BODY_VALUES / weight);
    expect(received(Buffer.alloc(most * one.length, one)).body).toHaveProperty('sections.length', most);
    expect(() => received(Buffer.alloc((most + 1) * one.length, one)).body).toThrow(TOO_MANY);
  });

  it.each([
    [0x71, 'deliveryAnnotations'],
    [0x72, 'annotations'],
    [0x74, 'properties'],
    [0x78, 'footer'],
  ] as const)('may have fewer values in its section 0x%i', (code, name) => {
    const entry = (index: number): Buffer => bytes(`a104 ${Buffer.from(uint16(index)).toString('hex')} 40`);
    const map = wide(0xd1, MAX_VALUES / 2, 'a104 00000000 40');
    for (let index = 0; index < MAX_VALUES / 2; index++) entry(index).copy(map, 9 + index * 7);
    const message = received(section(code, map));
    expect(() => message[name]).toThrow(TOO_MANY);
  });

  it('is not searched beyond the position where a section belongs', () => {
    const message = Buffer.alloc(500_000, bytes('005375 a000'));
    const cursor = new SectionCursor();
    cursor.open(message, 0, message.length);
    expect(cursor.seek(PROPERTIES)).toBe(false);
    expect([cursor.code, cursor.start]).toEqual([DATA, 0]);
  });
});

describe('a performative', () => {
  const elements = (count: number, element: string): Buffer => section(0x10, wide(0xd0, count, element));

  it.each([
    ['nulls', '40', 1],
    ['maps', 'c1 03 02 40 40', 3],
    ['described values', '00 40 40', 2],
    ['arrays', 'e0 04 02 50 0102', 3],
    ['arrays of elements without bytes', 'e0 02 07 40', 8],
    ['arrays of text', 'e0 06 02 a1 0161 0161', 3],
  ])('may hold as many %s as its limit allows, and not one more', (_, element, weight) => {
    const most = Math.floor((MAX_PERFORMATIVE_ELEMENTS - 1) / weight);
    const allowed = elements(most, element);
    expect(scanPerformative(allowed, 0, allowed.length)).toBe(allowed.length);
    const refused = elements(most + 1, element);
    expect(() => scanPerformative(refused, 0, refused.length)).toThrow(DecodeError);
    expect(() => scanPerformative(refused, 0, refused.length)).toThrow(/more than 4096 elements/);
    expect(scanPerformative(allowed, 0, allowed.length)).toBe(allowed.length); // each has the whole allowance
    expect(scanValue(refused, 0, refused.length)).toBe(refused.length);
  });
});
