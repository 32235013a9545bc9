import { randomBytes } from 'node:crypto';
import type { Clock } from '../clock.js';
import { OptionError } from '../errors.js';
import { RingBuffer } from '../queue/ring-buffer.js';
import { EventParser } from './event-parser.js';
import { Message } from './message.js';

/** An event that was sent to all clients: encoded once, whoever gets it. */
export interface LoggedEvent {
  readonly id: string;
  readonly type: string;
  readonly bytes: Buffer;
  /** The message that the event was made of. */
  readonly message: Message;
}

interface Entry extends LoggedEvent {
  readonly time: number;
}

/**
 * The limits of the history, from which clients that reconnect get what they have missed. The strictest of the three
 * counts.
 */
export interface HistoryOptions {
  /** The most events that the history holds. Default 1000; 0 holds none. */
  limit?: number | undefined;
  /** The most bytes that the history holds, as they are on the wire. Default 1 MiB. */
  maxBytes?: number | undefined;
  /** The history forgets an event that is older, in milliseconds. Default 300 000, five minutes. */
  maxAge?: number | undefined;
}

/** An event of a snapshot. */
export interface RememberedEvent {
  /** Its id. */
  readonly id: string;
  /** Its name. */
  readonly type: string;
  /** All of it, as it goes over the wire. */
  readonly text: string;
  /** The time at which it was sent, in milliseconds since 1970. */
  readonly time: number;
}

/** The history of a channel as a JSON value, for the channel that takes its place after a restart. */
export interface HistorySnapshot {
  /** The beginning of the ids that the channel gives. */
  readonly epoch: string;
  /** The number of events that the channel has sent. */
  readonly count: number;
  /** The id that came before the oldest event that is remembered. */
  readonly before: string;
  /** The events that are remembered, the oldest first. */
  readonly events: readonly RememberedEvent[];
}

/**
 * The newest events of a channel, bounded by count, bytes and age. Events have positions, which rise from 1: a client
 * is as far as its position. Bounds are looked at when something happens: there is no timer.
 */
export class EventLog {
  readonly #limits: Required<{ [Name in keyof HistoryOptions]: number }>;
  readonly #clock: Clock;
  readonly #epoch: string;
  readonly #entries = new RingBuffer<Entry>();
  readonly #positions = new Map<string, number>();
  #bytes = 0;
  #next = 1;
  /** Whoever has got this, and nothing after it, has everything that is forgotten. */
  #before: string;

  constructor(limits: Required<{ [Name in keyof HistoryOptions]: number }>, clock: Clock, from?: HistorySnapshot) {
    this.#limits = limits;
    this.#clock = clock;
    // Ids of another channel, or of this one before a restart, must never be taken for ids of this one.
    this.#epoch = from?.epoch ?? randomBytes(6).toString('base64url');
    this.#before = `${this.#epoch}-0`;
    if (from !== undefined) this.#restore(from);
  }

  /** The position the next event will have. */
  get next(): number {
    return this.#next;
  }

  /** The id of the newest event; before the first one, the id of where the channel begins. */
  get lastId(): string {
    return this.#entries.at(this.#entries.size - 1)?.id ?? this.#before;
  }

  /** The number of events that it holds. */
  get size(): number {
    return this.#entries.size;
  }

  /** The position of the oldest event it remembers, else of the next one. */
  get first(): number {
    return this.#next - this.#entries.size;
  }

  /**
   * The id the next event gets: its own, unless it has none or another event has it that is remembered. Then it is
   * numbered, or a client that has got the first of the two would miss what came between.
   */
  nextId(own: string | undefined): string {
    let id = own === undefined || this.#positions.has(own) ? `${this.#epoch}-${this.#next}` : own;
    // The program has given an event the id that this number would make.
    while (this.#positions.has(id)) id = `${this.#epoch}-${randomBytes(6).toString('base64url')}`;
    return id;
  }

  /** Adds the newest event, and forgets what goes beyond the bounds. */
  append(event: LoggedEvent): void {
    this.#keep({ ...event, time: this.#clock.now() });
    this.#forget();
  }

  /** The event with this id, if it is remembered. */
  find(id: string): LoggedEvent | undefined {
    const position = this.#positions.get(id);
    return position === undefined ? undefined : this.at(position);
  }

  /** The position after the event with this id; `undefined` when it is unknown or too old. */
  positionAfter(id: string): number | undefined {
    this.#forget();
    const position = this.#positions.get(id);
    if (position !== undefined) return position + 1;
    return id === this.#before ? this.first : undefined;
  }

  /** The event at a position; `undefined` when it is forgotten or yet to come. */
  at(position: number): LoggedEvent | undefined {
    return this.#entries.at(position - this.first);
  }

  /** Returns the history as a JSON value. */
  snapshot(): HistorySnapshot {
    this.#forget();
    const offset = this.#clock.wallNow() - this.#clock.now();
    const events = Array.from(this.#entries, ({ id, type, bytes, time }) => {
      return { id, type, text: bytes.toString(), time: time + offset };
    });
    return { epoch: this.#epoch, count: this.#next - 1, before: this.#before, events };
  }

  #keep(entry: Entry): void {
    this.#entries.push(entry);
    this.#positions.set(entry.id, this.#next++);
    this.#bytes += entry.bytes.length;
  }

  #forget(): void {
    const { limit, maxBytes, maxAge } = this.#limits;
    const oldest = this.#clock.now() - maxAge;
    for (let entry = this.#entries.peek(); entry !== undefined; entry = this.#entries.peek()) {
      if (this.#entries.size <= limit && this.#bytes <= maxBytes && entry.time >= oldest) return;
      // A later event may have the same id, if a snapshot says so.
      if (this.#positions.get(entry.id) === this.first) this.#positions.delete(entry.id);
      this.#entries.shift();
      this.#before = entry.id;
      this.#bytes -= entry.bytes.length;
    }
  }

  #restore({ count, before, events }: HistorySnapshot): void {
    const isWhole = (event: RememberedEvent): boolean =>
      [event.id, event.type, event.text].every((text) => typeof text === 'string') && Number.isFinite(event.time);
    const isSnapshot: boolean = Number.isSafeInteger(count) && typeof before === 'string' && Array.isArray(events);
    if (!isSnapshot || typeof this.#epoch !== 'string' || events.length > count || !events.every(isWhole)) {
      throw new OptionError('Option snapshot must be what snapshot() has returned.');
    }
    const offset = this.#clock.wallNow() - this.#clock.now();
    this.#before = before;
    this.#next = count - events.length + 1;
    for (const { id, type, text, time } of events) {
      const bytes = Buffer.from(text);
      this.#keep({ id, type, bytes, message: messageOf(id, type, bytes), time: time - offset });
    }
    this.#forget();
  }
}

/** The message of an event that was restored: its text as JSON, if it is some. */
function messageOf(id: string, type: string, bytes: Buffer): Message {
  const data = new EventParser({ maxEventSize: Infinity }).push(bytes)[0]?.data ?? '';
  try {
    return new Message<unknown>(type, JSON.parse(data), { id });
  } catch {
    // The serializer of the program makes other text, or the id of the event is none of a message.
    return new Message<unknown>(type, data);
  }
}
