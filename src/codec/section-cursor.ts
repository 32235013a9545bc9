import { readUint32 } from './big-endian.js';
import { malformed } from './malformed.js';
import { skipValue } from './scan.js';
import { FOOTER, HEADER, SECTION_NAMES, isBody } from './sections.js';
import { readText } from './text.js';

/** What `code` is when there is no further section: greater than that of any. */
export const NONE = 0xff;

/** Goes from section to section of a message by their sizes, without a look at what is in them. */
export class SectionCursor {
  /** Which section this is: one of `sections.ts`, 0 before the first, `NONE` behind the last. */
  code = 0;
  /** Where the section begins: where the message ends when there is none. */
  start = 0;
  /** Where the value behind the descriptor begins. */
  value = 0;
  #buffer: Buffer = Buffer.alloc(0);
  #begin = 0;
  #end = 0;

  /** Starts before the first section of the message from `begin` to `end`. */
  open(buffer: Buffer, begin: number, end: number): void {
    this.#buffer = buffer;
    this.#begin = begin;
    this.#end = end;
    this.code = 0;
  }

  /** Goes to the next section and says whether there is one. Throws `DecodeError` when what is there is none. */
  next(): boolean {
    const buffer = this.#buffer;
    const at = this.code === 0 ? this.#begin : skipValue(buffer, this.value, this.#end, this.#begin);
    this.start = at;
    if (at >= this.#end) {
      this.code = NONE;
      return false;
    }
    const usual = at + 3 < this.#end && buffer[at] === 0 && buffer[at + 1] === 0x53;
    this.code = usual ? buffer[at + 2]! : this.#otherDescriptor(at);
    if (usual) this.value = at + 3;
    if (this.code < HEADER || this.code > FOOTER) throw this.#noSection();
    return true;
  }

  /**
   * Goes on to the section of `code`, which is not one of the body, and says whether there is one. The order of the
   * sections must have been checked: the search ends with the first that stands behind it, so that a body of a million
   * sections costs nothing.
   */
  seek(code: number): boolean {
    while (this.code < code) this.next();
    return this.code === code;
  }

  /** Goes on to the next section of a body, and says whether there is one. */
  seekBody(): boolean {
    while (!isBody(this.code) && this.code !== NONE) this.next();
    return this.code !== NONE;
  }

  /** Reads a descriptor that is not a smallulong: a ulong in full, or a symbol. */
  #otherDescriptor(at: number): number {
    const buffer = this.#buffer;
    const code = buffer[at] === 0 && at + 1 < this.#end ? buffer[at + 1] : 0;
    if (code !== 0x53 && code !== 0x80 && code !== 0xa3 && code !== 0xb3) throw this.#noSection();
    this.value = skipValue(buffer, at + 1, this.#end, this.#begin);
    if (code === 0x53) return buffer[at + 2]!;
    if (code === 0x80) return readUint32(buffer, at + 2) === 0 ? readUint32(buffer, at + 6) : 0;
    const name = readText(buffer, at + (code === 0xa3 ? 3 : 6), this.value, this.#begin);
    return SECTION_NAMES.get(name) ?? 0;
  }

  #noSection(): Error {
    return malformed('The message has something here that is not a section', this.start - this.#begin);
  }
}
