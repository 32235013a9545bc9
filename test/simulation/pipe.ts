import type { Duplex } from 'node:stream';
import type { Random } from './random.js';
import type { Scheduler } from './scheduler.js';

/** Why nothing arrives for now. */
type Stall = 'opening' | 'parted' | 'fault';

/** Bytes that may be on their way before who writes has to wait. */
const CAPACITY = 65_536;

/** One direction of a connection: bytes arrive later, in order, in pieces of any size, as long as nothing is wrong. */
export class Pipe {
  source!: Duplex;
  target!: Duplex;
  readonly #scheduler: Scheduler;
  readonly #random: Random;
  readonly #trace: (what: string) => void;
  readonly #latency: number;
  readonly #jitter: number;
  readonly #split: number;
  readonly #stalls = new Set<Stall>(['opening']);
  /** What has been written and has not been taken yet. */
  #onItsWay: { due: number; bytes: Buffer }[] = [];
  #size = 0;
  #lastDue = 0;
  /** What waits to be written: the code under test may not touch its memory until it is. */
  #waiting: { chunk: Buffer; done: (error?: Error | null) => void } | undefined;
  #end: 'no' | 'end' | 'told' = 'no';
  #isWanted = false;
  #isDue = false;
  #isGone = false;
  #pace = 0;

  constructor(scheduler: Scheduler, random: Random, trace: (what: string) => void) {
    this.#scheduler = scheduler;
    this.#random = random;
    this.#trace = trace;
    this.#latency = random.between(0.05, 20);
    this.#jitter = random.chance(0.5) ? 0 : random.between(0, 10);
    this.#split = random.chance(0.5) ? 0 : random.next();
  }

  /** Who writes. The bytes are read only when they are written, so memory that is used again too soon shows. */
  write(chunk: Buffer, done: (error?: Error | null) => void): void {
    this.#waiting = { chunk, done };
    this.#scheduler.at(this.#random.between(0, 0.5), () => this.#accept());
  }

  /** Nothing more will be written. */
  end(): void {
    if (this.#end === 'no') this.#end = 'end';
    this.#schedule(this.#lastDue - this.#scheduler.now());
  }

  /** Who writes is gone. What it has written may arrive, or not. */
  abort(): void {
    this.#waiting = undefined;
    if (this.#isGone || this.#end !== 'no') return;
    if (this.#random.chance(0.3)) this.cut(this.#random);
    this.end();
  }

  /** Who reads wants more. */
  read(): void {
    this.#isWanted = true;
    this.#schedule(0);
  }

  /** Nothing arrives, or it does so again. */
  stall(why: Stall, isStalled: boolean): void {
    if (isStalled) this.#stalls.add(why);
    else if (this.#stalls.delete(why)) {
      this.#accept();
      this.#schedule(0);
    }
  }

  /** It takes so many milliseconds for each few hundred bytes. */
  slow(pace: number): void {
    this.#pace = pace;
  }

  /** Nothing is wrong any more. */
  mend(): void {
    this.#pace = 0;
    this.stall('fault', false);
  }

  /** Of what is on its way only a part arrives, down to any byte. */
  cut(random: Random): void {
    let left = random.below(this.#size + 1);
    for (const { bytes } of this.#onItsWay) {
      const piece = bytes.subarray(0, left);
      left -= piece.length;
      if (piece.length > 0 && !this.target.destroyed && !this.#isGone) this.#give(piece);
    }
    this.#onItsWay = [];
    this.#size = 0;
  }

  /** What is written goes nowhere, and nobody is told. */
  vanish(): void {
    this.#isGone = true;
    this.#onItsWay = [];
  }

  #accept(): void {
    if (this.#waiting === undefined || this.#stalls.has('opening') || this.#size >= CAPACITY) return;
    const { chunk, done } = this.#waiting;
    this.#waiting = undefined;
    this.#size += chunk.length;
    if (!this.#isGone) {
      const delay = this.#latency + this.#random.next() * this.#jitter;
      const due = Math.max(this.#lastDue, this.#scheduler.now() + delay);
      this.#lastDue = due;
      this.#onItsWay.push({ due, bytes: Buffer.from(chunk) });
      this.#schedule(due - this.#scheduler.now());
    }
    done();
  }

  #schedule(delay: number): void {
    if (this.#isDue) return;
    this.#isDue = true;
    this.#scheduler.at(Math.max(0, delay), () => {
      this.#isDue = false;
      this.#deliver();
    });
  }

  #deliver(): void {
    if (this.#stalls.size > 0 || this.#isGone || this.target.destroyed) return;
    const [first] = this.#onItsWay;
    if (first === undefined) {
      if (this.#end === 'end') this.#finish();
      return;
    }
    if (!this.#isWanted) return;
    const wait = first.due - this.#scheduler.now();
    if (wait > 0) {
      this.#schedule(wait);
      return;
    }
    const most = this.#pace > 0 ? 300 : first.bytes.length;
    const isSplit = this.#random.chance(this.#split);
    const size = Math.min(most, isSplit ? 1 + this.#random.below(first.bytes.length) : first.bytes.length);
    const piece = first.bytes.subarray(0, size);
    if (size === first.bytes.length) this.#onItsWay.shift();
    else first.bytes = first.bytes.subarray(size);
    this.#size -= size;
    this.#give(piece);
    this.#accept();
    this.#schedule(this.#pace > 0 ? this.#pace : this.#random.next() * 0.2);
  }

  #give(piece: Buffer): void {
    this.#trace(`${piece.length} ${checksum(piece)}`);
    // Each piece is memory of its own, as it is when a socket reads.
    this.#isWanted = this.target.push(Buffer.from(piece));
  }

  #finish(): void {
    this.#end = 'told';
    this.target.push(null);
  }
}

/** Enough of a checksum to tell two runs apart. */
function checksum(bytes: Buffer): string {
  let sum = 0;
  for (const byte of bytes) sum = (Math.imul(sum, 31) + byte) >>> 0;
  return sum.toString(36);
}
