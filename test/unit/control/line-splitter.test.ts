import fc from '../../support/property.js';
import { describe, expect, it } from 'vitest';
import { LineSplitter } from '../../../src/control/line-splitter.js';
import { ProtocolError } from '../../../src/errors.js';

/** Bytes cut into pieces. */
function cut(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const places = [0, ...cuts.map((place) => place % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  return places.slice(1).map((end, index) => bytes.subarray(places[index], end));
}

describe('a line splitter', () => {
  it('gives the same lines however the bytes are cut', () => {
    const lines = fc.array(fc.string({ unit: 'binary', minLength: 1 }).map((line) => line.replace(/[\r\n]/g, 'x')));
    fc.assert(
      fc.property(lines, fc.constantFrom('\n', '\r\n', '\n\n'), fc.array(fc.nat()), (expected, end, cuts) => {
        const splitter = new LineSplitter(1000);
        const bytes = Buffer.from(expected.map((line) => line + end).join(''));
        const found = cut(bytes, cuts).flatMap((piece) => [...splitter.push(piece)]);
        expect(found.map(String)).toEqual(expected.map((line) => Buffer.from(line).toString()));
        expect(splitter.rest()).toHaveLength(0);
      }),
    );
  });

  it('takes a line of exactly the limit and none of more, however it is cut', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 50 }),
        fc.constantFrom('\n', '\r\n'),
        fc.array(fc.nat()),
        (max, end, cuts) => {
          const read = (length: number) => {
            const splitter = new LineSplitter(max);
            return cut(Buffer.from('x'.repeat(length) + end), cuts).flatMap((piece) => [...splitter.push(piece)]);
          };
          expect(read(max)).toHaveLength(1);
          expect(() => read(max + 1)).toThrow(ProtocolError);
        },
      ),
    );
  });

  it('keeps no more of a line without end than the limit', () => {
    const splitter = new LineSplitter(100);
    const feed = (): void => {
      for (let count = 0; count < 200; count++) {
        Array.from(splitter.push(Buffer.from('x')));
        expect(splitter.pending).toBeLessThanOrEqual(101);
      }
    };
    expect(feed).toThrow(ProtocolError);
  });

  it('gives out the rest that has no line end yet', () => {
    const splitter = new LineSplitter(100);
    expect(Array.from(splitter.push(Buffer.from('a\nb')), String)).toEqual(['a']);
    expect(splitter.rest().toString()).toBe('b');
    expect(splitter.pending).toBe(0);
  });
});
