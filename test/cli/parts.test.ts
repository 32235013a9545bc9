import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { bodyText } from '../../src/cli/message-json.js';
import { Latencies } from '../../src/cli/latencies.js';
import { linesOf } from '../../src/cli/lines.js';
import { Pace } from '../../src/cli/pace.js';
import { Template } from '../../src/cli/template.js';
import { DataBody } from '../../src/message/body.js';

describe('a template', () => {
  it('fills in numbers, times and random values, and takes doubled braces for themselves', () => {
    expect(new Template('a {n}, {{n}} }}{{').fill(7)).toBe('a 7, {n} }{');
    expect(new Template('{now}').fill(1)).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
    expect(new Template('{time} {random}').fill(1)).toMatch(/^\d{13} \d{1,6}$/);
    const uuids = new Template('{uuid}');
    expect(uuids.fill(1)).not.toBe(uuids.fill(2));
  });
});

describe('the lines of a stream', () => {
  it('are the same wherever the stream is cut', async () => {
    const text = Buffer.from('ä\n\nlonger line\r\nlast');
    for (let size = 1; size <= text.length; size++) {
      const pieces: Buffer[] = [];
      for (let at = 0; at < text.length; at += size) pieces.push(text.subarray(at, at + size));
      const lines: [string, number, number][] = [];
      const stream = Readable.from(pieces, { objectMode: true });
      for await (const { text: line, number, position } of linesOf(stream, 'x')) lines.push([line, number, position]);
      expect(lines).toEqual([
        ['ä', 1, 3],
        ['', 2, 4],
        ['longer line', 3, 17],
        ['last', 4, 21],
      ]);
    }
  });

  it('are not longer than a message may be', async () => {
    const chunk = Buffer.alloc(16 << 20, 'x');
    const lines = linesOf(Readable.from([chunk, chunk, chunk, chunk, chunk]), 'x');
    await expect(lines.next()).rejects.toThrow('x, line 1, has more than 67108864 bytes.');
  });
});

describe('latencies', () => {
  it('have percentiles within two hundredths', () => {
    const latencies = new Latencies();
    expect(latencies.percentile(0.5)).toBe(0);
    for (let latency = 1; latency <= 1000; latency++) latencies.add(latency);
    for (const share of [0.01, 0.5, 0.9, 0.999]) {
      expect(latencies.percentile(share) / (share * 1000)).toBeGreaterThan(0.999);
      expect(latencies.percentile(share) / (share * 1000)).toBeLessThan(1.02);
    }
    expect(latencies.percentile(1)).toBe(1000);
    latencies.add(0);
    expect(latencies.percentile(0)).toBe(0.001);
  });
});

describe('a pace', () => {
  it('waits between turns, and not without a rate', async () => {
    const { signal } = new AbortController();
    const pace = new Pace(100);
    const begin = performance.now();
    for (let turn = 0; turn < 6; turn++) await pace.turn(signal);
    // Five intervals of 10 ms; timers may be early by one.
    expect(performance.now() - begin).toBeGreaterThan(45);
    await new Pace(undefined).turn(AbortSignal.abort());
    const slow = new Pace(0.001);
    await slow.turn(signal);
    await expect(slow.turn(AbortSignal.abort())).rejects.toThrow();
  });
});

describe('the text of a body', () => {
  it('is what it holds', () => {
    expect(bodyText('x')).toBe('x');
    expect(bodyText(undefined)).toBe('');
    expect(bodyText(null)).toBe('');
    expect(bodyText({ a: 5n })).toBe('{"a":"5"}');
    expect(bodyText(new Uint8Array([97]))).toEqual(Buffer.from('a'));
    expect(bodyText(new DataBody([Buffer.from('a'), Buffer.from('b')]))).toEqual(Buffer.from('ab'));
  });
});
