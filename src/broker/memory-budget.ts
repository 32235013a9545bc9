import type { PeerError } from '../errors.js';
import { ByteBudget } from '../link/wire/byte-budget.js';

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
  /** The budget that connections charge the messages to that are not whole yet. */
  readonly bytes: ByteBudget;

  /** @param limit - The most bytes that all messages may take. */
  constructor(limit: number) {
    this.bytes = new ByteBudget(limit);
  }

  /** The number of bytes that they take now. */
  get used(): number {
    return this.bytes.used;
  }

  /** Returns why there is no room for `count` more messages with so many bytes together; `undefined` when there is. */
  refusal(bytes: number, count = 1): PeerError | undefined {
    const { used, limit } = this.bytes;
    if (used + bytes + count * OVERHEAD <= limit) return undefined;
    const description = `The broker keeps ${limit} bytes of messages, and no more (maxTotalBytes).`;
    return { condition: 'amqp:resource-limit-exceeded', description };
  }

  /** A message is kept. */
  add({ ownSize, tail }: CountedMessage): void {
    this.bytes.charge(ownSize + OVERHEAD);
    if (tail?.hold() === true) this.bytes.charge(tail.size);
  }

  /** A message that was kept is kept no more. */
  remove({ ownSize, tail }: CountedMessage): void {
    this.bytes.giveBack(ownSize + OVERHEAD);
    if (tail?.release() === true) this.bytes.giveBack(tail.size);
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

  /** A message has them. Returns true for the first. */
  hold(): boolean {
    return this.#holders++ === 0;
  }

  /** A message has them no more. Returns true for the last. To be called once for each `hold`. */
  release(): boolean {
    return --this.#holders === 0;
  }
}
