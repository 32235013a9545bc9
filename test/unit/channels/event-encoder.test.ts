import fc from '../../support/property.js';
import { describe, expect, it } from 'vitest';
import { encodeEvent, eventIdOf } from '../../../src/channels/event-encoder.js';
import { EventParser } from '../../../src/channels/event-parser.js';
import { InvalidMessageFormatError } from '../../../src/errors.js';

/** Text with everything in it that could end a field. */
const hostile = fc.string({ unit: fc.constantFrom('\r', '\n', '\0', ':', ' ', 'a', 'é', '😀', '\u2028', '﻿') });

describe('The encoder', () => {
  it('writes id, event, data and an empty line', () => {
    expect(encodeEvent({ event: 'news', id: '7', data: '{"a":1}' }).toString()).toBe(
      'id: 7\nevent: news\ndata: {"a":1}\n\n',
    );
    expect(encodeEvent({ retry: 2000, id: '7' }).toString()).toBe('retry: 2000\nid: 7\n\n');
  });

  it('writes empty data as a line, for without one there is no event', () => {
    expect(encodeEvent({ event: 'closed', data: '' }).toString()).toBe('event: closed\ndata: \n\n');
  });

  it('begins a line at every CR, LF and CRLF in data', () => {
    expect(encodeEvent({ data: 'a\rb\nc\r\nd\n\re' }).toString()).toBe(
      'data: a\ndata: b\ndata: c\ndata: d\ndata: \ndata: e\n\n',
    );
  });

  it('lets CR, LF and NUL in event, id and data inject nothing', () => {
    fc.assert(
      fc.property(hostile, hostile, hostile, (event, id, data) => {
        const parser = new EventParser();
        const events = parser.push(encodeEvent({ event, id, data }));
        const clean = (text: string): string => text.replaceAll(/[\r\n]/g, '');
        // A browser ignores an id with NUL; a channel refuses it before it gets here.
        const seen = clean(id).includes('\0') ? '' : clean(id);
        expect(events).toEqual([
          { type: clean(event) || 'message', data: data.replaceAll(/\r\n|\r/g, '\n'), lastEventId: seen },
        ]);
      }),
      { numRuns: 1000 },
    );
  });
});

describe('An event id', () => {
  it('loses line breaks and outer spaces, which would not come back', () => {
    expect(eventIdOf(' a\r\nb\tc ')).toBe('ab\tc');
  });

  it.each([
    ['empty', '\n '],
    ['with NUL', 'a\0b'],
    ['with a control character', 'a\x1b'],
    ['too long', 'x'.repeat(1025)],
  ])('is refused when it is %s', (_, id) => expect(() => eventIdOf(id)).toThrow(InvalidMessageFormatError));
});
