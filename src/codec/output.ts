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
    const room = this.buffer.length - this.position;
    // A slab made for one large record serves no other: small ones would keep all of it in memory.
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
    this.slab.release();
    this.slab = slab;
    this.buffer = slab.buffer;
  }

  #newSlab(size: number): Slab {
    return this.#pool?.take(size) ?? new Slab(size);
  }
}
