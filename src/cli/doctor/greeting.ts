import type { Socket } from 'node:net';
import { PerformativeHead, SASL_MECHANISMS } from '../../codec/performative.js';
import { readValue } from '../../codec/read.js';
import { MessagingError } from '../../errors.js';
import type { Deadline } from './deadline.js';

/** `AMQP`, protocol 3 (SASL), version 1.0.0 (AMQP 1.0 §5.3.2). */
const SASL_HEADER = Buffer.from('AMQP\x03\x01\x00\x00', 'latin1');
const HEADER_SIZE = 8;
/** The largest frame to read, in bytes. During SASL no frame may be larger than 512 (AMQP 1.0 §5.3.3). */
const MAX_FRAME = 4096;

/** The answer of a peer to the protocol header of AMQP 1.0 with SASL. */
export type Greeting =
  | { readonly kind: 'sasl'; readonly mechanisms: readonly string[] }
  | { readonly kind: 'no sasl' }
  | { readonly kind: 'other amqp'; readonly version: string }
  | { readonly kind: 'wants tls' }
  | { readonly kind: 'http' }
  | { readonly kind: 'something else'; readonly beginning: string }
  /** The peer has sent nothing, or too little. `error` is the reason why the connection ended, if there is one. */
  | { readonly kind: 'silence'; readonly end: 'closed' | 'late'; readonly begun: boolean; readonly error?: Error };

/**
 * Sends a protocol header, and reads the peer's answer up to the time limit: its protocol header, and the frame with
 * its SASL mechanisms.
 */
export async function greet(socket: Socket, deadline: Deadline): Promise<Greeting> {
  const input = new Input(socket, deadline);
  socket.write(SASL_HEADER);
  const header = await input.take(HEADER_SIZE);
  if (header.length === 0 || input.isLate()) return input.silence(header.length > 0);
  const known = answerTo(header);
  if (known !== undefined) return known;
  const size = (await input.peek(4)).readUInt32BE(0);
  const frame = size >= HEADER_SIZE && size <= MAX_FRAME ? await input.take(size) : Buffer.alloc(0);
  if (input.isLate()) return input.silence(true);
  const mechanisms = mechanismsIn(frame);
  return mechanisms === undefined
    ? { kind: 'something else', beginning: printable(frame) }
    : { kind: 'sasl', mechanisms };
}

/** Interprets a header. Returns `undefined` for the expected one. */
function answerTo(header: Buffer): Greeting | undefined {
  if (header.equals(SASL_HEADER)) return undefined;
  if (header.toString('latin1', 0, 4) === 'AMQP' && header.length === HEADER_SIZE) {
    const [id, major, minor, revision] = header.subarray(4);
    if (major === 1 && minor === 0 && revision === 0) return id === 2 ? { kind: 'wants tls' } : { kind: 'no sasl' };
    // The versions before 1.0 (0-9-1 and 0-10) have the four numbers in another order.
    return { kind: 'other amqp', version: id === 0 ? [major, minor, revision].join('-') : [minor, revision].join('-') };
  }
  // A TLS alert: content type 21, version 3.x.
  if (header[0] === 0x15 && header[1] === 0x03) return { kind: 'wants tls' };
  if (/^HTTP\//.test(header.toString('latin1'))) return { kind: 'http' };
  return { kind: 'something else', beginning: printable(header) };
}

/** The names in a sasl-mechanisms frame (AMQP 1.0 §5.3.3.1); `undefined` when it is no such frame. */
function mechanismsIn(frame: Buffer): string[] | undefined {
  if (frame.length < HEADER_SIZE || frame[5] !== 1) return undefined;
  try {
    const { code, fields } = new PerformativeHead().read(frame, frame[4]! * 4, frame.length);
    if (code !== SASL_MECHANISMS) return undefined;
    const [names] = [readValue(frame, fields)].flat();
    return [names].flat().filter((name) => typeof name === 'string');
  } catch (error) {
    if (error instanceof MessagingError) return undefined;
    throw error;
  }
}

function printable(bytes: Buffer): string {
  return bytes.toString('latin1').replaceAll(/[^\x20-\x7e]/g, '.');
}

/** Reads bytes from a socket, until it ends or the time limit is reached. */
class Input {
  #bytes = Buffer.alloc(0);
  #state: 'open' | 'closed' | 'late' = 'open';
  #error: Error | undefined;
  #wake: () => void = () => undefined;

  constructor(socket: Socket, deadline: Deadline) {
    const end = (state: 'closed' | 'late'): void => {
      if (this.#state === 'open') this.#state = state;
      this.#wake();
    };
    socket.on('data', (chunk: Buffer) => {
      this.#bytes = Buffer.concat([this.#bytes, chunk]);
      this.#wake();
    });
    socket.on('error', (error) => {
      this.#error ??= error;
      end('closed');
    });
    socket.on('close', () => end('closed'));
    deadline.onEnd(() => end('late'));
  }

  /** True if the time limit was reached before all bytes had arrived. */
  isLate(): boolean {
    return this.#state === 'late';
  }

  /** The greeting of a peer that sends nothing more. */
  silence(begun: boolean): Greeting {
    const end = this.#state === 'late' ? 'late' : 'closed';
    return { kind: 'silence', end, begun, ...(this.#error === undefined ? {} : { error: this.#error }) };
  }

  /** Returns `count` bytes without taking them, with zeros in place of those that do not arrive. */
  async peek(count: number): Promise<Buffer> {
    await this.#fill(count);
    return Buffer.concat([this.#bytes.subarray(0, count), Buffer.alloc(count)], count);
  }

  /** Takes `count` bytes, or fewer when no more arrive. */
  async take(count: number): Promise<Buffer> {
    await this.#fill(count);
    const taken = this.#bytes.subarray(0, count);
    this.#bytes = this.#bytes.subarray(count);
    return taken;
  }

  async #fill(count: number): Promise<void> {
    while (this.#bytes.length < count && this.#state === 'open') {
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }
}
