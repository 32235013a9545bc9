import type { Output } from './output.js';
import { FLOW, openFrame } from './performative.js';

/** The fields of a flow frame for a link and its session (AMQP 1.0 §2.7.4). */
export interface Flow {
  /** The transfer-id expected next. */
  readonly nextIncomingId: number;
  /** The number of transfer frames that the peer may send. */
  readonly incomingWindow: number;
  /** The transfer-id of the next transfer sent. */
  readonly nextOutgoingId: number;
  /** The number of transfer frames that we may send. */
  readonly outgoingWindow: number;
  /** The handle of the link. */
  readonly handle: number;
  readonly deliveryCount: number;
  readonly linkCredit: number;
  readonly drain: boolean;
}

/** Frame header, descriptor, list header, seven uints, one null and one boolean. */
const FRAME_SIZE = 8 + 3 + 3 + 7 * 5 + 2;

/** Writes a whole flow frame as a record of its own: `output.start` to `output.position`. */
export function writeFlow(output: Output, channel: number, flow: Flow): void {
  output.open(0);
  output.need(FRAME_SIZE);
  openFrame(output, FRAME_SIZE, channel, FLOW);
  output.u8(0xc0); // list8: every field has a fixed width
  output.u8(FRAME_SIZE - 13);
  output.u8(9);
  uint(output, flow.nextIncomingId);
  uint(output, flow.incomingWindow);
  uint(output, flow.nextOutgoingId);
  uint(output, flow.outgoingWindow);
  uint(output, flow.handle);
  uint(output, flow.deliveryCount);
  uint(output, flow.linkCredit);
  output.u8(0x40); // available: not told
  output.u8(flow.drain ? 0x41 : 0x42);
}

function uint(output: Output, value: number): void {
  output.u8(0x70);
  output.u32(value);
}
