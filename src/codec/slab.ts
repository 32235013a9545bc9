/** All that a pool keeps: 4 MiB. */
const MOST_SPARE_BYTES = 1 << 22;
/** Larger slabs, in bytes, are not kept: a few of them would drive all others out. */
const LARGEST_KEPT = MOST_SPARE_BYTES / 8;

/**
 * Memory that records are written into. Whoever needs bytes of it holds it, and releases it once for each time. When
 * nobody does any more, it goes back to its pool. Who never releases it costs nothing but that: then it is collected.
 */
export class Slab {
  readonly buffer: Buffer;
  readonly #pool: SlabPool | undefined;
  #holders = 0;

  /** @param pool Where it goes to be used again; without, it never is. */
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
 * Slabs that nobody holds, to be used again: the last one first, which the processor may still have in its cache.
 *
 * New memory for every 64 KiB sent would have V8 collect the whole heap again and again: it takes what lies outside
 * the heap for a reason to.
 */
export class SlabPool {
  readonly #usualSize: number;
  readonly #spare: Slab[] = [];
  #bytes = 0;

  /** @param usualSize The size that is taken most often, in bytes. Who asks for it gets no other. */
  constructor(usualSize: number) {
    this.#usualSize = usualSize;
  }

  /** A slab of at least `size` bytes, and at most a quarter more. */
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

  /** Keeps a slab that nobody holds any more. Those that nobody wanted for longest make room for it. */
  add(slab: Slab): void {
    this.#spare.push(slab);
    this.#bytes += slab.buffer.length;
    while (this.#bytes > MOST_SPARE_BYTES) this.#bytes -= this.#spare.shift()!.buffer.length;
  }
}
