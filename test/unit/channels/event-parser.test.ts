import fc from '../../support/property.js';
import { describe, expect, it } from 'vitest';
import { EventParser } from '../../../src/channels/event-parser.js';
import type { ServerSentEvent } from '../../../src/channels/event-parser.js';
import { InvalidMessageFormatError } from '../../../src/errors.js';

function parse(text: string): ServerSentEvent[] {
  return new EventParser().push(Buffer.from(text));
}

function parseInPieces(bytes: Buffer, cuts: readonly number[]): { events: ServerSentEvent[]; parser: EventParser } {
  const parser = new EventParser();
  const ends = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((left, right) => left - right);
  const events = [...ends, bytes.length].flatMap((end, index) =>
    parser.push(bytes.subarray(ends[index - 1] ?? 0, end)),
  );
  return { events, parser };
}

describe('The parser', () => {
  it.each<[string, string, Partial<ServerSentEvent>[]]>([
    ['lines of data joined by LF', 'data: a\ndata: b\n\n', [{ type: 'message', data: 'a\nb' }]],
    ['one leading space taken off', 'data:a\ndata:  b\n\n', [{ data: 'a\n b' }]],
    ['empty data as an event', 'data\n\ndata:\n\n', [{ data: '' }, { data: '' }]],
    ['no event without data, whose name is forgotten', 'event: x\n\ndata: a\n\n', [{ type: 'message', data: 'a' }]],
    ['an id that stays', 'id: 1\ndata: a\n\ndata: b\n\n', [{ lastEventId: '1' }, { lastEventId: '1' }]],
    ['an empty id that resets', 'id: 1\ndata: a\n\nid\ndata: b\n\n', [{ lastEventId: '1' }, { lastEventId: '' }]],
    ['an id with NUL ignored', 'id: 1\n\nid: 2\0\ndata: a\n\n', [{ lastEventId: '1' }]],
    ['comments and unknown fields ignored', ': hi\nfoo: bar\nData: x\n data: y\ndata: a\n\n', [{ data: 'a' }]],
    ['a byte order mark, once', '\uFEFFdata: a\n\n\uFEFFdata: b\n\ndata: c\n\n', [{ data: 'a' }, { data: 'c' }]],
    ['CR, LF and CRLF', 'data: a\rdata: b\r\ndata: c\n\r\n', [{ data: 'a\nb\nc' }]],
    ['what is not finished left out', 'data: a\n\ndata: b\n', [{ data: 'a' }]],
  ])('reads %s', (_, text, expected) => {
    expect(parse(text)).toMatchObject(expected);
    expect(parse(text)).toHaveLength(expected.length);
  });

  it('reads an id of a block without data', () => {
    const parser = new EventParser();
    expect(parser.push(Buffer.from('retry: 10\nid: 7\n\n'))).toEqual([]);
    expect(parser.lastEventId).toBe('7');
  });

  it.each([
    ['10', 10],
    ['1e3', undefined],
    ['-1', undefined],
    ['', undefined],
    ['１', undefined],
  ])('reads retry %j as %s', (text, expected) => {
    const parser = new EventParser();
    parser.push(Buffer.from(`retry: ${text}\n`));
    expect(parser.retry).toBe(expected);
  });

  it('gives the same events however the bytes are cut', () => {
    const line = fc.constantFrom(
      'data: é😀',
      'data',
      'id: 1',
      'id: ü',
      'event: x',
      ': c',
      'retry: 5',
      '',
      '',
      '\uFEFF',
    );
    const lineEnd = fc.constantFrom('\r', '\n', '\r\n');
    const stream = fc.array(fc.tuple(line, lineEnd)).map((lines) => Buffer.from(lines.flat().join('')));
    fc.assert(
      fc.property(stream, fc.array(fc.nat()), (bytes, cuts) => {
        const whole = new EventParser();
        const events = whole.push(bytes);
        const { events: pieces, parser } = parseInPieces(bytes, cuts);
        expect(pieces).toEqual(events);
        expect([parser.lastEventId, parser.retry]).toEqual([whole.lastEventId, whole.retry]);
      }),
      { numRuns: 1000 },
    );
  });

  it('survives any bytes, cut anywhere', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.array(fc.nat()), (bytes, cuts) => {
        const { events } = parseInPieces(Buffer.from(bytes), cuts);
        expect(events).toEqual(new EventParser().push(bytes));
      }),
      { numRuns: 1000 },
    );
  });

  it.each([
    ['a line', 'data: 0123456789'],
    ['a comment', ': 0123456789012'],
    ['many lines', 'data: 1\ndata: 2\ndata: 3\ndata: 4\ndata: 5\ndata: 6\ndata: 7\n'],
    ['a name and data', 'event: 12345678\ndata: 12345678\n'],
    ['an id and data', 'id: 12345678\ndata: 12345678\n'],
  ])('refuses what is too large: %s', (_, text) => {
    for (const bytes of [[Buffer.from(text)], Array.from(Buffer.from(text), (byte) => Buffer.from([byte]))]) {
      const parser = new EventParser({ maxEventSize: 12 });
      expect(() => bytes.forEach((piece) => parser.push(piece))).toThrow(InvalidMessageFormatError);
    }
  });

  it('takes a long line byte by byte in linear time', () => {
    const parser = new EventParser();
    for (let index = 0; index < 200_000; index++) parser.push(Buffer.from('x'));
    expect(parser.push(Buffer.from('\ndata: a\n\n'))).toHaveLength(1);
  });
});
