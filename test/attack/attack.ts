import { Wire } from '../support/wire.js';
import { attachFields, AMQP_HEADER, encodeFrame } from '../support/wire-frames.js';
import type { Role } from './server.js';

/** One way to harm a server. */
export interface Attack {
  /** What a hostile connection does, as a sentence about it. */
  readonly name: string;
  /** Whom it is tried on. Default both. */
  readonly on?: Role;
  /** How many connections do it, one after the other. Costs are per connection. Default 2. */
  readonly connections?: number;
  /** The most memory that a connection may have held, in bytes. Default 10 MB. */
  readonly bytes?: number;
  /**
   * The most processor time that a connection may take: how many times that of a normal connection, which sends a MiB of small
   * messages. Default 1.
   */
  readonly times?: number;
  /** Does it. Resolves when all has been sent, or the connection is cut. */
  readonly run: (port: number) => Promise<Wire>;
}

export const MIB: number = 1 << 20;

/** A peer that has opened its connection and begun a session. */
export async function begun(port: number): Promise<Wire> {
  const wire = await Wire.dial(port);
  await wire.begin();
  return wire;
}

/** Writes these bytes as far as they are taken: until the server has cut the connection, or reads no more. */
export async function pour(wire: Wire, chunks: Iterable<Buffer>): Promise<void> {
  for (const chunk of chunks) {
    if (wire.socket.destroyed) return;
    if (wire.socket.write(chunk)) continue;
    const isTaken = await Promise.race([
      wire.closed.then(() => false),
      new Promise<boolean>((resolve) => wire.socket.once('drain', () => resolve(true))),
      // Half a second without a byte read is a server that holds the input up.
      new Promise<boolean>((resolve) => setTimeout(() => resolve(false), 500)),
    ]);
    wire.socket.removeAllListeners('drain');
    if (!isTaken) return;
  }
}

/** The same frames again and again, so many bytes of them, in chunks of 64 KiB. */
export function* repeated(frames: readonly Buffer[], bytes: number): Generator<Buffer> {
  const all = Buffer.concat(frames);
  const chunk = Buffer.concat(Array<Buffer>(Math.max(1, Math.floor(65_536 / all.length))).fill(all));
  for (let sent = 0; sent < bytes; sent += chunk.length) yield chunk;
}

/** Frames that are made one by one, since each is a little different. */
export function* made(count: number, make: (number: number) => Buffer): Generator<Buffer> {
  for (let number = 0; number < count; number++) yield make(number);
}

/** The open frame of a peer, with protocol header. */
export function opening(fields: object = {}): Buffer {
  return Buffer.concat([AMQP_HEADER, encodeFrame('open', { container_id: 'hostile', ...fields })]);
}

/** An attach by which the peer receives from `address`, or sends to it. */
export function attach(role: 'sender' | 'receiver', address: string, handle: number, fields: object = {}): Buffer {
  return encodeFrame('attach', { ...attachFields(role, address, handle), ...fields });
}

export function transfer(handle: number, id: number | undefined, body: Buffer, fields: object = {}): Buffer {
  const named = id === undefined ? {} : { delivery_id: id, delivery_tag: Buffer.from(String(id)) };
  return encodeFrame('transfer', { handle, message_format: 0, ...named, ...fields }, 0, body);
}
