import fc from '../../support/property.js';
import { describe, expect, it } from 'vitest';
import { RingBuffer } from '../../../src/queue/ring-buffer.js';

const operation = fc.oneof(
  { weight: 4, arbitrary: fc.constant('push' as const) },
  { weight: 2, arbitrary: fc.constant('unshift' as const) },
  { weight: 3, arbitrary: fc.constant('shift' as const) },
  { weight: 1, arbitrary: fc.constant('drain' as const) },
);

describe('RingBuffer', () => {
  it('does what an array does', () => {
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 400 }), (operations) => {
        const buffer = new RingBuffer<number>();
        const model: number[] = [];
        for (const [index, name] of operations.entries()) {
          if (name === 'push') {
            buffer.push(index);
            model.push(index);
          } else if (name === 'unshift') {
            buffer.unshift(index);
            model.unshift(index);
          } else if (name === 'shift') {
            expect(buffer.shift()).toBe(model.shift());
          } else {
            expect(buffer.drain()).toEqual(model.splice(0));
          }
          expect(buffer.size).toBe(model.length);
          expect(buffer.peek()).toBe(model[0]);
        }
        expect([...buffer]).toEqual(model);
        expect(model.map((_, index) => buffer.at(index))).toEqual(model);
      }),
    );
  });

  it('has nothing before its front or behind its end', () => {
    const buffer = new RingBuffer<string>();
    buffer.push('only');
    expect([buffer.at(-1), buffer.at(0), buffer.at(1)]).toEqual([undefined, 'only', undefined]);
    expect(new RingBuffer().shift()).toBeUndefined();
  });

  it('keeps its order while it grows, and shrinks again, over a long backlog', () => {
    const buffer = new RingBuffer<number>();
    let next = 0;
    let expected = 0;
    for (const [pushes, shifts] of [
      [100_000, 10],
      [10, 99_990],
      [50, 60],
      [5000, 5000],
    ] as const) {
      for (let index = 0; index < pushes; index++) buffer.push(next++);
      const shifted = Array.from({ length: shifts }, () => buffer.shift());
      expect(shifted.every((value) => value === expected++)).toBe(true);
    }
    expect(buffer.size).toBe(0);
  });
});
