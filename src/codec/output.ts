import { storeUint32 } from './big-endian.js';
import { Slab, SlabPool } from './slab.js';

/** With less room than this left in a slab, in bytes, a record begins in a fresh one. */
const LEAST_ROOM = 512;

/**
 * Where bytes to be sent are written: records, one after the other, in slabs of memory.
 *
 * A record that has been written stays where it is and is not written over, so whoever keeps `buffer`, the beginning and
 * the end of it can hand those bytes to a socket later without a copy. Only the record being written may move. When slabs
 * are used again, that holds for as long as somebody holds `slab`.
 */
export class Output {
  /** The slab the record is written into, and its memory. */
  slab: Slab;
  buffer: Buffer;
  /** Where the record being written begins, headroom included. */
  start = 0;
  /** The next byte to write. */
  position = 0;
  readonly #slabSize: number;
  readonly #pool: SlabPool | undefined;
  /** Where the record began, when it has moved since. Held, so that the rest of it can still be used. */
  #begun: { readonly slab: Slab; readonly position: number } | undefined;

  /**
   * @param slabSize How much memory is taken at a time, in bytes. Default 64 KiB.
   * @param isReused Whether slabs that nobody holds are written into again. Default false.
   */
  constructor(slabSize = 65_536, isReused = false) {
    this.#slabSize = slabSize;
    this.#pool = isReused ? new SlabPool(slabSize) : undefined;
    this.slab = this.#newSlab(slabSize);
    this.slab.hold();
    this.buffer = this.slab.buffer;
  }

  /** Begins a record, `headroom` bytes of which are left free for a frame header to be filled in later. */
  open(headroom: number): void {
    // A slab made for one large record serves no small ones: they would keep all of it in memory.
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
   * Makes sure that `bytes` more bytes fit. When they do not, the record moves to a new slab, and `buffer`, `start` and
   * `position` change.
   */
  need(bytes: number): void {
    if (bytes > this.buffer.length - this.position) this.#grow(bytes);
  }

  /** Forgets the record being written. May be called again, and before any record. */
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

  /** Takes exactly what a large piece needs, but at least half as much again, so that many small ones are few moves. */
  #grow(bytes: number): void {
    const used = this.position - this.start;
    const { buffer, start, position } = this;
    if (this.#begun === undefined) {
      this.slab.hold();
      this.#begun = { slab: this.slab, position: start };
    }
    // Its bytes are still there after it was let go: nothing else is written before they are copied.
    this.#take(Math.max(this.#slabSize, used + Math.max(bytes, used >>> 1)));
    buffer.copy(this.buffer, 0, start, position);
    this.start = 0;
    this.position = used;
  }

  /** Goes on in another slab. */
  #take(size: number): void {
    const slab = this.#newSlab(size);
    slab.hold();
    this.#leaveFor(slab);
  }

  /** Goes on where the record began, if it has moved: a small one before it would keep the rest of that slab for itself. */
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
