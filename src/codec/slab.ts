/** Slabs kept to be used again, at most. With 64 KiB each, 2 MiB. */
const MOST_SPARE = 32;

/**
 * Memory that records are written into. Whoever needs bytes of it holds it, and releases it once for each time. When
 * nobody does any more, it joins the spare ones. Who never releases it costs nothing but that: then it is collected.
 *
 * New memory for every 64 KiB sent would have V8 collect the whole heap again and again: it takes what lies outside
 * the heap for a reason to.
 */
export class Slab {
  readonly buffer: Buffer;
  readonly #spare: Slab[] | undefined;
  #holders = 0;

  /** @param spare Where it goes to be used again; without, it never is. */
  constructor(size: number, spare?: Slab[]) {
    this.buffer = Buffer.allocUnsafeSlow(size);
    this.#spare = spare;
  }

  hold(): void {
    this.#holders++;
  }

  release(): void {
    if (--this.#holders === 0 && this.#spare !== undefined && this.#spare.length < MOST_SPARE) this.#spare.push(this);
  }
}
