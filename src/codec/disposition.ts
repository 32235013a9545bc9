import type { Outcome } from '../message/outcome.js';
import { storeUint32 } from './big-endian.js';
import type { FieldCursor } from './field-cursor.js';
import { encodeOutcome } from './outcome.js';
import type { Output } from './output.js';
import { DISPOSITION, openFrame } from './performative.js';

/** The end of the link that sends the frame: true for the receiver (AMQP 1.0 §2.7.6, `role`). */
export type Role = boolean;
export const SENDER: Role = false;
export const RECEIVER: Role = true;

/** The fields of the disposition performative that was read last. The next `read` overwrites them. */
export class Disposition {
  role: Role = SENDER;
  first = 0;
  last = 0;
  settled = false;
  /** The position of the delivery-state, or -1 when there is none. */
  state = -1;

  /** Reads the performative whose descriptor ends at `position`. Throws `DecodeError`. */
  read(fields: FieldCursor, buffer: Buffer, position: number, end: number): void {
    fields.open(buffer, position, end);
    fields.require('role');
    this.role = fields.boolean('role');
    this.first = fields.uint('first');
    if (this.first < 0) fields.missing('first');
    const last = fields.uint('last');
    this.last = last < 0 ? this.first : last;
    this.settled = fields.boolean('settled');
    this.state = fields.skip();
  }
}

/** Writes a whole disposition frame (AMQP 1.0 §2.7.6) as a record of its own: `output.start` to `output.position`. */
export function writeDisposition(
  output: Output,
  channel: number,
  role: Role,
  first: number,
  last: number,
  settled: boolean,
  outcome: Outcome | undefined,
): void {
  output.open(0);
  output.need(32);
  openFrame(output, 0, channel, DISPOSITION); // the frame size is filled in below
  output.u8(0xd0); // list32: rejections and modifications may be long
  output.u32(0); // the list size, filled in below
  output.u32(outcome === undefined ? 4 : 5);
  output.u8(role ? 0x41 : 0x42);
  output.u8(0x70);
  output.u32(first);
  output.u8(0x70);
  output.u32(last);
  output.u8(settled ? 0x41 : 0x42);
  if (outcome !== undefined) encodeOutcome(output, outcome);
  const { buffer, start, position } = output;
  storeUint32(buffer, start, position - start);
  storeUint32(buffer, start + 12, position - start - 16);
}
