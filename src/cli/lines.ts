import { isUtf8 } from 'node:buffer';
import type { Readable } from 'node:stream';
import { CommandError, EXIT } from './exit.js';

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
/** The mark that Windows programs put before UTF-8 text. It is not part of the text. */
const BYTE_ORDER_MARK = Buffer.from('\uFEFF');
/** The longest line, in bytes: the size limit of a message. */
const MAX_LINE = 64 << 20;

/** One line of the input. */
export interface Line {
  readonly text: string;
  /** Its number, from 1. */
  readonly number: number;
  /** The number of bytes of the input up to the end of the line. */
  readonly position: number;
}

/**
 * Yields the lines of a stream without their ends (LF or CRLF), including a last line without an end, and without a
 * byte order mark. Text that is not UTF-8 is an error, because it would silently become other text.
 *
 * @param name The name of the stream in errors.
 */
export async function* linesOf(stream: Readable, name: string): AsyncGenerator<Line, void, undefined> {
  let pieces: Buffer[] = [];
  let length = 0;
  let number = 0;
  let position = 0;
  const line = (end: number): Line => {
    const bytes = pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces);
    pieces = [];
    length = 0;
    number++;
    position += bytes.length + end;
    if (isUtf8(bytes)) return { text: textOf(bytes, number === 1), number, position };
    throw new CommandError(`${name}, line ${number}, is not UTF-8 text. Send bytes as a file: --file.`, EXIT.input);
  };
  // A stream without an encoding yields buffers.
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    let start = 0;
    for (let end = chunk.indexOf(LINE_FEED); end !== -1; end = chunk.indexOf(LINE_FEED, start)) {
      pieces.push(chunk.subarray(start, end));
      start = end + 1;
      yield line(1);
    }
    if (start === chunk.length) continue;
    pieces.push(chunk.subarray(start));
    length += chunk.length - start;
    if (length <= MAX_LINE) continue;
    throw new CommandError(
      `${name}, line ${number + 1}, has more than ${MAX_LINE} bytes. Send it as a file: --file.`,
      EXIT.input,
    );
  }
  if (pieces.length > 0) yield line(0);
}

function textOf(line: Buffer, isFirst: boolean): string {
  const start =
    isFirst && line.subarray(0, BYTE_ORDER_MARK.length).equals(BYTE_ORDER_MARK) ? BYTE_ORDER_MARK.length : 0;
  return line.toString('utf8', start, line.at(-1) === CARRIAGE_RETURN ? line.length - 1 : line.length);
}
