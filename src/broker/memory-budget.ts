import type { PeerError } from '../errors.js';

/** The bytes that a message counts besides its own: what the broker knows of it, and its place in a queue. */
const OVERHEAD = 256;

/** Memory that a message of a broker counts with. */
export interface CountedMessage {
  /** The bytes that are this message's alone. */
  readonly ownSize: number;
  /** The bytes that it has together with others. */
  readonly tail: SharedBytes | undefined;
}

/** The memory that all messages of a broker take together. Bytes that several messages share are counted once. */
export class MemoryBudget {
  /** The most bytes that they may take. */
  readonly limit: number;
  #used = 0;

  constructor(limit: number) {
    this.limit = limit;
  }

  /** The number of bytes that they take now. */
  get used(): number {
    return this.#used;
  }

  /** Returns why there is no room for `count` more messages with so many bytes together; `undefined` when there is. */
  refusal(bytes: number, count = 1): PeerError | undefined {
    if (this.#used + bytes + count * OVERHEAD <= this.limit) return undefined;
    const description = `The broker keeps ${this.limit} bytes of messages, and no more (maxTotalBytes).`;
    return { condition: 'amqp:resource-limit-exceeded', description };
  }

  /** A message is kept. */
  add({ ownSize, tail }: CountedMessage): void {
    this.#used += ownSize + OVERHEAD;
    if (tail?.hold() === true) this.#used += tail.size;
  }

  /** A message that was kept is kept no more. */
  remove({ ownSize, tail }: CountedMessage): void {
    this.#used -= ownSize + OVERHEAD;
    if (tail?.release() === true) this.#used -= tail.size;
  }
}

/** Bytes of a message that several deliveries have behind a header of their own: they are not written over. */
export class SharedBytes {
  #holders = 0;

  constructor(
    readonly buffer: Buffer,
    readonly start: number,
    readonly end: number,
  ) {}

  get size(): number {
    return this.end - this.start;
  }

  /** Returns true when nobody has held them before. */
  hold(): boolean {
    return this.#holders++ === 0;
  }

  /** Returns true when nobody holds them any more. To be called once for each `hold`. */
  release(): boolean {
    return --this.#holders === 0;
  }
}
