import fc from '../../support/property.js';
import { describe, expect, it } from 'vitest';
import { encodeMessage } from '../../../src/codec/encode-message.js';
import { Output } from '../../../src/codec/output.js';

describe('Output', () => {
  it('leaves the headroom free in front of the record', () => {
    const output = new Output();
    output.open(33);
    expect(output.position - output.start).toBe(33);
    output.need(1);
    output.u8(7);
    expect(output.buffer[output.start + 33]).toBe(7);
  });

  it('puts records one behind the other in one slab', () => {
    const output = new Output();
    output.open(0);
    output.need(10);
    output.position += 10;
    const { buffer } = output;
    output.open(4);
    expect(output.buffer).toBe(buffer);
    expect(output.start).toBe(10);
  });

  it('takes a fresh slab when little room is left', () => {
    const output = new Output(1024);
    output.open(0);
    output.need(600);
    output.position += 600;
    const { buffer } = output;
    output.open(0);
    expect(output.buffer).not.toBe(buffer);
    expect(output.start).toBe(0);
    expect(output.buffer.length).toBe(1024);
  });

  it('has room for a large headroom', () => {
    const output = new Output(64);
    output.open(1000);
    expect(output.buffer.length).toBeGreaterThanOrEqual(output.position);
  });

  it('moves the record being written, headroom included, when it outgrows the slab', () => {
    const output = new Output(600);
    output.open(4);
    output.buffer.fill(5, output.start, output.start + 4);
    output.need(4);
    output.u32(0xdead_beef);
    output.need(1000);
    expect(output.start).toBe(0);
    expect(output.position).toBe(8);
    expect(output.buffer.subarray(0, 8).toString('hex')).toBe('05050505deadbeef');
    expect(output.buffer.length).toBe(1008);
  });

  it('takes exactly what a large body needs, and copies it once', () => {
    const output = new Output();
    const body = Buffer.alloc(5_000_000, 1);
    output.open(40);
    encodeMessage(output, { body }, undefined);
    expect(output.position - output.start).toBe(40 + 3 + 5 + body.length);
    expect(output.buffer.length).toBe(40 + 3 + 5 + body.length);
  });

  it('does not keep a slab that was made for one large record', () => {
    const output = new Output();
    output.open(0);
    output.need(1_000_000);
    output.position += 10;
    output.open(0);
    expect(output.buffer.length).toBe(65_536);
  });

  it('continues in the slab where a record began that has moved to a larger one', () => {
    const output = new Output(1024, true);
    output.open(0);
    output.position += 10;
    const { buffer, slab } = output;
    output.open(4);
    output.need(100_000);
    output.position += 100_000;
    const large = output.slab;
    large.hold();
    output.open(4);
    expect(output.buffer).toBe(buffer);
    expect(output.start).toBe(10);
    output.open(1000);
    expect(output.slab).not.toBe(slab);
    expect(output.slab).not.toBe(large);
  });

  it('returns to where an abandoned record began, however often it has moved', () => {
    for (const sizes of [[1000], [100_000], [1000, 2000, 100_000]]) {
      const output = new Output(1024, true);
      output.open(0);
      output.position += 10;
      const { buffer } = output;
      output.open(4);
      for (const size of sizes) {
        output.need(size);
        output.position += size;
      }
      output.abandon();
      expect(output.buffer).toBe(buffer);
      expect(output.position).toBe(10);
      output.abandon();
      output.open(4);
      expect(output.buffer).toBe(buffer);
      expect(output.start).toBe(10);
    }
  });

  it('forgets the record being written', () => {
    const output = new Output();
    output.open(4);
    output.need(4);
    output.u32(1);
    output.abandon();
    output.abandon();
    expect(output.position).toBe(output.start);
  });

  it('writes a part of other bytes', () => {
    const output = new Output();
    output.open(0);
    output.bytes(new Uint8Array([1, 2, 3, 4]), 1, 3);
    output.bytes(Buffer.from([9]), 0, 1);
    expect(output.buffer.subarray(output.start, output.position).toString('hex')).toBe('020309');
  });

  it('never moves or overwrites a record that has been written', () => {
    const record = fc.record({
      headroom: fc.nat(40),
      pieces: fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 8 }),
      abandoned: fc.boolean(),
    });
    /** How often a record began behind another, and how often it outgrew its slab. */
    const seen = { together: 0, outgrown: 0 };
    fc.assert(
      fc.property(fc.array(record, { maxLength: 30 }), (records) => {
        const output = new Output(700);
        const kept: { bytes: Buffer; expected: Buffer }[] = [];
        for (const { headroom, pieces, abandoned } of records) {
          output.open(headroom);
          const { buffer } = output;
          if (output.start > 0) seen.together++;
          buffer.fill(0, output.start, output.position);
          for (const piece of pieces) output.bytes(piece, 0, piece.length);
          if (output.buffer !== buffer) seen.outgrown++;
          const expected = Buffer.concat([Buffer.alloc(headroom), ...pieces]);
          if (abandoned) output.abandon();
          else kept.push({ bytes: output.buffer.subarray(output.start, output.position), expected });
          expect(kept.every(({ bytes, expected }) => bytes.equals(expected))).toBe(true);
        }
      }),
    );
    expect(seen.together).toBeGreaterThan(100);
    expect(seen.outgrown).toBeGreaterThan(100);
  });
});

describe('an output whose slabs are used again', () => {
  const record = (output: Output, bytes: Uint8Array): Buffer => {
    output.open(0);
    output.bytes(bytes, 0, bytes.length);
    return output.buffer.subarray(output.start, output.position);
  };

  it('writes into a slab that is no longer held', () => {
    const output = new Output(1024, true);
    record(output, Buffer.alloc(600));
    const { slab } = output;
    slab.hold();
    record(output, Buffer.alloc(600));
    slab.release();
    expect(output.slab).not.toBe(slab);
    record(output, Buffer.alloc(600));
    expect(output.slab).toBe(slab);
  });

  it('writes a large record into a slab that was made for one of nearly its size', () => {
    const output = new Output(1024, true);
    record(output, Buffer.alloc(5000));
    const { slab } = output;
    record(output, Buffer.alloc(600));
    expect(output.slab).not.toBe(slab);
    record(output, Buffer.alloc(4990));
    expect(output.slab).toBe(slab);
  });

  it('writes no usual record into a slab that was made for a large one', () => {
    const output = new Output(1024, true);
    for (let index = 0; index < 200; index++) {
      record(output, Buffer.alloc(index % 3 === 0 ? 1100 : 600));
      expect(output.buffer.length > 1024).toBe(index % 3 === 0);
    }
  });

  it('never writes over a record as long as its slab is held', () => {
    const step = fc.oneof(
      fc.record({ write: fc.uint8Array({ minLength: 1, maxLength: 3000 }), holds: fc.integer({ min: 1, max: 3 }) }),
      fc.record({ release: fc.nat() }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const output = new Output(1024, true);
        const kept: { bytes: Buffer; expected: Buffer; slab: Output['slab']; holds: number }[] = [];
        for (const next of steps) {
          if ('write' in next) {
            const bytes = record(output, next.write);
            const { slab } = output;
            for (let held = 0; held < next.holds; held++) slab.hold();
            kept.push({ bytes, expected: Buffer.from(bytes), slab, holds: next.holds });
          } else if (kept.length > 0) {
            const at = next.release % kept.length;
            const one = kept[at]!;
            one.slab.release();
            if (--one.holds === 0) kept.splice(at, 1);
          }
          expect(kept.every(({ bytes, expected }) => bytes.equals(expected))).toBe(true);
        }
      }),
      { numRuns: 30 },
    );
  });
});
