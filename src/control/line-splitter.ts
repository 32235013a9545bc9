import { ProtocolError } from '../errors.js';

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

/** Cuts incoming bytes into lines. Holds at most one line, and never more of it than the limit. */
export class LineSplitter {
  readonly #maxLength: number;
  #pieces: Buffer[] = [];
  #length = 0;

  /** @param maxLength The most bytes a line may have, its end not counted. */
  constructor(maxLength: number) {
    this.#maxLength = maxLength;
  }

  /** The number of bytes of an unfinished line that it holds. */
  get pending(): number {
    return this.#length;
  }

  /**
   * The lines that a piece of input completes, without their ends (LF or CR LF). Empty lines are left out.
   *
   * @throws ProtocolError when a line is longer than the limit. The lines before it have been given by then.
   */
  *push(bytes: Buffer): Generator<Buffer, void, undefined> {
    let start = 0;
    for (let end = bytes.indexOf(LINE_FEED); end !== -1; end = bytes.indexOf(LINE_FEED, start)) {
      this.#keep(bytes.subarray(start, end));
      start = end + 1;
      const line = this.#finish();
      if (line.length > 0) yield line;
    }
    if (start < bytes.length) this.#keep(bytes.subarray(start));
  }

  /** Everything since the last line end, as one piece. It is given up. */
  rest(): Buffer {
    const rest = this.#pieces.length === 1 ? this.#pieces[0]! : Buffer.concat(this.#pieces);
    this.#pieces = [];
    this.#length = 0;
    return rest;
  }

  #keep(piece: Buffer): void {
    // One more for the carriage return, of which nobody knows yet whether it ends the line.
    if (this.#length + piece.length > this.#maxLength + 1) throw this.#tooLong();
    this.#pieces.push(piece);
    this.#length += piece.length;
  }

  #finish(): Buffer {
    const rest = this.rest();
    const line = rest.at(-1) === CARRIAGE_RETURN ? rest.subarray(0, -1) : rest;
    if (line.length > this.#maxLength) throw this.#tooLong();
    return line;
  }

  #tooLong(): ProtocolError {
    return protocolError(`A line has more than ${this.#maxLength} bytes. Send less at once, or raise maxFrameSize.`);
  }
}

/** The other side broke the rules of the controller's protocol. It has no AMQP condition, since it is not AMQP. */
export function protocolError(message: string, cause?: unknown): ProtocolError {
  return new ProtocolError(message, { condition: undefined, cause });
}
