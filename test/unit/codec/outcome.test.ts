import fc from '../../support/property.js';
import { describe, expect, it } from 'vitest';
import { checkOutcome, encodeOutcome, readOutcome } from '../../../src/codec/outcome.js';
import { writeDisposition } from '../../../src/codec/disposition.js';
import { DecodeError, EncodeError } from '../../../src/errors.js';
import type { Outcome } from '../../../src/message/outcome.js';
import { ACCEPTED, RELEASED } from '../../../src/message/outcome.js';
import { decodeFrame, encodeFrame, state } from '../../support/wire-frames.js';
import { bytes, written } from './support.js';

const read = (buffer: Buffer): Outcome | undefined => readOutcome(buffer, 0, buffer.length);
const reread = (outcome: Outcome): Outcome | undefined => read(written((output) => encodeOutcome(output, outcome)));

/** What rhea reads of an outcome in a disposition. */
function seenByRhea(outcome: Outcome): unknown {
  return decodeFrame(written((output) => writeDisposition(output, 0, true, 0, 0, true, outcome))).fields['state'];
}

const symbol = fc.string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 40 });

describe('an outcome', () => {
  it.each([ACCEPTED, RELEASED])('without fields is always the same object: %o', (outcome) => {
    expect(reread(outcome)).toBe(outcome);
    expect(seenByRhea(outcome)).toEqual({ type: outcome.type });
  });

  it('of a rejection keeps its condition and description', () => {
    fc.assert(
      fc.property(
        symbol,
        fc.option(fc.string({ unit: 'grapheme', maxLength: 300 }), { nil: undefined }),
        (condition, description) => {
          const outcome: Outcome = { type: 'rejected', error: { condition, description } };
          expect(reread(outcome)).toEqual(outcome);
          expect(seenByRhea(outcome)).toMatchObject({ type: 'rejected', error: { condition } });
        },
      ),
    );
  });

  it('of a rejection may have no reason', () => {
    expect(reread({ type: 'rejected' })).toEqual({ type: 'rejected', error: undefined });
    expect(seenByRhea({ type: 'rejected' })).toEqual({ type: 'rejected' });
  });

  it('of a modification keeps its flags and annotations', () => {
    const annotations = fc.option(
      fc.dictionary(symbol, fc.oneof(fc.string(), fc.boolean(), fc.integer()), { maxKeys: 40 }),
      {
        nil: undefined,
      },
    );
    fc.assert(
      fc.property(fc.boolean(), fc.boolean(), annotations, (deliveryFailed, undeliverableHere, given) => {
        const outcome: Outcome = { type: 'modified', deliveryFailed, undeliverableHere, annotations: given };
        const seen = reread(outcome);
        expect({ ...seen, annotations: given && Object.entries((seen as typeof outcome).annotations ?? {}) }).toEqual({
          ...outcome,
          annotations: given && Object.entries(given),
        });
        expect(seenByRhea(outcome)).toMatchObject({ type: 'modified', delivery_failed: deliveryFailed });
      }),
    );
  });

  it('is read as rhea wrote it', () => {
    const fromRhea = (name: Parameters<typeof state>[0], fields = {}): Outcome | undefined => {
      const frame = encodeFrame('disposition', {
        role: true,
        first: 0,
        last: 0,
        settled: true,
        state: state(name, fields),
      });
      return readOutcome(
        frame,
        frame.lastIndexOf(Buffer.from([0x00, 0x53, 0x23 + STATES.indexOf(name)])),
        frame.length,
      );
    };
    expect(fromRhea('accepted')).toBe(ACCEPTED);
    expect(fromRhea('released')).toBe(RELEASED);
    expect(fromRhea('rejected', { error: { condition: 'c', description: 'd' } })).toEqual({
      type: 'rejected',
      error: { condition: 'c', description: 'd' },
    });
    expect(fromRhea('modified', { delivery_failed: true })).toMatchObject({ type: 'modified', deliveryFailed: true });
    expect(fromRhea('received', { section_number: 1, section_offset: 2 })).toBeUndefined();
  });

  it.each([
    ['a long descriptor', '00 80 0000000000000024 45', 'accepted'],
    ['a list8', '00 53 24 c0 01 00', 'accepted'],
    ['a list32', '00 53 26 d0 00000004 00000000', 'released'],
    ['a symbol', `00 a3 12 ${Buffer.from('amqp:released:list').toString('hex')} 45`, 'released'],
    ['a symbol', `00 a3 12 ${Buffer.from('amqp:accepted:list').toString('hex')} 45`, 'accepted'],
    ['a symbol', `00 a3 12 ${Buffer.from('amqp:rejected:list').toString('hex')} 45`, 'rejected'],
    ['a symbol', `00 a3 12 ${Buffer.from('amqp:modified:list').toString('hex')} 45`, 'modified'],
  ])('is known by %s (%s)', (_name, hex, type) => {
    expect(read(bytes(hex))?.type).toBe(type);
  });

  it.each([
    ['how much was received', '00 53 23 c0 04 02 52 01 44'],
    ['a transactional state', '00 53 34 c0 04 01 a0 01 61'],
    ['a state of an extension', '00 a3 03 783a79 45'],
  ])('is not %s', (_name, hex) => {
    expect(read(bytes(hex))).toBeUndefined();
  });

  it('of a rejection with an invalid error is still a rejection', () => {
    expect(read(bytes('00 53 25 c0 04 01 a1 01 61'))).toEqual({ type: 'rejected', error: undefined });
    expect(read(bytes('00 53 25 c0 05 01 00 53 1d 45'))).toMatchObject({ error: { condition: 'amqp:internal-error' } });
  });

  it('cannot choose the prototype of its annotations', () => {
    const key = Buffer.from('__proto__').toString('hex');
    const hex = `00 53 27 c0 14 03 41 41 c1 0f 02 a3 09 ${key} c1 01 00`;
    const outcome = read(bytes(hex)) as Extract<Outcome, { type: 'modified' }>;
    expect(Object.getPrototypeOf(outcome.annotations)).toBeNull();
    expect(Object.keys(outcome.annotations!)).toEqual(['__proto__']);
  });

  it.each([
    ['text', 'a1 01 61'],
    ['a number', '43'],
    ['half a state', '00 53'],
    ['a list that runs out', '00 53 25 c0 20 01'],
    ['an array of nulls', 'f0 00000005 ffffffff 40'],
  ])('is refused as %s', (_name, hex) => {
    expect(() => read(bytes(hex))).toThrow(DecodeError);
  });

  it('is checked before it is written', () => {
    checkOutcome(ACCEPTED);
    checkOutcome({ type: 'rejected', error: { condition: 'amqp:not-allowed', description: 'größer' } });
    checkOutcome({ type: 'modified', annotations: { 'x-long': 'y'.repeat(5000) } });
    expect(() => checkOutcome({ type: 'rejected', error: { condition: 'größer' } })).toThrow(EncodeError);
    expect(() => checkOutcome({ type: 'modified', annotations: { ü: 1 } })).toThrow(EncodeError);
    expect(() => checkOutcome({ type: 'modified', annotations: { x: Symbol('s') as never } })).toThrow(EncodeError);
  });
});

const STATES = ['received', 'accepted', 'rejected', 'released', 'modified'] as const;
