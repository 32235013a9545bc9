import fc from '../../support/property.js';
import { describe, expect, it } from 'vitest';
import { Disposition, RECEIVER, SENDER, writeDisposition } from '../../../src/codec/disposition.js';
import { FieldCursor } from '../../../src/codec/field-cursor.js';
import { writeFlow } from '../../../src/codec/flow.js';
import { readOutcome } from '../../../src/codec/outcome.js';
import { DecodeError } from '../../../src/errors.js';
import { ACCEPTED } from '../../../src/message/outcome.js';
import { decodeFrame, encodeFrame, state } from '../../support/wire-frames.js';
import { bytes, written } from './support.js';

const uint32 = fc.integer({ min: 0, max: 0xffff_ffff });
const uint16 = fc.integer({ min: 0, max: 0xffff });

function read(buffer: Buffer, at: number): Disposition {
  const disposition = new Disposition();
  disposition.read(new FieldCursor(), buffer, at, buffer.length);
  return disposition;
}

describe('a disposition frame', () => {
  it('is read by rhea as it was written', () => {
    const values = fc.tuple(
      uint16,
      fc.boolean(),
      uint32,
      uint32,
      fc.boolean(),
      fc.option(fc.constant(ACCEPTED), { nil: undefined }),
    );
    fc.assert(
      fc.property(values, ([channel, role, first, last, settled, outcome]) => {
        const frame = written((output) => writeDisposition(output, channel, role, first, last, settled, outcome));
        expect(frame.readUInt32BE(0)).toBe(frame.length);
        const seen = decodeFrame(frame);
        expect(seen).toMatchObject({ name: 'disposition', channel, fields: { role, first, last, settled } });
        expect(seen.fields['state']).toEqual(outcome && { type: 'accepted' });
        expect(seen.payload).toHaveLength(0);
      }),
    );
  });

  it('is read by this package as it was written', () => {
    fc.assert(
      fc.property(fc.boolean(), uint32, uint32, fc.boolean(), (role, first, last, settled) => {
        const frame = written((output) => writeDisposition(output, 0, role, first, last, settled, ACCEPTED));
        const disposition = read(frame, 11);
        expect(disposition).toMatchObject({ role, first, last, settled });
        expect(readOutcome(frame, disposition.state, frame.length)).toBe(ACCEPTED);
      }),
    );
  });

  it('is read as rhea wrote it', () => {
    const fields = fc.record({
      role: fc.boolean(),
      first: uint32,
      last: fc.option(uint32, { nil: undefined }),
      settled: fc.option(fc.boolean(), { nil: undefined }),
      batchable: fc.option(fc.boolean(), { nil: undefined }),
    });
    fc.assert(
      fc.property(fields, fc.boolean(), (given, hasState) => {
        const frame = encodeFrame('disposition', { ...given, ...(hasState ? { state: state('released') } : {}) });
        const disposition = read(frame, 11);
        expect(disposition).toMatchObject({
          role: given.role,
          first: given.first,
          last: given.last ?? given.first,
          settled: given.settled ?? false,
        });
        expect(disposition.state < 0).toBe(!hasState);
      }),
    );
  });

  it('has names for both ends', () => {
    expect([SENDER, RECEIVER]).toEqual([false, true]);
  });

  it.each([
    ['no fields', '45'],
    ['no role', 'c0 03 02 40 43'],
    ['no first', 'c0 02 01 41'],
    ['null for first', 'c0 03 02 41 40'],
    ['a role that is a number', 'c0 03 02 43 43'],
    ['a first that is text', 'c0 05 02 41 a1 01 61'],
    ['a last that is a boolean', 'c0 04 03 41 43 41'],
    ['a settled flag that is a number', 'c0 05 04 41 43 40 43'],
    ['a state that runs out', 'c0 07 05 41 43 40 41 a0 7f'],
    ['a list that runs out', 'c0 20 05 41 43'],
  ])('is refused with %s', (_name, hex) => {
    expect(() => read(bytes(hex), 0)).toThrow(DecodeError);
  });
});

describe('a flow frame', () => {
  it('is read by rhea as it was written', () => {
    const values = fc.record({
      nextIncomingId: uint32,
      incomingWindow: uint32,
      nextOutgoingId: uint32,
      outgoingWindow: uint32,
      handle: uint32,
      deliveryCount: uint32,
      linkCredit: uint32,
      drain: fc.boolean(),
    });
    fc.assert(
      fc.property(uint16, values, (channel, flow) => {
        const frame = written((output) => writeFlow(output, channel, flow));
        expect(frame.readUInt32BE(0)).toBe(frame.length);
        expect(decodeFrame(frame)).toMatchObject({
          name: 'flow',
          channel,
          fields: {
            next_incoming_id: flow.nextIncomingId,
            incoming_window: flow.incomingWindow,
            next_outgoing_id: flow.nextOutgoingId,
            outgoing_window: flow.outgoingWindow,
            handle: flow.handle,
            delivery_count: flow.deliveryCount,
            link_credit: flow.linkCredit,
            drain: flow.drain,
          },
        });
      }),
    );
  });
});
