import { readUint32 } from './big-endian.js';
import { malformed } from './malformed.js';
import { skipValue } from './scan.js';
import { FOOTER, HEADER, SECTION_NAMES, isBody } from './sections.js';
import { readText } from './text.js';

/** The `code` behind the last section: greater than that of any section. */
export const NONE = 0xff;

/** Steps from section to section of a message by their sizes, without looking inside. */
export class SectionCursor {
  /** The current section: one of `sections.ts`, 0 before the first, `NONE` behind the last. */
  code = 0;
  /** The position of the section, or the end of the message behind the last. */
  start = 0;
  /** The position of the value behind the descriptor. */
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

  /**
   * Gets ready to look for a section of `code`. Programs read the sections of a message one after the other, so it stays
   * where it stands in this message, unless that is behind it. The order of the sections must have been checked; a footer may
   * stand in front of the body all the same.
   */
  reopen(buffer: Buffer, begin: number, end: number, code: number): void {
    const isThere =
      this.#buffer === buffer && this.#begin === begin && this.#end === end && this.code <= code && !isBody(this.code);
    if (!isThere) this.open(buffer, begin, end);
  }

  /** Moves to the next section. Returns false when there is none. Throws `DecodeError` for anything else. */
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
   * Moves on to the section of `code`, which must not be one of the body. Returns false when there is none. The order
   * of the sections must have been checked: the search ends at the first section of a later kind, so that a body of a
   * million sections costs nothing.
   */
  seek(code: number): boolean {
    while (this.code < code) this.next();
    return this.code === code;
  }

  /** Moves on to the next section of a body. Returns false when there is none. */
  seekBody(): boolean {
    while (!isBody(this.code) && this.code !== NONE) this.next();
    return this.code !== NONE;
  }

  /** Reads a descriptor in another form than smallulong: a ulong of 8 bytes, or a symbol. */
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
