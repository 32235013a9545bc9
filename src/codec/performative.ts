import { DecodeError, ProtocolError } from '../errors.js';
import { readUint32 } from './big-endian.js';
import type { Output } from './output.js';

/** The codes of the performatives that the data plane handles, and of the frames that begin and end a SASL exchange. */
export const FLOW = 0x13;
export const TRANSFER = 0x14;
export const DISPOSITION = 0x15;
export const SASL_MECHANISMS = 0x40;
export const SASL_INIT = 0x41;
export const SASL_OUTCOME = 0x44;

/** Every performative (AMQP 1.0 §2.7, §5.3.3) by the symbol that may stand for its code. */
const CODES: ReadonlyMap<string, number> = new Map(
  Object.entries({
    open: 0x10,
    begin: 0x11,
    attach: 0x12,
    flow: FLOW,
    transfer: TRANSFER,
    disposition: DISPOSITION,
    detach: 0x16,
    end: 0x17,
    close: 0x18,
    'sasl-mechanisms': SASL_MECHANISMS,
    'sasl-init': SASL_INIT,
    'sasl-challenge': 0x42,
    'sasl-response': 0x43,
    'sasl-outcome': SASL_OUTCOME,
  }).map(([name, code]) => [`amqp:${name}:list`, code]),
);
const KNOWN: ReadonlySet<number> = new Set(CODES.values());

/** The descriptor of a performative. It is read anew for every frame. */
export class PerformativeHead {
  /** The code of the performative. */
  code = 0;
  /** The position of the list of its fields. */
  fields = 0;

  /**
   * Reads the descriptor at the beginning of a frame's body: a ulong or a symbol, in any encoding, of a known
   * performative. Anything else is a `DecodeError` or `ProtocolError`: rhea takes a number of another type for the same
   * code, so such a frame would pass our checks unseen.
   */
  read(buffer: Buffer, at: number, end: number): this {
    // Nearly every descriptor is a small ulong.
    if (end - at >= 3 && buffer[at] === 0 && buffer[at + 1] === 0x53) {
      this.fields = at + 3;
      this.code = buffer[at + 2]!;
    } else {
      this.code = end - at < 3 || buffer[at] !== 0 ? -1 : this.#readLong(buffer, at + 1, end);
    }
    if (this.code < 0) throw new DecodeError('A frame does not begin with a performative.');
    if (!KNOWN.has(this.code)) throw new ProtocolError(`AMQP 1.0 has no performative 0x${this.code.toString(16)}.`);
    return this;
  }

  #readLong(buffer: Buffer, at: number, end: number): number {
    switch (buffer[at]) {
      case 0x80: // ulong
        this.fields = at + 9;
        return this.fields <= end && readUint32(buffer, at + 1) === 0 ? readUint32(buffer, at + 5) : -1;
      case 0xa3: // sym8
        return this.#readName(buffer, at + 2, at + 2 + buffer[at + 1]!, end);
      case 0xb3: // sym32
        return at + 5 <= end ? this.#readName(buffer, at + 5, at + 5 + readUint32(buffer, at + 1), end) : -1;
      default:
        return -1;
    }
  }

  #readName(buffer: Buffer, from: number, to: number, end: number): number {
    this.fields = to;
    return to <= end ? (CODES.get(buffer.toString('latin1', from, to)) ?? -1) : -1;
  }
}

/** Writes a frame header (AMQP 1.0 §2.3.1) and the descriptor of a performative. The caller has made room. */
export function openFrame(output: Output, size: number, channel: number, code: number): void {
  output.u32(size);
  output.u8(2); // data offset, in words
  output.u8(0); // an AMQP frame
  output.u8(channel >>> 8);
  output.u8(channel & 0xff);
  output.u8(0);
  output.u8(0x53);
  output.u8(code);
}
