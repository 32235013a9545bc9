/** The most bytes that a pool keeps: 4 MiB. */
const MOST_SPARE_BYTES = 1 << 22;
/** The largest slab that a pool keeps, in bytes. A few larger ones would drive all others out. */
const LARGEST_KEPT = MOST_SPARE_BYTES / 8;

/**
 * Memory that records are written into. Every owner of bytes in it calls `hold`, and `release` once for each `hold`.
 * After the last release it goes back to its pool. If a release is missing, the slab is garbage-collected instead of
 * used again.
 */
export class Slab {
  readonly buffer: Buffer;
  readonly #pool: SlabPool | undefined;
  #holders = 0;

  /** @param pool The pool that it goes back to. Without one, it is not used again. */
  constructor(size: number, pool?: SlabPool) {
    this.buffer = Buffer.allocUnsafeSlow(size);
    this.#pool = pool;
  }

  hold(): void {
    this.#holders++;
  }

  release(): void {
    if (--this.#holders === 0) this.#pool?.add(this);
  }
}

/**
 * Slabs that nobody holds, to be used again. The last one added is taken first: the processor may still have it in its
 * cache.
 *
 * New memory for every 64 KiB sent would make V8 collect the whole heap again and again, because V8 counts memory
 * outside the heap.
 */
export class SlabPool {
  readonly #usualSize: number;
  readonly #spare: Slab[] = [];
  #bytes = 0;

  /**
   * @param usualSize The size that is taken most often, in bytes. A call that asks for this size gets exactly this
   * size.
   */
  constructor(usualSize: number) {
    this.#usualSize = usualSize;
  }

  /** Takes a slab of at least `size` bytes and at most a quarter more. Makes one when there is none. */
  take(size: number): Slab {
    if (size > LARGEST_KEPT) return new Slab(size);
    const most = size === this.#usualSize ? size : size + (size >>> 2);
    for (let index = this.#spare.length - 1; index >= 0; index--) {
      const slab = this.#spare[index]!;
      const { length } = slab.buffer;
      if (length < size || length > most) continue;
      this.#spare.splice(index, 1);
      this.#bytes -= length;
      return slab;
    }
    return new Slab(size, this);
  }

  /** Adds a slab that nobody holds any more. The slabs that have been unused for longest make room for it. */
  add(slab: Slab): void {
    this.#spare.push(slab);
    this.#bytes += slab.buffer.length;
    while (this.#bytes > MOST_SPARE_BYTES) this.#bytes -= this.#spare.shift()!.buffer.length;
  }
}
