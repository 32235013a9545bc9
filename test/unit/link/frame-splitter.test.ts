import fc from '../../support/property.js';
import { describe, expect, it } from 'vitest';
import { ProtocolError } from '../../../src/errors.js';
import { FrameSplitter } from '../../../src/link/wire/frame-splitter.js';
import { AMQP_HEADER, HEARTBEAT, SASL_HEADER, rawFrame, uint32 } from '../../support/wire-frames.js';

const MAX = 2000;

/** A splitter, and the frames it has handed on. */
function splitter(stopAfter = Infinity): { frames: Buffer[]; push: (chunk: Buffer) => number } {
  const frames: Buffer[] = [];
  const inner = new FrameSplitter(MAX, (buffer, start, end) => {
    frames.push(Buffer.from(buffer.subarray(start, end)));
    return frames.length < stopAfter;
  });
  return { frames, push: (chunk) => inner.push(chunk) };
}

/** The stream cut at these places. */
function cut(stream: Buffer, places: readonly number[]): Buffer[] {
  const sorted = [0, ...places.map((place) => place % (stream.length + 1)).sort((a, b) => a - b), stream.length];
  return sorted.slice(1).map((place, index) => stream.subarray(sorted[index], place));
}

const frame = fc.oneof(
  fc.constantFrom(AMQP_HEADER, SASL_HEADER, HEARTBEAT),
  fc.uint8Array({ maxLength: 60 }).map((bytes) => rawFrame(Buffer.from(bytes))),
  fc.integer({ min: 0, max: MAX - 8 }).map((size) => rawFrame(Buffer.alloc(size, 7))),
);

describe('FrameSplitter', () => {
  it('hands on the same frames however the stream is cut', () => {
    const streams = fc.array(frame, { maxLength: 12 });
    fc.assert(
      fc.property(streams, fc.array(fc.nat(), { maxLength: 40 }), (frames, places) => {
        const { frames: seen, push } = splitter();
        for (const chunk of cut(Buffer.concat(frames), places)) expect(push(chunk)).toBe(chunk.length);
        expect(seen).toEqual(frames);
      }),
    );
  });

  it('hands on the same frames when they come byte by byte', () => {
    const frames = [AMQP_HEADER, rawFrame([1]), HEARTBEAT, rawFrame(Buffer.alloc(MAX - 8)), rawFrame([2, 3])];
    const { frames: seen, push } = splitter();
    for (const byte of Buffer.concat(frames)) push(Buffer.from([byte]));
    expect(seen).toEqual(frames);
  });

  it.each([1, 2, 3, 4, 5, 7, 8])('goes on with a frame of which %i bytes had come', (size) => {
    const { frames, push } = splitter();
    const bytes = rawFrame([1, 2, 3]);
    push(Buffer.concat([HEARTBEAT, bytes.subarray(0, size)]));
    expect(frames).toEqual([HEARTBEAT]);
    push(Buffer.concat([bytes.subarray(size), HEARTBEAT]));
    expect(frames).toEqual([HEARTBEAT, bytes, HEARTBEAT]);
  });

  it('does not copy a frame that lies within one chunk', () => {
    const chunk = Buffer.concat([HEARTBEAT, rawFrame([1])]);
    const seen: [Buffer, number, number][] = [];
    const inner = new FrameSplitter(MAX, (...range) => {
      seen.push(range);
      return true;
    });
    inner.push(chunk);
    expect(seen).toEqual([
      [chunk, 0, 8],
      [chunk, 8, 17],
    ]);
    expect(seen[0]![0]).toBe(chunk);
  });

  it('uses up nothing behind the frame at which it is stopped', () => {
    const stream = Buffer.concat([HEARTBEAT, rawFrame([1]), HEARTBEAT]);
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 3 }), fc.array(fc.nat(), { maxLength: 4 }), (count, places) => {
        const { frames, push } = splitter(count);
        let used = 0;
        for (const chunk of cut(stream, places)) {
          const taken = push(chunk);
          used += taken;
          if (frames.length === count) break;
          expect(taken).toBe(chunk.length);
        }
        expect(used).toBe([8, 17, 25][count - 1]);
      }),
    );
  });

  describe.each([0, 1, 4, 7, MAX + 1, 0x1000_0000, 0xffff_ffff])('refuses a frame of %i bytes', (size) => {
    it('as soon as its size is known', () => {
      const { push } = splitter();
      expect(() => push(Buffer.concat([HEARTBEAT, uint32(size)]))).toThrow(ProtocolError);
    });

    it('whose size comes byte by byte', () => {
      const { push } = splitter();
      for (const byte of uint32(size).subarray(0, 3)) push(Buffer.from([byte]));
      expect(() => push(uint32(size).subarray(3))).toThrow(expect.objectContaining({ code: 'ERR_PROTOCOL' }) as Error);
    });
  });

  it('takes a frame of exactly the size allowed', () => {
    const { frames, push } = splitter();
    push(rawFrame(Buffer.alloc(MAX - 8)));
    expect(frames).toHaveLength(1);
  });
});
