import { InvalidMessageFormatError } from '../errors.js';
import { checkNames } from '../check-options.js';

/** An event that a server has sent. */
export interface ServerSentEvent {
  /** The event name; `message` when it has none. */
  readonly type: string;
  /** The data, as text. */
  readonly data: string;
  /** The id of the last event that had one, this one included. Empty when none had, or the last one was empty. */
  readonly lastEventId: string;
}

/** The options of an `EventParser`. */
export interface EventParserOptions {
  /** The most characters that one event may have, its longest line included. Default 1 048 576. */
  maxEventSize?: number | undefined;
  /** The id of the last event that is known from an earlier connection: events without an id have it. Default empty. */
  lastEventId?: string | undefined;
}

const LINE_END = /[\r\n]/g;

/**
 * Makes events of the bytes of a stream, however they are cut (HTML standard, §9.2.6). Time and memory are linear in
 * what comes, and bounded.
 */
export class EventParser {
  readonly #maxSize: number;
  // Takes a byte order mark off, and keeps characters whole that are cut in two.
  readonly #decoder = new TextDecoder();
  #line = '';
  /** The line ended with a CR at the end of a chunk: an LF that comes next belongs to it. */
  #isAfterReturn = false;
  #type = '';
  #data: string[] = [];
  #size = 0;
  #id: string;
  #lastEventId: string;
  #retry: number | undefined;

  constructor(options: EventParserOptions = {}) {
    checkNames('an EventParser', options, ['maxEventSize', 'lastEventId']);
    const { maxEventSize = 1_048_576, lastEventId = '' } = options;
    this.#maxSize = maxEventSize;
    this.#id = lastEventId;
    this.#lastEventId = lastEventId;
  }

  /**
   * The id of the last event that had one, or of a block that has an id only. An empty id takes it back: then there is
   * none to go on from.
   */
  get lastEventId(): string {
    return this.#lastEventId;
  }

  /** The milliseconds after which the server wants to be asked again, when it has said so. */
  get retry(): number | undefined {
    return this.#retry;
  }

  /**
   * Takes the next bytes, and returns the events they complete.
   *
   * @throws InvalidMessageFormatError when an event is too large. The parser is of no use then.
   */
  push(bytes: Uint8Array): ServerSentEvent[] {
    const events: ServerSentEvent[] = [];
    const text = this.#decoder.decode(bytes, { stream: true });
    if (text === '') return events;
    let start = this.#isAfterReturn && text.startsWith('\n') ? 1 : 0;
    this.#isAfterReturn = false;
    for (let end = nextLineEnd(text, start); end !== -1; end = nextLineEnd(text, start)) {
      const line = this.#line + text.slice(start, end);
      this.#line = '';
      const isReturn = text[end] === '\r';
      start = end + (isReturn && text[end + 1] === '\n' ? 2 : 1);
      this.#isAfterReturn = isReturn && start === text.length && text[end + 1] !== '\n';
      const event = this.#takeLine(line);
      if (event !== undefined) events.push(event);
    }
    this.#line += text.slice(start);
    this.#check(this.#line.length);
    return events;
  }

  #takeLine(line: string): ServerSentEvent | undefined {
    if (line === '') return this.#takeEvent();
    this.#check(line.length);
    const colon = line.indexOf(':');
    const field = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? '' : line.slice(colon + (line[colon + 1] === ' ' ? 2 : 1));
    if (field === 'data') {
      this.#data.push(value);
      this.#size += value.length + 1;
    } else if (field === 'event') {
      this.#type = value;
    } else if (field === 'id') {
      if (!value.includes('\0')) this.#id = value;
    } else if (field === 'retry' && /^[0-9]+$/.test(value)) {
      this.#retry = Number(value);
    }
    return undefined;
  }

  #takeEvent(): ServerSentEvent | undefined {
    const type = this.#type === '' ? 'message' : this.#type;
    const data = this.#data;
    this.#lastEventId = this.#id;
    this.#type = '';
    this.#data = [];
    this.#size = 0;
    return data.length === 0 ? undefined : { type, data: data.join('\n'), lastEventId: this.#id };
  }

  #check(length: number): void {
    if (this.#size + this.#type.length + this.#id.length + length <= this.#maxSize) return;
    throw new InvalidMessageFormatError(`An event has more than ${this.#maxSize} characters. Raise maxEventSize.`);
  }
}

function nextLineEnd(text: string, from: number): number {
  LINE_END.lastIndex = from;
  return LINE_END.exec(text)?.index ?? -1;
}
