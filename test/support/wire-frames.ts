import { createRequire } from 'node:module';

/** The fields of a performative, by the names of AMQP 1.0 §2.7 and §5.3.3 with `_` for `-`. */
export type Fields = Record<string, unknown>;

/** A frame as a test sees it. */
export interface WireFrame {
  /** `open`, `attach`, `sasl_init` and so on; `empty` for a heartbeat, `header` for a protocol header. */
  readonly name: string;
  readonly channel: number;
  readonly fields: Fields;
  readonly payload: Buffer;
}

interface Composite extends Fields {
  described(): unknown;
}
type Create = (fields: Fields) => Composite;

interface RheaFrame {
  readonly type: number;
  readonly channel: number;
  readonly performative?: Composite;
  readonly payload?: Buffer;
}

interface RheaFrames {
  amqp_frame(channel: number, performative: Composite | undefined, payload?: Buffer): object;
  sasl_frame(performative: Composite): object;
  write_frame(frame: object): Buffer;
  read_frame(bytes: Buffer): RheaFrame;
}

// The codec of rhea, which this package has nothing in common with: a second opinion on every frame.
const require = createRequire(import.meta.url);
const frames = require('rhea/lib/frames.js') as RheaFrames & Record<string, Create>;
const terminus = require('rhea/lib/terminus.js') as Record<string, Create> & {
  unwrap(value: unknown): Composite | null;
};
const message = require('rhea/lib/message.js') as Record<string, Create> & {
  unwrap_outcome(value: unknown): Composite;
};

/** AMQP's protocol headers. */
export const AMQP_HEADER: Buffer = Buffer.from('AMQP\x00\x01\x00\x00', 'latin1');
/** The header that begins a SASL exchange. */
export const SASL_HEADER: Buffer = Buffer.from('AMQP\x03\x01\x00\x00', 'latin1');
/** An empty frame. */
export const HEARTBEAT: Buffer = Buffer.from([0, 0, 0, 8, 2, 0, 0, 0]);

/** A delivery-state: `state('accepted')`, `state('rejected', { error: { condition: 'amqp:not-allowed' } })`. */
export function state(
  name: 'received' | 'accepted' | 'rejected' | 'released' | 'modified',
  fields: Fields = {},
): unknown {
  return message[name]!(fields).described();
}

/** A message whose body is this text, or these bytes. */
export function payload(body: string | Buffer): Buffer {
  if (typeof body === 'string') {
    const text = Buffer.from(body);
    return Buffer.concat([Buffer.from([0x00, 0x53, 0x77, 0xb1]), uint32(text.length), text]);
  }
  return Buffer.concat([Buffer.from([0x00, 0x53, 0x75, 0xb0]), uint32(body.length), body]);
}

/** The bytes of a frame. Sources and targets may be given as plain objects. */
export function encodeFrame(name: string, fields: Fields = {}, channel = 0, body?: Buffer): Buffer {
  const given = { ...fields };
  for (const end of ['source', 'target']) {
    if (given[end] !== undefined && given[end] !== null) given[end] = terminus[end]!(given[end] as Fields).described();
  }
  const performative = frames[name]!(given);
  return frames.write_frame(
    name.startsWith('sasl_') ? frames.sasl_frame(performative) : frames.amqp_frame(channel, performative, body),
  );
}

/** A frame around bytes that need be no performative: for what no encoder would write. */
export function rawFrame(body: Buffer | readonly number[], channel = 0, type = 0): Buffer {
  const bytes = Buffer.from(body);
  return Buffer.concat([uint32(8 + bytes.length), Buffer.from([2, type, channel >>> 8, channel & 0xff]), bytes]);
}

/** Reads the bytes of one frame. */
export function decodeFrame(bytes: Buffer): WireFrame {
  if (bytes.toString('latin1', 0, 4) === 'AMQP') {
    return { name: 'header', channel: 0, fields: { protocol: bytes[4] }, payload: bytes };
  }
  const { channel, performative, payload: body = Buffer.alloc(0) } = frames.read_frame(bytes);
  if (performative === undefined) return { name: 'empty', channel, fields: {}, payload: body };
  return { name: nameOf(performative), channel, fields: plain(performative), payload: body };
}

/** A list that holds a list, and so on, this deep. */
export function nestedLists(depth: number): Buffer {
  const bytes = Buffer.alloc(9 * depth + 1, 0x45);
  for (let level = 0; level < depth; level++) {
    bytes[9 * level] = 0xd0;
    bytes.writeUInt32BE(9 * (depth - level) - 4, 9 * level + 1);
    bytes.writeUInt32BE(1, 9 * level + 5);
  }
  return bytes;
}

/** The four bytes of an unsigned integer. */
export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

function nameOf(performative: Composite): string {
  // rhea's classes write themselves as `open#10`.
  return String(performative.constructor).split('#')[0]!;
}

function plain(performative: Composite): Fields {
  const fields: Fields = {};
  // The accessors of the fields are on the prototype.
  for (const name in performative) {
    const value = performative[name];
    if (name === 'value' || typeof value === 'function' || value === undefined || value === null) continue;
    fields[name] = value;
  }
  if ('source' in fields) fields['source'] = terminus.unwrap(fields['source']);
  if ('target' in fields) fields['target'] = terminus.unwrap(fields['target']);
  if ('state' in fields) fields['state'] = outcome(fields['state']);
  return fields;
}

function outcome(value: unknown): Fields {
  const unwrapped = message.unwrap_outcome(value);
  const type = (unwrapped.constructor as unknown as { composite_type: string }).composite_type;
  return { type, ...plain(unwrapped) };
}

/** The fields of an attach by which a peer receives from `address`, or sends to it. */
export function attachFields(role: 'sender' | 'receiver', address: string, handle: number): Fields {
  const isSender = role === 'sender';
  return {
    name: `link-${handle}`,
    handle,
    role: !isSender,
    source: { address: isSender ? null : address },
    target: { address: isSender ? address : null },
    ...(isSender ? { initial_delivery_count: 0 } : {}),
  };
}

/** Bytes of an attach with a described list of one code as its target: 0x30 is a coordinator (AMQP 1.0 §4.5.1). */
export function attachWithTarget(code: number): Buffer {
  const whole = encodeFrame('attach', {
    name: 'tx',
    handle: 0,
    role: false,
    target: { address: 'x' },
    initial_delivery_count: 0,
  });
  const at = whole.indexOf(Buffer.from([0x00, 0x53, 0x29]));
  whole[at + 2] = code;
  return whole;
}
