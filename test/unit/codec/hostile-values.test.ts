import { ReceivedMessage } from '../../../src/codec/received-message.js';
import { describe, expect, it } from 'vitest';
import { MAX_DEPTH, MAX_ZERO_WIDTH_ELEMENTS, MAX_ZERO_WIDTH_TOTAL } from '../../../src/codec/limits.js';
import { readValue, scanValue, skipValue } from '../../../src/codec/read.js';
import { DecodeError } from '../../../src/errors.js';
import { Dice, bytes } from './support.js';

const uint = (value: number): string => value.toString(16).padStart(8, '0');

/** A list32, map32 or array32 around bytes, with the right size. */
const wide = (code: string, count: number, inner: string): string => {
  const digits = inner.replaceAll(' ', '');
  return `${code}${uint(4 + digits.length / 2)}${uint(count)}${digits}`;
};

const nested = (depth: number): string => {
  let hex = '40';
  for (let level = 0; level < depth; level++) hex = wide('d0', 1, hex);
  return hex;
};

/** What both the reader and the scan refuse. */
const malformed: [title: string, hex: string, message: RegExp][] = [
  ['no bytes', '', /should begin \(byte 0\)/],
  ['a format code that is none', '46', /0x46 is not a format code/],
  ['a format code without a category', '10', /0x10 is not a format code/],
  ['a format code of no type in a category', 'a2 00', /0xa2 is not a format code/],
  ['a descriptor without a value', '00 5301', /should begin \(byte 3\)/],
  ['a constructor of nothing but descriptors', '00'.repeat(1000), new RegExp(`deeper than ${MAX_DEPTH} levels`)],
  ['half a ushort', '60 01', /\(byte 1\)/],
  ['half a uint', '70 000000', /\(byte 1\)/],
  ['half a ulong', '80 00000000', /\(byte 1\)/],
  ['half a uuid', `98 ${'00'.repeat(15)}`, /\(byte 1\)/],
  ['a string without a size', 'a1', /\(byte 1\)/],
  ['a string longer than its bytes', 'a1 05 61', /\(byte/],
  ['a binary of 2 GiB with nothing behind it', 'b0 80000000', /\(byte/],
  ['a binary of 4 GiB with nothing behind it', 'b0 ffffffff', /\(byte/],
  ['a size of two bytes where four belong', 'b0 0000', /\(byte/],

  ['a list longer than its bytes', 'c0 05 01 40', /\(byte/],
  ['a list longer than its elements', 'c0 03 01 40 40', /longer than its elements/],
  ['a list with more elements than bytes', 'c0 02 02 40', /fewer bytes than elements/],
  ['a list with four thousand million elements', 'd0 00000004 ffffffff', /fewer bytes than elements/],
  ['a list whose last element overruns it', 'c0 04 02 40 6000 00', /\(byte/],
  ['a list without a count', 'c0 00', /\(byte/],
  ['a list32 without a count', 'd0 00000003 000000', /\(byte/],
  ['a list32 in a list that it overruns', 'c0 0a 01 d0 00000010 00000001 4040404040404040', /\(byte/],
  ['a map with a key without a value', 'c1 02 01 40', /a key without a value/],
  ['a map longer than its elements', 'c1 04 02 4040 40', /longer than its elements/],

  ['an array without a constructor', 'e0 01 00', /\(byte/],
  ['an array without a count', 'e0 00', /\(byte/],
  ['an array of an unknown type', 'e0 02 00 46', /\(byte/],
  ['an array with a descriptor and no constructor', 'e0 04 00 00 5301', /\(byte/],
  ['an array with two descriptors', 'e0 09 01 00 5301 00 5302 50 01', /\(byte/],
  ['an array with more elements than bytes', 'e0 03 02 50 01', /\(byte/],
  ['an array with fewer elements than bytes', 'e0 05 01 50 0102', /\(byte/],
  ['an array of strings that overruns its size', 'e0 04 01 a1 0561', /\(byte/],
  ['an array of lists that overrun one another', 'e0 06 02 c0 0501 4040', /\(byte/],
  ['an array of four thousand million strings', 'f0 00000005 ffffffff a1', /\(byte/],
  ['an array of four thousand million uints', 'f0 00000005 ffffffff 70', /\(byte/],
];
for (const code of ['40', '41', '42', '43', '44', '45']) {
  malformed.push(
    [`an array of four thousand million ${code}`, `f0 00000005 ffffffff ${code}`, /of no bytes/],
    [`an array of five million ${code}`, `f0 00000005 ${uint(5e6)} ${code}`, /of no bytes, and 1024 are allowed/],
    [
      `an array of ${code} one above the limit`,
      `f0 00000005 ${uint(MAX_ZERO_WIDTH_ELEMENTS + 1)} ${code}`,
      /of no bytes/,
    ],
  );
}

/** What has the right structure and is wrong in a scalar: only the reader looks so far. */
const wrongScalars: [title: string, hex: string, message: RegExp][] = [
  ['a boolean of 2', '56 02', /A boolean is neither 0 nor 1 \(byte 1\)/],
  ['a char beyond Unicode', '73 00110000', /A char is not a Unicode character \(byte 1\)/],
  ['a char that is a surrogate', '73 0000d800', /A char is not a Unicode character/],
  ['a string that is not UTF-8', 'a1 01 ff', /Text is not UTF-8 \(byte 2\)/],
  ['a string that ends inside a character', 'a1 02 61c3', /Text is not UTF-8/],
  ['a long string that is not UTF-8', `a1 20 ${'61'.repeat(31)} 80`, /Text is not UTF-8/],
  ['a string that encodes a surrogate', 'a1 03 eda080', /Text is not UTF-8/],
  ['a map key that is not UTF-8', 'c1 06 02 a102 c328 40', /Text is not UTF-8/],
];

describe('bytes that are not a value', () => {
  it.each(malformed)('refuses to read %s', (_, hex, message) => {
    const buffer = bytes(hex);
    expect(() => readValue(buffer, 0, buffer.length)).toThrow(DecodeError);
    expect(() => readValue(buffer, 0, buffer.length)).toThrow(
      message.source.includes('byte') ? /\(byte \d+\)\.$/ : message,
    );
  });

  it.each(malformed)('refuses to pass %s in a scan', (_, hex, message) => {
    const buffer = bytes(hex);
    expect(() => scanValue(buffer, 0, buffer.length)).toThrow(DecodeError);
    expect(() => scanValue(buffer, 0, buffer.length)).toThrow(
      message.source.includes('byte') ? /\(byte \d+\)\.$/ : message,
    );
  });

  it.each(wrongScalars)('refuses to read %s', (_, hex, message) => {
    const buffer = bytes(hex);
    expect(() => readValue(buffer, 0, buffer.length)).toThrow(DecodeError);
    expect(() => readValue(buffer, 0, buffer.length)).toThrow(message);
    expect(scanValue(buffer, 0, buffer.length)).toBe(buffer.length);
  });

  it('reads no byte beyond the given end', () => {
    const buffer = bytes('a103616263 5507');
    for (const read of [readValue, scanValue, skipValue]) {
      expect(() => read(buffer, 0, 4)).toThrow(DecodeError);
      expect(() => read(buffer, 5, 6)).toThrow(DecodeError);
      expect(() => read(buffer, 7, 7)).toThrow(DecodeError);
      expect(() => read(buffer, 5, 7)).not.toThrow();
    }
  });

  it('refuses every value that is cut short', () => {
    const whole = bytes(
      wide(
        'd0',
        5,
        `${wide('d1', 2, 'a10161 b0 00000002 0102')} 00 a30164 81 0000000000000001 e0 06 02 a1 0161 0162 98${'00'.repeat(16)} 73 00000061`,
      ),
    );
    expect(scanValue(whole, 0, whole.length)).toBe(whole.length);
    for (let end = 0; end < whole.length; end++) {
      for (const read of [readValue, scanValue, skipValue]) expect(() => read(whole, 0, end)).toThrow(DecodeError);
    }
  });
});

describe('the limits', () => {
  it('allow exactly as many levels as they say', () => {
    const deep = bytes(nested(MAX_DEPTH));
    const deeper = bytes(nested(MAX_DEPTH + 1));
    expect(scanValue(deep, 0, deep.length)).toBe(deep.length);
    expect(() => readValue(deep, 0)).not.toThrow();
    for (const read of [readValue, scanValue]) {
      expect(() => read(deeper, 0, deeper.length)).toThrow(`Values nest deeper than ${MAX_DEPTH} levels`);
    }
    expect(skipValue(deeper, 0, deeper.length)).toBe(deeper.length);
  });

  it('refuse lists that nest 20,000 levels deep', () => {
    const buffer = Buffer.alloc(180_000);
    for (let level = 0; level < 20_000; level++) {
      buffer[level * 9] = 0xd0;
      buffer.writeUInt32BE(180_000 - level * 9 - 5, level * 9 + 1);
      buffer.writeUInt32BE(1, level * 9 + 5);
    }
    for (const read of [readValue, scanValue]) expect(() => read(buffer, 0, buffer.length)).toThrow(/deeper than 32/);
  });

  it('allow as many elements without bytes as they say', () => {
    const most = bytes(`f0 00000005 ${uint(MAX_ZERO_WIDTH_ELEMENTS)} 40`);
    expect(readValue(most, 0)).toHaveLength(MAX_ZERO_WIDTH_ELEMENTS);
    expect(scanValue(most, 0, most.length)).toBe(most.length);
  });

  it('count such elements over all arrays of a value', () => {
    const array = `f0 00000005 ${uint(MAX_ZERO_WIDTH_ELEMENTS)} 40`.replaceAll(' ', '');
    const most = MAX_ZERO_WIDTH_TOTAL / MAX_ZERO_WIDTH_ELEMENTS;
    const allowed = bytes(wide('d0', most, array.repeat(most)));
    const refused = bytes(wide('d0', most + 1, array.repeat(most + 1)));
    // Outside a body a value may not become so many, whatever they take.
    const readBody = (value: Buffer): unknown => {
      const message = Buffer.concat([bytes('00 53 77'), value]);
      return new ReceivedMessage(message, 0, message.length).body;
    };
    expect(readBody(allowed)).toHaveLength(most);
    expect(scanValue(allowed, 0, allowed.length)).toBe(allowed.length);
    for (const read of [readBody, (value: Buffer) => scanValue(value, 0, value.length)]) {
      expect(() => read(refused)).toThrow(/more than 65536 elements of no bytes together/);
    }
    expect(() => readBody(allowed)).not.toThrow(); // each value has the whole allowance
  });

  it('let skipValue skip a long row of descriptors without recursion', () => {
    const buffer = Buffer.concat([Buffer.alloc(500_000, 0x00), Buffer.alloc(500_001, 0x40)]);
    expect(skipValue(buffer, 0, buffer.length)).toBe(buffer.length);
    expect(() => skipValue(buffer, 0, 600_000)).toThrow(DecodeError);
  });
});

describe('reader and scan', { timeout: 60_000 }, () => {
  it('agree on random bytes, except for errors inside scalars', () => {
    const dice = new Dice(11);
    const codes = [
      0x00, 0x40, 0x41, 0x45, 0x50, 0x56, 0x60, 0x70, 0x80, 0xa0, 0xa1, 0xb0, 0xc0, 0xc1, 0xd0, 0xd1, 0xe0, 0xf0,
    ];
    let passed = 0;
    for (let round = 0; round < 60_000; round++) {
      const buffer = dice.bytes(24);
      for (let index = 0; index < buffer.length; index++) {
        buffer[index] = dice.once(2) ? dice.pick(codes) : dice.below(6);
      }
      const scanned = attempt(() => scanValue(buffer, 0, buffer.length));
      const value = attempt(() => readValue(buffer, 0, buffer.length));
      if (scanned instanceof DecodeError) expect(value).toBeInstanceOf(DecodeError);
      else if (value instanceof DecodeError) expect(value.message).toMatch(/boolean|char|UTF-8/);
      else passed++;
      if (typeof scanned === 'number') expect(skipValue(buffer, 0, buffer.length)).toBe(scanned);
    }
    expect(passed).toBeGreaterThan(3_000);
  });
});

function attempt<Result>(run: () => Result): Result | DecodeError {
  try {
    return run();
  } catch (thrown) {
    if (thrown instanceof DecodeError) return thrown;
    throw thrown;
  }
}
