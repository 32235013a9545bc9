import type { Duplex } from 'node:stream';
import type { Clock } from '../../clock.js';
import { readUint16 } from '../../codec/big-endian.js';
import { DISPOSITION, PerformativeHead, SASL_MECHANISMS, SASL_OUTCOME, TRANSFER } from '../../codec/performative.js';
import { scanPerformative } from '../../codec/read.js';
import { DecodeError, ProtocolError, asError } from '../../errors.js';
import { SASL_FRAME, readMechanisms } from '../security/sasl-frame.js';
import type { FrameLog } from '../wire/frame-log.js';
import { FrameSplitter } from '../wire/frame-splitter.js';
import type { RheaSocket } from './rhea-seam.js';
import { MAX_CONTROL_FRAME_SIZE } from '../wire/limits.js';
import type { SocketWriter } from '../wire/socket-writer.js';
import { nodeTls } from '../security/tls.js';

/** An empty frame: what a heartbeat is (AMQP 1.0 §2.4.5). */
const EMPTY_FRAME = Buffer.from([0, 0, 0, 8, 2, 0, 0, 0]);

/** The protocol id in the header before a SASL exchange (AMQP 1.0 §5.3.1). */
const SASL_PROTOCOL = 3;

/**
 * The progress of the peer: the first protocol header may begin a SASL exchange, and once that is over another header
 * begins AMQP (AMQP 1.0 §5.3). rhea takes a header anywhere else for the size of a frame, and waits for a gigabyte.
 */
type Phase = 'header' | 'sasl' | 'header-after-sasl' | 'amqp';

/** The part that a gate hands frames to and reports to. */
export interface FrameGateEvents {
  /** A transfer. The performative's list starts at `position`. May throw `DecodeError` or `ProtocolError`. */
  transfer(channel: number, buffer: Buffer, position: number, end: number): void;
  /** A disposition, likewise. */
  disposition(channel: number, buffer: Buffer, position: number, end: number): void;
  /** The peer has said which SASL mechanisms it has. rhea is told next. */
  mechanismsOffered(names: readonly string[]): void;
  /** One chunk of input has been dealt with: time to answer. */
  inputRead(): void;
  /** The peer broke the rules: the connection is to be closed with this error. */
  violated(error: ProtocolError | DecodeError): void;
  /** Nothing more is taken in, and the peer is to hang up. */
  ending(): void;
  /** The socket is gone. Called once. */
  ended(error: Error | undefined): void;
}

/** The options of a gate. */
export interface FrameGateOptions {
  /** The largest frame taken, in bytes. */
  maxFrameSize: number;
  clock: Clock;
  /** Prints the frames that come, if anything does. */
  frames?: FrameLog | undefined;
}

/**
 * Stands between a socket and rhea. It has the part of a socket's shape that rhea uses, splits the input into frames,
 * hands transfers and dispositions to the data plane and everything else, checked, to rhea; and it gathers the output
 * of both.
 */
export class FrameGate implements RheaSocket {
  readonly #socket: Duplex;
  readonly #writer: SocketWriter;
  readonly #events: FrameGateEvents;
  readonly #frames: FrameLog | undefined;
  readonly #options: FrameGateOptions;
  readonly #splitter: FrameSplitter;
  readonly #head = new PerformativeHead();
  #toRhea: ((bytes: Buffer) => void) | undefined;
  #endOfRhea: (() => void) | undefined;
  #state: 'open' | 'ending' | 'ended' = 'open';
  #phase: Phase = 'header';
  #failure: Error | undefined;

  /** @param writer - Writes to the socket: what rhea writes goes out between the frames of the data plane. */
  constructor(socket: Duplex, writer: SocketWriter, options: FrameGateOptions, events: FrameGateEvents) {
    this.#socket = socket;
    this.#writer = writer;
    this.#events = events;
    this.#frames = options.frames;
    this.#options = options;
    this.#splitter = new FrameSplitter(options.maxFrameSize, (buffer, start, end) => this.#frame(buffer, start, end));
    socket.on('data', (chunk: Buffer) => this.#input(chunk));
    socket.on('error', (error) => (this.#failure ??= error));
    socket.on('end', () => this.#socket.end());
    socket.on('close', () => this.#ended());
  }

  /** True when the peer has sent nothing that is AMQP, not even a protocol header. */
  get isUnanswered(): boolean {
    return this.#phase === 'header';
  }

  get encrypted(): boolean {
    return this.#socket instanceof nodeTls.TLSSocket;
  }

  get authorized(): boolean {
    return this.#socket instanceof nodeTls.TLSSocket && this.#socket.authorized;
  }

  get_id_string(): string {
    return 'gate';
  }

  on(event: 'data' | 'error' | 'end', listener: (argument?: unknown) => void): void {
    if (event === 'data') this.#toRhea = listener;
    // An error is reported to rhea as an end: what went wrong, the gate tells by itself.
    if (event === 'end') this.#endOfRhea = listener;
  }

  removeAllListeners(): void {
    this.#toRhea = undefined;
    this.#endOfRhea = undefined;
  }

  /** The side that dialled has seen to that. */
  setNoDelay(): void {}

  /** rhea writes a frame, or a protocol header. */
  write(bytes: Buffer): void {
    this.#writer.copy(bytes);
    if (this.#phase === 'sasl' && bytes[5] === SASL_FRAME && bytes[10] === SASL_OUTCOME)
      this.#phase = 'header-after-sasl';
  }

  /** Takes nothing more in, and ends the socket after what is written in this turn: rhea ends before it says why. */
  end(): void {
    if (this.#state !== 'open') return;
    this.#state = 'ending';
    this.#events.ending();
    this.#options.clock.nextTick(() => {
      this.#writer.flush();
      this.#socket.end();
    });
  }

  /** Sends the peer an empty frame. */
  beat(): void {
    this.write(EMPTY_FRAME);
  }

  /** Ends at once, dropping what is not written. */
  destroy(error?: Error): void {
    this.#failure ??= error;
    this.#socket.destroy();
  }

  #input(chunk: Buffer): void {
    if (this.#state !== 'open' || this.#failure !== undefined) return;
    try {
      const used = this.#splitter.push(chunk);
      if (used < chunk.length) this.#holdBack(chunk.subarray(used));
    } catch (error) {
      this.#failure = asError(error);
      this.#events.violated(
        error instanceof DecodeError || error instanceof ProtocolError
          ? error
          : new ProtocolError('The frames of the peer could not be dealt with.', { cause: error }),
      );
      return;
    }
    this.#events.inputRead();
  }

  /** A peer may write on before its SASL frame is answered, but rhea answers in a later turn. */
  #holdBack(rest: Buffer): void {
    if (this.#state !== 'open') return;
    this.#socket.pause();
    this.#socket.unshift(rest);
    this.#options.clock.setImmediate(() => this.#socket.resume());
  }

  /** Takes a frame, or a protocol header. Returns false when what follows has to wait, or does not count. */
  #frame(buffer: Buffer, start: number, end: number): boolean {
    if (this.#frames !== undefined) this.#frames.read(buffer, start, end);
    if (buffer[start] === 0x41) {
      this.#header(buffer[start + 4]!);
      this.#toRhea?.(buffer.subarray(start, end));
      return this.#state === 'open';
    }
    const body = start + buffer[start + 4]! * 4;
    if (body < start + 8 || body > end) {
      throw new ProtocolError('The peer sent a frame whose data offset lies outside it.');
    }
    if (body === end) {
      this.#toRhea?.(buffer.subarray(start, end));
      return this.#state === 'open';
    }
    const isSasl = buffer[start + 5] === SASL_FRAME;
    const { code, fields } = this.#head.read(buffer, body, end);
    if (!isSasl && (code === TRANSFER || code === DISPOSITION)) {
      const channel = readUint16(buffer, start + 6);
      if (code === TRANSFER) this.#events.transfer(channel, buffer, fields, end);
      else this.#events.disposition(channel, buffer, fields, end);
      return this.#state === 'open';
    }
    // rhea's decoder trusts what it reads, so it gets only what has been checked.
    scanPerformative(buffer, body, end);
    if (end - start > MAX_CONTROL_FRAME_SIZE) {
      throw new ProtocolError(
        `The peer sent a control frame of ${end - start} bytes, and ${MAX_CONTROL_FRAME_SIZE} are allowed.`,
      );
    }
    if (isSasl && code === SASL_MECHANISMS) this.#events.mechanismsOffered(readMechanisms(buffer, body, end));
    this.#toRhea?.(buffer.subarray(start, end));
    if (isSasl && code === SASL_OUTCOME) this.#phase = 'header-after-sasl';
    return this.#state === 'open' && this.#phase !== 'sasl';
  }

  #header(protocol: number): void {
    if (this.#phase === 'header') this.#phase = protocol === SASL_PROTOCOL ? 'sasl' : 'amqp';
    else if (this.#phase === 'header-after-sasl') this.#phase = 'amqp';
    else throw new ProtocolError('The peer sent a protocol header where a frame should begin.');
  }

  #ended(): void {
    if (this.#state === 'ended') return;
    this.#state = 'ended';
    this.#endOfRhea?.();
    this.#events.ended(this.#failure);
  }
}
