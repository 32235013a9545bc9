import { EventParser } from '../../../src/channels/event-parser.js';
import type { ServerSentEvent } from '../../../src/channels/event-parser.js';
import type { EventSink } from '../../../src/channels/event-sink.js';

/** A client that reads when a test says so. */
export class FakeSink implements EventSink {
  /** Everything that was written, read or not. */
  readonly written: Buffer[] = [];
  state: 'open' | 'ended' | 'destroyed' = 'open';
  #waiting = 0;

  /** @param highWaterMark - How many bytes it takes before it has enough. */
  constructor(readonly highWaterMark = 0) {}

  get bufferedBytes(): number {
    return this.#waiting;
  }

  /** The events that were written. */
  get events(): ServerSentEvent[] {
    return new EventParser().push(Buffer.concat(this.written));
  }

  /** The data of the events that were written. */
  get data(): string[] {
    return this.events.map(({ data }) => data);
  }

  write(bytes: Buffer): boolean {
    if (this.state !== 'open') return true;
    this.written.push(bytes);
    this.#waiting += bytes.length;
    return this.#waiting < this.highWaterMark;
  }

  end(): void {
    if (this.state === 'open') this.state = 'ended';
  }

  destroy(): void {
    this.state = 'destroyed';
  }

  /** The client has read what waited. Tell the session. */
  read(): void {
    this.#waiting = 0;
  }
}
