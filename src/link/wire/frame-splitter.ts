import { readUint32 } from '../../codec/big-endian.js';
import { ProtocolError } from '../../errors.js';

/** `AMQP`, the start of a protocol header, read as a frame size. It is far above any frame size allowed. */
const PROTOCOL_HEADER = 0x414d_5150;
const PROTOCOL_HEADER_SIZE = 8;
/** A frame header is eight bytes, so no frame is smaller (AMQP 1.0 §2.3.1). */
const MIN_FRAME_SIZE = 8;

/** Takes whole frames, and protocol headers, as they come in. Returns false to stop. */
export type FrameHandler = (buffer: Buffer, start: number, end: number) => boolean;

/**
 * Cuts a stream of bytes, split anywhere, into frames. A frame that lies within one chunk is handed on in place; only
 * one that straddles chunks is put together in a buffer of its own. A frame larger than `maxFrameSize` is refused as
 * soon as its size is known, before any of it is kept.
 */
export class FrameSplitter {
  readonly #maxFrameSize: number;
  readonly #handle: FrameHandler;
  /** A frame that has begun: its bytes so far. While its size is not known yet, a buffer of four bytes. */
  #partial: Buffer | undefined;
  #filled = 0;
  #sizeKnown = false;

  constructor(maxFrameSize: number, handle: FrameHandler) {
    this.#maxFrameSize = maxFrameSize;
    this.#handle = handle;
  }

  /**
   * Takes the next bytes. Returns how many it has used: all of them, or up to the frame at which it was stopped.
   * Throws `ProtocolError` when they announce a frame that is too large or too small.
   */
  push(chunk: Buffer): number {
    let position = 0;
    while (this.#partial !== undefined) {
      position += this.#fill(chunk, position);
      if (this.#filled < this.#partial.length) return position;
      if (!this.#complete(this.#partial)) return position;
    }
    while (chunk.length - position >= 4) {
      const size = this.#frameSize(chunk, position);
      if (chunk.length - position < size) break;
      position += size;
      if (!this.#handle(chunk, position - size, position)) return position;
    }
    if (position < chunk.length) this.#begin(chunk, position);
    return chunk.length;
  }

  #frameSize(buffer: Buffer, at: number): number {
    const size = readUint32(buffer, at);
    if (size === PROTOCOL_HEADER) return PROTOCOL_HEADER_SIZE;
    if (size < MIN_FRAME_SIZE || size > this.#maxFrameSize) {
      throw new ProtocolError(
        `The peer sent a frame of ${size} bytes; frames here have ${MIN_FRAME_SIZE} to ${this.#maxFrameSize}. ` +
          'Check that it speaks AMQP 1.0 and honours max-frame-size, or raise maxFrameSize.',
      );
    }
    return size;
  }

  #begin(chunk: Buffer, position: number): void {
    this.#sizeKnown = chunk.length - position >= 4;
    this.#partial = Buffer.allocUnsafe(this.#sizeKnown ? this.#frameSize(chunk, position) : 4);
    this.#filled = chunk.copy(this.#partial, 0, position);
  }

  /** Adds to the frame that has begun. Returns how many bytes that took. */
  #fill(chunk: Buffer, position: number): number {
    const copied = chunk.copy(this.#partial!, this.#filled, position);
    this.#filled += copied;
    return copied;
  }

  /** The partial buffer is full: it holds the size of a frame, or the whole frame. Returns false to stop. */
  #complete(partial: Buffer): boolean {
    if (this.#sizeKnown) {
      this.#partial = undefined;
      return this.#handle(partial, 0, partial.length);
    }
    this.#sizeKnown = true;
    this.#partial = Buffer.allocUnsafe(this.#frameSize(partial, 0));
    partial.copy(this.#partial);
    return true;
  }
}
