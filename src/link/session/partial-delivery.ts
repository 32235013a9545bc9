import type { ByteBudget } from '../wire/byte-budget.js';

/** The most room that is made at a time for a message that comes in parts: 1 MiB. */
const LARGEST_PIECE = 1 << 20;

/**
 * A message whose frames are still coming. Its bytes are copied into pieces that grow with it: left in place, a frame
 * of one byte would keep the whole chunk of input it came in, and a peer could fill the memory with those.
 */
export class PartialDelivery {
  /** Any frame of it may say so (AMQP 1.0 §2.7.5, `settled`). */
  settled = false;
  /** The number of bytes that have come. */
  size = 0;
  readonly #budget: ByteBudget;
  readonly #pieces: Buffer[] = [];
  #last: Buffer = Buffer.alloc(0);
  #filled = 0;

  /** @param budget - The budget that its bytes are taken from. */
  constructor(
    readonly id: number,
    /** The message-format of its first frame: later ones need not repeat it. */
    readonly messageFormat: number,
    budget: ByteBudget,
  ) {
    this.#budget = budget;
  }

  /** Adds the payload of a frame: `buffer[start, end)`. Returns false when there is no room for it. */
  add(buffer: Buffer, start: number, end: number): boolean {
    if (!this.#budget.take(end - start)) return false;
    const copied = buffer.copy(this.#last, this.#filled, start, end);
    this.#filled += copied;
    this.size += end - start;
    const left = end - start - copied;
    if (left === 0) return true;
    if (this.#filled > 0) this.#pieces.push(this.#last);
    this.#last = Buffer.allocUnsafe(Math.max(left, Math.min(this.size, LARGEST_PIECE)));
    this.#filled = buffer.copy(this.#last, 0, end - left, end);
    return true;
  }

  /** It is whole, or will never be. To be called once. */
  end(): void {
    this.#budget.giveBack(this.size);
  }

  /** The message, in one piece. */
  whole(): Buffer {
    return Buffer.concat([...this.#pieces, this.#last], this.size);
  }
}
