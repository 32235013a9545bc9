import { DecodeError } from '../errors.js';
import { readUint16, readUint32 } from './big-endian.js';
import { skipValue } from './scan.js';

/**
 * Steps through the fields of a performative (a described list, AMQP 1.0 §1.4), in any encoding of the list and of its
 * fields. A field that is null, or left out at the end of the list, is absent.
 */
export class FieldCursor {
  #buffer: Buffer = Buffer.alloc(0);
  #position = 0;
  #end = 0;
  #left = 0;

  /** Enters the list at `position` and returns where the list ends. The list must end at or before `end`. */
  open(buffer: Buffer, position: number, end: number): number {
    this.#buffer = buffer;
    const code = position < end ? buffer[position]! : -1;
    if (code === 0xc0 && position + 3 <= end) {
      this.#end = position + 2 + buffer[position + 1]!;
      this.#left = buffer[position + 2]!;
      this.#position = position + 3;
    } else if (code === 0xd0 && position + 9 <= end) {
      this.#end = position + 5 + readUint32(buffer, position + 1);
      this.#left = readUint32(buffer, position + 5);
      this.#position = position + 9;
    } else if (code === 0x45) {
      this.#end = position + 1;
      this.#left = 0;
      this.#position = position + 1;
    } else {
      throw new DecodeError(`A performative is not a list (byte ${position}).`);
    }
    if (this.#end > end || this.#end < this.#position || this.#left > this.#end - this.#position) {
      throw new DecodeError(`The list of a performative does not fit its frame (byte ${position}).`);
    }
    return this.#end;
  }

  /** The next field as an unsigned integer of at most 32 bits, or -1 when it is absent. */
  uint(name: string): number {
    const code = this.#next();
    const buffer = this.#buffer;
    switch (code) {
      case -1:
        return -1;
      case 0x43:
        return 0;
      case 0x50:
      case 0x52:
        return buffer[this.#take(1)]!;
      case 0x60:
        return readUint16(buffer, this.#take(2));
      case 0x70:
        return readUint32(buffer, this.#take(4));
      default:
        throw this.#wrongType(name, 'an unsigned integer');
    }
  }

  /** The next field as a boolean; false when it is absent. */
  boolean(name: string): boolean {
    switch (this.#next()) {
      case -1:
      case 0x42:
        return false;
      case 0x41:
        return true;
      case 0x56:
        return this.#buffer[this.#take(1)] !== 0;
      default:
        throw this.#wrongType(name, 'a boolean');
    }
  }

  /** Skips the next field and returns its position, or -1 when it is absent. */
  skip(): number {
    if (this.#next() === -1) return -1;
    const start = this.#position - 1;
    this.#position = skipValue(this.#buffer, start, this.#end);
    return start;
  }

  /** Checks that the next field, which is mandatory, is present. Does not skip it. */
  require(name: string): void {
    if (this.#left === 0 || this.#buffer[this.#position] === 0x40) this.missing(name);
  }

  /** Throws the error for a mandatory field that is absent. */
  missing(name: string): never {
    throw new DecodeError(`A performative lacks its mandatory field ${name}.`);
  }

  /** The constructor byte of the next field, or -1 when the field is null or left out. */
  #next(): number {
    if (this.#left === 0) return -1;
    this.#left--;
    const code = this.#buffer[this.#take(1)]!;
    return code === 0x40 ? -1 : code;
  }

  #take(bytes: number): number {
    const at = this.#position;
    if (at + bytes > this.#end) throw new DecodeError(`A performative ends inside a field (byte ${at}).`);
    this.#position = at + bytes;
    return at;
  }

  #wrongType(name: string, wanted: string): DecodeError {
    return new DecodeError(`Field ${name} of a performative is not ${wanted} (byte ${this.#position - 1}).`);
  }
}
