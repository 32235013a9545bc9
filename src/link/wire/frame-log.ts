import { inspect } from 'node:util';
import { readUint16 } from '../../codec/big-endian.js';
import { PerformativeHead } from '../../codec/performative.js';
import { readValue } from '../../codec/read.js';
import { asError } from '../../errors.js';
import { logger } from '../../log.js';
import { Described } from '../../message/typed.js';
import { FrameSplitter } from './frame-splitter.js';

const log = logger('frame');

/** The fields of each performative, by its code (AMQP 1.0 §2.7). */
const PERFORMATIVES: ReadonlyMap<number, string> = new Map([
  [0x10, 'open container-id hostname max-frame-size channel-max idle-time-out'],
  [0x11, 'begin remote-channel next-outgoing-id incoming-window outgoing-window handle-max'],
  [0x12, 'attach name handle role snd-settle-mode rcv-settle-mode source target'],
  [
    0x13,
    'flow next-incoming-id incoming-window next-outgoing-id outgoing-window handle delivery-count link-credit available drain echo',
  ],
  [0x14, 'transfer handle delivery-id delivery-tag message-format settled more rcv-settle-mode state resume aborted'],
  [0x15, 'disposition role first last settled state'],
  [0x16, 'detach handle closed error'],
  [0x17, 'end error'],
  [0x18, 'close error'],
  [0x40, 'sasl-mechanisms sasl-server-mechanisms'],
  // Only the mechanism: what follows proves who somebody is.
  [0x41, 'sasl-init mechanism'],
  [0x42, 'sasl-challenge'],
  [0x43, 'sasl-response'],
  [0x44, 'sasl-outcome code'],
]);

/** The names of described values in those fields: outcomes, termini and errors, by their codes (AMQP 1.0 §2.8.14, §3.4, §3.5). */
const DESCRIBED: ReadonlyMap<unknown, string> = new Map<unknown, string>([
  [0x1d, 'error'],
  [0x23, 'received'],
  [0x24, 'accepted'],
  [0x25, 'rejected'],
  [0x26, 'released'],
  [0x27, 'modified'],
  [0x28, 'source'],
  [0x29, 'target'],
  [0x30, 'coordinator'],
]);

/** A frame header, and a protocol header, are eight bytes. */
const HEADER_SIZE = 8;

/** The longest text of a field that is printed, in characters: names and errors are a peer's to choose. */
const LONGEST = 200;

/**
 * Prints the frames of one connection to the debug log, a line each, both what is read and what is written. Neither the
 * payload of a transfer is printed, nor what a SASL frame holds besides the mechanism and the outcome.
 */
export class FrameLog {
  readonly #peer: string;
  readonly #head = new PerformativeHead();
  readonly #outgoing: FrameSplitter;

  /** @param peer - The host and port of the peer, which each line begins with. */
  constructor(peer: string) {
    this.#peer = peer;
    this.#outgoing = new FrameSplitter(Infinity, (buffer, start, end) => {
      this.#print('→', buffer, start, end);
      return true;
    });
  }

  /** The log of a connection. `undefined` unless `DEBUG` names `amqp-messenger:frame` when the connection is made. */
  static of(peer: string): FrameLog | undefined {
    return log.enabled ? new FrameLog(peer) : undefined;
  }

  /** Prints a frame, or a protocol header, that has come. */
  read(buffer: Buffer, start: number, end: number): void {
    this.#print('←', buffer, start, end);
  }

  /** Prints the frames in bytes that are written, which may be cut anywhere. */
  written(bytes: Buffer): void {
    this.#outgoing.push(bytes);
  }

  #print(direction: string, buffer: Buffer, start: number, end: number): void {
    log('%s %s %s', this.#peer, direction, this.#describe(buffer, start, end));
  }

  #describe(buffer: Buffer, start: number, end: number): string {
    if (buffer[start] === 0x41) return `protocol header ${Array.from(buffer.subarray(start + 4, end)).join('.')}`;
    const body = start + buffer[start + 4]! * 4;
    const channel = readUint16(buffer, start + 6);
    if (body < start + HEADER_SIZE || body >= end) return 'empty frame';
    try {
      const { code } = this.#head.read(buffer, body, end);
      const [name = '', ...fields] = (PERFORMATIVES.get(code) ?? '').split(' ');
      const performative = readValue(buffer, body, end);
      const values: unknown = performative instanceof Described ? performative.value : undefined;
      const text = `ch ${channel} ${name}${describeFields(fields, Array.isArray(values) ? values : [])}`;
      // The size of a SASL frame would tell how long a password is.
      return name.startsWith('sasl-') ? text : `${text}, ${end - start} bytes`;
    } catch (error) {
      return `ch ${channel} a frame of ${end - start} bytes that cannot be read (${asError(error).message})`;
    }
  }
}

function describeFields(names: readonly string[], values: readonly unknown[]): string {
  return names
    .map((name, index) => [name, values[index]] as const)
    .filter(([, value]) => value !== undefined && value !== null)
    .map(([name, value]) => ` ${name}=${describeValue(value)}`)
    .join('');
}

function describeValue(value: unknown): string {
  if (value instanceof Described) {
    const fields = [value.value].flat().filter((field) => field !== null);
    const name = DESCRIBED.get(value.descriptor) ?? describeValue(value.descriptor);
    return fields.length === 0 ? name : `${name}(${fields.map(describeValue).join(' ')})`;
  }
  const text =
    value instanceof Uint8Array
      ? Buffer.from(value).toString('hex')
      : inspect(value, { breakLength: Infinity, depth: 3 });
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
}
