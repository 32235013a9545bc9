import { uniqueId } from '../unique-id.js';
import { OptionError } from '../errors.js';
import { onAbort } from '../wait.js';
import { encodeEvent } from './event-encoder.js';
import type { EventLog, LoggedEvent } from './event-log.js';
import type { EventSink } from './event-sink.js';
import { RESYNC } from './message.js';
import type { Message } from './message.js';

/** The treatment of a client that is too slow: see `SseChannelOptions.slowClients`. */
export type SlowClientPolicy = 'close' | 'resync';

/** An event, as filters see it. */
export interface FilteredEvent {
  /** Its id. */
  readonly id: string;
  /** The name of the event: the type of the message, unless `adapt` makes another. */
  readonly type: string;
  /**
   * The message. In a history that was restored from a snapshot, the payload is the text of the event, read as JSON.
   */
  readonly message: Message;
}

/** A filter that decides which events a client gets. */
export type EventFilter = (event: FilteredEvent) => boolean;

/**
 * The state of a client. `replaying`: it has reconnected, or had as many bytes waiting as it may, and gets the events
 * of the log as fast as it reads. `live`: it gets every event at once. `closed`: it has gone.
 */
export type SessionState = 'replaying' | 'live' | 'closed';

/** What the channel gives a session. */
export interface SessionSettings {
  readonly log: EventLog;
  /** The most bytes that may wait for the client. */
  readonly maxBytes: number;
  readonly slowClients: SlowClientPolicy;
  readonly retry: number;
  readonly filter: EventFilter | undefined;
  /** Called with an error of the filter. The session ends the client. */
  readonly onError: (error: unknown) => void;
  now(): number;
  /** Calls back when other clients have had their turn. */
  readonly defer: (callback: () => void) => void;
  /** Aborted when the client has left, for a sink that cannot tell so. */
  readonly signal?: AbortSignal | undefined;
  /** Called when the client has read something, or has gone. */
  changed(session: SseSession): void;
}

/** A client that replays gets so many bytes of the log in one write; other clients have their turn in between. */
const SLICE = 65_536;
/** A client that replays has so many events looked at in one turn, since its filter may let none through. */
const SLICE_EVENTS = 1000;

/**
 * One client of a log. The session knows which events the client has got, which wait for it, and what to do when it
 * does not read.
 */
export class SseSession {
  /** Tells it from other clients. */
  readonly id: string = uniqueId();
  readonly #settings: SessionSettings;
  #callOff = (): void => undefined;
  // Set by `open`, before anything else is called.
  #sink!: EventSink;
  #state: SessionState = 'replaying';
  #isEnding = false;
  /** The bytes that the client gets last. */
  #last: Buffer | undefined;
  /** The position of the next event to replay. */
  #cursor = 0;
  #isDeferred = false;
  /** The time since which the client has no room for more, and the position of the event that has filled it. */
  #blocked: { readonly since: number; readonly position: number } | undefined;

  constructor(settings: SessionSettings) {
    this.#settings = settings;
  }

  /** The state of the client. */
  get state(): SessionState {
    return this.#state;
  }

  /** The number of bytes that wait for the client. */
  get bufferedBytes(): number {
    return this.#state === 'closed' ? 0 : this.#sink.bufferedBytes;
  }

  /** The time since which the client has not read what waits for it; `undefined` when nothing waits. */
  get blockedSince(): number | undefined {
    return this.#blocked?.since;
  }

  /** The position before which the client has got every event, or will never get it. */
  get flushed(): number {
    if (this.#state === 'closed') return Infinity;
    const replayed = this.#state === 'replaying' ? Math.max(this.#cursor, this.#settings.log.first) : Infinity;
    return Math.min(replayed, this.#blocked?.position ?? Infinity);
  }

  /** Begins. `lastEventId` is the id of the last event that the client has got. */
  open(sink: EventSink, lastEventId: string | undefined): void {
    this.#sink = sink;
    const { log, retry, signal } = this.#settings;
    const position = lastEventId === undefined ? log.next : log.positionAfter(lastEventId);
    this.#cursor = position ?? log.next;
    // A client that gets no event before it comes back knows this id, and misses nothing.
    this.#write(encodeEvent({ retry, id: position === log.next ? log.lastId : undefined }));
    if (position === undefined) this.#resync(lastEventId);
    this.#replay();
    if (signal !== undefined && this.#state !== 'closed') this.#callOff = onAbort(signal, () => this.destroy());
  }

  /**
   * Sends an event that was added to the log. A client that has as many bytes waiting as it may gets the event from the
   * log later, as it reads.
   */
  deliver(event: LoggedEvent): void {
    const { maxBytes, log, slowClients } = this.#settings;
    if (this.#state === 'replaying' && slowClients === 'close' && this.#cursor < log.first) this.destroy();
    if (this.#state !== 'live') return;
    const position = log.next - 1;
    if (this.#blocked !== undefined && this.#sink.bufferedBytes + event.bytes.length > maxBytes) {
      this.#state = 'replaying';
      this.#cursor = position;
    } else if (this.#wants(event)) {
      this.#write(event.bytes, position);
    }
  }

  /** Writes bytes for this client only. False when the client has as many bytes waiting as it may, or has gone. */
  push(bytes: Buffer): boolean {
    if (this.#state === 'closed' || this.#isEnding) return false;
    if (this.#blocked !== undefined && this.bufferedBytes + bytes.length > this.#settings.maxBytes) return false;
    this.#write(bytes);
    return true;
  }

  /** Sends the client a heartbeat, unless it has not read what waits for it. */
  heartbeat(bytes: Buffer): void {
    if (this.#state === 'live' && this.#blocked === undefined) this.#write(bytes);
  }

  /** Ends the session when the client has got every event, and then `last`. Ending again does nothing. */
  finish(last: Buffer | undefined): void {
    if (this.#isEnding || this.#state === 'closed') return;
    this.#isEnding = true;
    this.#last = last;
    if (this.#state === 'live') this.#end();
  }

  /** Ends the session at once. */
  destroy(): void {
    if (this.#state !== 'closed') this.#sink.destroy();
    this.closed();
  }

  /** The sink has sent the bytes that waited. */
  drained(): void {
    if (this.#state === 'closed') return;
    this.#blocked = undefined;
    if (this.#state === 'replaying') this.#replayLater();
    this.#settings.changed(this);
  }

  /** The client has gone, or the response has ended. Called again, it does nothing. */
  closed(): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#blocked = undefined;
    this.#callOff();
    this.#settings.changed(this);
  }

  #replay(): void {
    const { log } = this.#settings;
    if (this.#state !== 'replaying' || this.#blocked !== undefined) return;
    const first = this.#cursor;
    if (first < log.first) {
      this.#tooSlow();
      return;
    }
    const slice = this.#nextSlice();
    if (slice.length > 0) this.#write(Buffer.concat(slice), first);
    this.#goOn();
  }

  /** Goes on after a slice was replayed. The filter may have ended the session meanwhile. */
  #goOn(): void {
    if (this.#state !== 'replaying') return;
    if (this.#cursor === this.#settings.log.next) this.#live();
    else if (this.#blocked === undefined) this.#replayLater();
  }

  /** Returns the bytes of the next events for the client, and moves the cursor past them. */
  #nextSlice(): Buffer[] {
    const { log, maxBytes } = this.#settings;
    const slice: Buffer[] = [];
    const end = Math.min(log.next, this.#cursor + SLICE_EVENTS);
    const most = Math.min(SLICE, maxBytes);
    for (
      let size = 0;
      this.#cursor < end && (size === 0 || size < most) && this.#state === 'replaying';
      this.#cursor++
    ) {
      const event = log.at(this.#cursor);
      if (event === undefined || !this.#wants(event)) continue;
      slice.push(event.bytes);
      size += event.bytes.length;
    }
    return slice;
  }

  #replayLater(): void {
    if (this.#isDeferred) return;
    this.#isDeferred = true;
    this.#settings.defer(() => {
      this.#isDeferred = false;
      this.#replay();
    });
  }

  /**
   * Asks the filter whether the client gets an event. A filter that throws ends this client, so that it neither sees
   * every event nor disturbs other clients.
   */
  #wants(event: LoggedEvent): boolean {
    const { filter, onError } = this.#settings;
    try {
      const isWanted: unknown = filter === undefined || filter(event);
      if (typeof isWanted === 'boolean') return isWanted;
      throw new OptionError('The filter hook must return true or false.');
    } catch (error) {
      this.destroy();
      onError(error);
      return false;
    }
  }

  #live(): void {
    this.#state = 'live';
    if (this.#isEnding) this.#end();
  }

  #end(): void {
    if (this.#last !== undefined) this.#sink.write(this.#last);
    this.#sink.end();
  }

  /** The log has forgotten the event that the client was to get next. */
  #tooSlow(): void {
    if (this.#settings.slowClients === 'close') {
      this.destroy();
    } else {
      this.#cursor = this.#settings.log.next;
      this.#resync(undefined);
      this.#live();
    }
  }

  #resync(lastEventId: string | undefined): void {
    const { log } = this.#settings;
    const reason = lastEventId === undefined ? 'too-slow' : 'unknown-id';
    this.#write(encodeEvent({ event: RESYNC, id: log.lastId, data: JSON.stringify({ reason, lastEventId }) }));
  }

  #write(bytes: Buffer, position: number = this.#settings.log.next): void {
    if (this.#sink.write(bytes) || this.#blocked !== undefined) return;
    this.#blocked = { since: this.#settings.now(), position };
    this.#settings.changed(this);
  }
}
