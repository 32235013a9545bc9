import type { Duplex } from 'node:stream';
import type { Clock } from '../../clock.js';
import type { HeldMemory } from '../../queue/outgoing-delivery.js';
import type { FrameLog } from './frame-log.js';

/** Bytes that may wait to be written before the data plane stops adding to them: 1 MiB. */
const HIGH_WATER = 1 << 20;

/**
 * Bytes that may wait before nothing more is read from the peer, and how few they have to be before it is read again: 2 MiB
 * and 1.5 MiB. Messages never are the reason, since they stop at 1 MiB and a frame (1.25 MiB): what is beyond are answers, to a
 * peer that asks and does not read them.
 *
 * Two peers that both keep to this never wait for each other for ever. While more than 1.25 MiB wait on both sides, both
 * queues hold only answers back, and an answer is shorter than what it answers: together the queues do not grow. So they have
 * at most 2 MiB and 1.25 MiB, and when one of the peers does not read, the other, which is below the mark, does.
 */
export const HOLD_UP: number = 2 << 20;
const GO_ON = 3 << 19;

/** The size of the memory that small frames are copied into, in bytes. */
const PAGE_SIZE = 4096;

/** The part that a writer reports to. */
export interface SocketWriterEvents {
  /** All bytes appended up to this count have been handed to the operating system. */
  written(total: number): void;
  /** There is room again after `blocked` was true. */
  unblocked(): void;
  /** The peer has read something while nothing was read from it. */
  heard?(): void;
}

/**
 * Gathers what is to be written during one turn of the event loop, from rhea and from the data plane in order, into one
 * write. Neighbouring pieces of the same buffer become one piece, so a run of messages encoded one after the other
 * leaves as a single piece without being copied.
 */
export class SocketWriter {
  readonly #socket: Duplex;
  readonly #clock: Clock;
  readonly #events: SocketWriterEvents;
  readonly #frames: FrameLog | undefined;
  /** Pieces not yet given to the socket. */
  #pieces: Buffer[] = [];
  /** The last piece, still open to neighbours. */
  #buffer: Buffer | undefined;
  /** The memory that those pieces are in, as far as it is used again. */
  #held: HeldMemory[] = [];
  #start = 0;
  #end = 0;
  #appended = 0;
  #written = 0;
  #scheduled = false;
  #wasBlocked = false;
  #isHoldingUp = false;
  /** The memory that small frames are copied into, and how much of it is used. */
  #page: Buffer | undefined;
  #pageUsed = 0;

  /** @param frames - Prints what is written, if anything does. */
  constructor(socket: Duplex, clock: Clock, events: SocketWriterEvents, frames?: FrameLog) {
    this.#socket = socket;
    this.#clock = clock;
    this.#events = events;
    this.#frames = frames;
  }

  /** Bytes appended since the beginning. */
  get appended(): number {
    return this.#appended;
  }

  /** How many of these bytes have been handed to the operating system. */
  get written(): number {
    return this.#written;
  }

  /** True when so much waits to be written that messages should wait too. Control frames need not. */
  get blocked(): boolean {
    const blocked = this.#appended - this.#written >= HIGH_WATER;
    if (blocked) this.#wasBlocked = true;
    return blocked;
  }

  /** True while nothing is read from the peer, because so many answers wait for it. */
  get isHoldingUp(): boolean {
    return this.#isHoldingUp;
  }

  /** Adds a frame. A small one is copied beside others: a buffer of its own is far larger than it, and costs a piece. */
  copy(frame: Buffer): void {
    if (frame.length > PAGE_SIZE / 4) {
      this.append(frame, 0, frame.length);
      return;
    }
    if (this.#page === undefined || this.#pageUsed + frame.length > PAGE_SIZE) {
      this.#page = Buffer.allocUnsafeSlow(PAGE_SIZE);
      this.#pageUsed = 0;
    }
    const start = this.#pageUsed;
    this.#pageUsed += frame.copy(this.#page, start);
    this.append(this.#page, start, this.#pageUsed);
  }

  /** Adds `buffer[start, end)`, which must not change until it is written: `memory`, which it is in, is held until then. */
  append(buffer: Buffer, start: number, end: number, memory?: HeldMemory): void {
    this.#appended += end - start;
    if (buffer === this.#buffer && start === this.#end) {
      this.#end = end;
      return;
    }
    this.#closePiece();
    if (memory !== undefined) {
      memory.hold();
      this.#held.push(memory);
    }
    this.#buffer = buffer;
    this.#start = start;
    this.#end = end;
    this.schedule();
  }

  /** Writes in the next tick, unless `flush` is called before. */
  schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#clock.nextTick(() => this.flush());
  }

  /** Writes everything now. */
  flush(): void {
    this.#scheduled = false;
    this.#closePiece();
    const pieces = this.#pieces;
    if (pieces.length === 0) return;
    const held = this.#held;
    this.#pieces = [];
    this.#held = [];
    if (!this.#socket.writable) return;
    if (this.#frames !== undefined) for (const piece of pieces) this.#frames.written(piece);
    const total = this.#appended;
    const done = (error?: Error | null): void => {
      // Node tells no error of a write that a destroyed socket has cut short. After either nobody knows what the socket
      // still reads: that memory is not used again.
      if (error || this.#socket.destroyed) return;
      for (const memory of held) memory.release();
      this.#afterWrite(total);
    };
    if (pieces.length === 1) {
      this.#socket.write(pieces[0]!, done);
    } else {
      this.#socket.cork();
      for (let index = 0; index < pieces.length - 1; index++) this.#socket.write(pieces[index]!);
      this.#socket.write(pieces[pieces.length - 1]!, done);
      this.#socket.uncork();
    }
    if (this.#appended - this.#written >= HOLD_UP) this.#holdUp();
  }

  #holdUp(): void {
    this.#isHoldingUp = true;
    this.#socket.pause();
  }

  #goOn(): void {
    this.#events.heard?.();
    if (this.#appended - this.#written > GO_ON) return;
    this.#isHoldingUp = false;
    this.#socket.resume();
  }

  #afterWrite(total: number): void {
    this.#written = total;
    if (this.#isHoldingUp) this.#goOn();
    this.#events.written(total);
    if (this.#wasBlocked && !this.blocked) {
      this.#wasBlocked = false;
      this.#events.unblocked();
    }
  }

  #closePiece(): void {
    if (this.#buffer === undefined) return;
    this.#pieces.push(this.#buffer.subarray(this.#start, this.#end));
    this.#buffer = undefined;
  }
}
