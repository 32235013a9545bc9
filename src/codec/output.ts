import { storeUint32 } from './big-endian.js';
import { Slab, SlabPool } from './slab.js';

/** A record begins in a new slab when the current one has fewer bytes left than this. */
const LEAST_ROOM = 512;

/**
 * Writes bytes to be sent, as records one after the other in slabs of memory.
 *
 * A finished record is neither moved nor overwritten, so its owner can keep `buffer` and two offsets, and hand those
 * bytes to a socket later without a copy. Only the record being written may move. Where slabs are used again, the owner
 * must hold `slab` meanwhile.
 */
export class Output {
  /** The slab the record is written into, and its memory. */
  slab: Slab;
  buffer: Buffer;
  /** The beginning of the record being written, including its headroom. */
  start = 0;
  /** The next byte to write. */
  position = 0;
  readonly #slabSize: number;
  readonly #pool: SlabPool | undefined;
  /** The place where the record began before it moved. Its slab is held, so that the rest of it can still be used. */
  #begun: { readonly slab: Slab; readonly position: number } | undefined;

  /**
   * @param slabSize The size of a slab, in bytes. Default 64 KiB.
   * @param isReused True to write again into slabs that nobody holds. Default false.
   */
  constructor(slabSize = 65_536, isReused = false) {
    this.#slabSize = slabSize;
    this.#pool = isReused ? new SlabPool(slabSize) : undefined;
    this.slab = this.#newSlab(slabSize);
    this.slab.hold();
    this.buffer = this.slab.buffer;
  }

  /** Begins a record. Leaves `headroom` bytes free, for a frame header that is filled in later. */
  open(headroom: number): void {
    // A slab for one large record is not used for small ones, which would keep all of it in memory.
    if (this.buffer.length > this.#slabSize) this.#goBack();
    this.#begun?.slab.release();
    this.#begun = undefined;
    const room = this.buffer.length - this.position;
    if (room < headroom + LEAST_ROOM || this.buffer.length > this.#slabSize) {
      this.#take(Math.max(this.#slabSize, headroom + LEAST_ROOM));
      this.position = 0;
    }
    this.start = this.position;
    this.position += headroom;
  }

  /**
   * Makes room for `bytes` more bytes. When they do not fit, the record moves to a new slab: `buffer`, `start` and
   * `position` change.
   */
  need(bytes: number): void {
    if (bytes > this.buffer.length - this.position) this.#grow(bytes);
  }

  /** Discards the record being written. Does nothing when there is none. */
  abandon(): void {
    this.position = this.start;
    this.#goBack();
  }

  /** Writes one byte. The caller has made room with `need`. */
  u8(byte: number): void {
    this.buffer[this.position++] = byte;
  }

  /** Writes four bytes in network order. The caller has made room with `need`. */
  u32(value: number): void {
    storeUint32(this.buffer, this.position, value);
    this.position += 4;
  }

  /** Writes the bytes of `source` from `start` to `end`, and makes room for them. */
  bytes(source: Uint8Array, start: number, end: number): void {
    this.need(end - start);
    this.buffer.set(start === 0 && end === source.length ? source : source.subarray(start, end), this.position);
    this.position += end - start;
  }

  /**
   * Takes exactly what a large piece needs, but at least half as much again, so that many small pieces cause few moves.
   */
  #grow(bytes: number): void {
    const used = this.position - this.start;
    const { buffer, start, position } = this;
    if (this.#begun === undefined) {
      this.slab.hold();
      this.#begun = { slab: this.slab, position: start };
    }
    // The bytes of a released slab stay until they are copied below: nothing else is written before.
    this.#take(Math.max(this.#slabSize, used + Math.max(bytes, used >>> 1)));
    buffer.copy(this.buffer, 0, start, position);
    this.start = 0;
    this.position = used;
  }

  /** Continues in another slab. */
  #take(size: number): void {
    const slab = this.#newSlab(size);
    slab.hold();
    this.#leaveFor(slab);
  }

  /**
   * Returns to the slab where the record began, if the record has moved. Otherwise a small record would keep the rest
   * of that slab for itself.
   */
  #goBack(): void {
    if (this.#begun === undefined) return;
    const { slab, position } = this.#begun;
    this.#begun = undefined;
    this.#leaveFor(slab);
    this.start = this.position = position;
  }

  /** @param slab Held for this output already. */
  #leaveFor(slab: Slab): void {
    this.slab.release();
    this.slab = slab;
    this.buffer = slab.buffer;
  }

  #newSlab(size: number): Slab {
    return this.#pool?.take(size) ?? new Slab(size);
  }
}
