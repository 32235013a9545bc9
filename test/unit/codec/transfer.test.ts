import fc from '../../support/property.js';
import { describe, expect, it } from 'vitest';
import { FieldCursor } from '../../../src/codec/field-cursor.js';
import {
  MESSAGE_FORMAT_SIZE,
  TRANSFER_HEADER_SIZE,
  Transfer,
  insertMessageFormat,
  writeTransferHeader,
} from '../../../src/codec/transfer.js';
import { DecodeError } from '../../../src/errors.js';
import { decodeFrame, encodeFrame } from '../../support/wire-frames.js';
import { bytes } from './support.js';

const uint32 = fc.integer({ min: 0, max: 0xffff_ffff });
const uint16 = fc.integer({ min: 0, max: 0xffff });

/** Reads a transfer whose fields are given from its list on. */
function read(hex: string): Transfer {
  const transfer = new Transfer();
  const buffer = bytes(hex);
  transfer.read(new FieldCursor(), buffer, 0, buffer.length);
  return transfer;
}

describe('the header of a transfer frame', () => {
  it('is read by rhea as it was written', () => {
    fc.assert(
      fc.property(
        uint16,
        uint32,
        uint32,
        fc.boolean(),
        fc.boolean(),
        fc.uint8Array({ maxLength: 300 }),
        (channel, handle, id, settled, more, payload) => {
          const frame = Buffer.concat([Buffer.alloc(TRANSFER_HEADER_SIZE, 0xee), payload]);
          writeTransferHeader(frame, 0, payload.length, channel, handle, id, settled, more);
          const { name, channel: on, fields, payload: seen } = decodeFrame(frame);
          expect([name, on]).toEqual(['transfer', channel]);
          expect(fields).toMatchObject({ handle, delivery_id: id, message_format: 0, settled, more });
          expect((fields['delivery_tag'] as Buffer).readUInt32BE(0)).toBe(id);
          expect(seen.equals(payload)).toBe(true);
          expect(frame.readUInt32BE(0)).toBe(frame.length);
        },
      ),
    );
  });

  it('is given any message-format, and keeps the rest', () => {
    fc.assert(
      fc.property(uint32, uint32, uint32, fc.boolean(), fc.boolean(), (handle, id, format, settled, more) => {
        const frame = Buffer.concat([
          Buffer.alloc(TRANSFER_HEADER_SIZE + MESSAGE_FORMAT_SIZE, 0xee),
          Buffer.from('xyz'),
        ]);
        writeTransferHeader(frame, 0, 3, 1, handle, id, settled, more);
        insertMessageFormat(frame, 0, format);
        const { fields, payload } = decodeFrame(frame);
        expect(fields).toMatchObject({ handle, delivery_id: id, message_format: format, settled, more });
        expect(payload.toString()).toBe('xyz');
        expect(frame.readUInt32BE(0)).toBe(frame.length);
      }),
    );
  });

  it('is written where it is asked for, and touches nothing around it', () => {
    const frame = Buffer.alloc(TRANSFER_HEADER_SIZE + 20, 0xee);
    writeTransferHeader(frame, 7, 1000, 1, 2, 3, true, true);
    expect(frame.subarray(0, 7)).toEqual(Buffer.alloc(7, 0xee));
    expect(frame.subarray(7 + TRANSFER_HEADER_SIZE)).toEqual(Buffer.alloc(13, 0xee));
    expect(frame.readUInt32BE(7)).toBe(TRANSFER_HEADER_SIZE + 1000);
  });

  it('is read by this package as it was written', () => {
    const transfer = new Transfer();
    fc.assert(
      fc.property(uint32, uint32, fc.boolean(), fc.boolean(), (handle, id, settled, more) => {
        const frame = Buffer.alloc(TRANSFER_HEADER_SIZE + 5);
        writeTransferHeader(frame, 0, 5, 0, handle, id, settled, more);
        transfer.read(new FieldCursor(), frame, 11, frame.length);
        expect(transfer).toMatchObject({
          handle,
          deliveryId: id,
          settled,
          more,
          payload: TRANSFER_HEADER_SIZE,
        });
      }),
    );
  });
});

describe('a transfer', () => {
  it('is read as rhea wrote it', () => {
    const transfer = new Transfer();
    const options = {
      handle: uint32,
      delivery_id: fc.option(uint32, { nil: undefined }),
      delivery_tag: fc.option(
        fc.uint8Array({ maxLength: 32 }).map((tag) => Buffer.from(tag)),
        { nil: undefined },
      ),
      message_format: fc.option(uint32, { nil: undefined }),
      settled: fc.option(fc.boolean(), { nil: undefined }),
      more: fc.option(fc.boolean(), { nil: undefined }),
      rcv_settle_mode: fc.option(fc.integer({ min: 0, max: 1 }), { nil: undefined }),
      resume: fc.option(fc.boolean(), { nil: undefined }),
      aborted: fc.option(fc.boolean(), { nil: undefined }),
      batchable: fc.option(fc.boolean(), { nil: undefined }),
    };
    fc.assert(
      fc.property(fc.record(options), fc.uint8Array({ minLength: 1, maxLength: 40 }), (fields, payload) => {
        const frame = encodeFrame('transfer', fields, 0, Buffer.from(payload));
        transfer.read(new FieldCursor(), frame, 11, frame.length);
        expect(transfer).toMatchObject({
          handle: fields.handle,
          deliveryId: fields.delivery_id ?? -1,
          messageFormat: fields.message_format ?? 0,
          settled: fields.settled ?? false,
          more: fields.more ?? false,
          resume: fields.resume ?? false,
          aborted: fields.aborted ?? false,
        });
        expect(frame.subarray(transfer.payload)).toEqual(Buffer.from(payload));
      }),
    );
  });

  it.each([
    ['only a handle', 'c0 02 01 43'],
    ['a long list', 'd0 00000005 00000001 43'],
    ['nulls for the rest', 'c0 0c 0b 43 40404040404040404040'],
  ])('may have %s', (_name, hex) => {
    expect(read(hex)).toMatchObject({ handle: 0, deliveryId: -1, settled: false, more: false, aborted: false });
  });

  it.each([
    ['no fields', '45'],
    ['no handle', 'c0 02 01 40'],
    ['a handle that is text', 'c0 04 01 a1 01 61'],
    ['a handle that is signed', 'c0 03 01 54 01'],
    ['a delivery-id that is long', 'c0 0b 02 43 80 0000000000000001'],
    ['a settled flag that is a number', 'c0 08 05 43 43 40 43 52 01'],
    ['a tag that runs out', 'c0 05 03 43 43 a0 20'],
    ['a map for a list', 'c1 02 01 43'],
  ])('is refused with %s', (_name, hex) => {
    expect(() => read(hex)).toThrow(DecodeError);
  });

  it('forgets the fields of the one before', () => {
    const transfer = new Transfer();
    const fields = new FieldCursor();
    const frame = encodeFrame('transfer', {
      handle: 5,
      delivery_id: 6,
      settled: true,
      more: true,
      resume: true,
      aborted: true,
    });
    transfer.read(fields, frame, 11, frame.length);
    const next = bytes('c0 02 01 43');
    transfer.read(fields, next, 0, next.length);
    expect(transfer).toEqual(Object.assign(new Transfer(), { deliveryId: -1, payload: next.length }));
  });
});
