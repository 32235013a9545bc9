import { InvalidMessageFormatError, asError } from '../errors.js';
import type { AbstractChannel } from './abstract-channel.js';
import { encodeEvent, eventIdOf } from './event-encoder.js';
import { EventLog } from './event-log.js';
import type { LoggedEvent } from './event-log.js';
import { CHANNEL_CLOSED } from './message.js';
import type { Message } from './message.js';
import { SseClients } from './sse-clients.js';
import type { SseChannelSettings } from './sse-options.js';

/** The fields of an event: the streams of an `SseChannel` give out such objects. */
export interface SseEvent {
  /** The event name: the type of the message. */
  readonly event: string;
  /** The event id: the id of the message, when it has one. */
  readonly id?: string | undefined;
  /** The milliseconds after which a client that has lost its connection comes back. */
  readonly retry?: number | undefined;
  /** The payload of the message. */
  readonly data: unknown;
}

/** A feed waits at least so long for a client that does not read, in milliseconds. */
const PATIENCE = 5000;

/** An `SseChannel` as its feeds and its clients see it: it makes events of messages, and has their log. */
export class SseContext {
  readonly channel: AbstractChannel<SseEvent>;
  readonly settings: SseChannelSettings;
  /** The events that the channel has broadcast. */
  readonly log: EventLog;
  /** The clients that get the events of this log. */
  readonly clients: SseClients;
  /** A feed, or a listener with clients of its own, waits so long for a client that does not read, in milliseconds. */
  readonly patience: number;

  constructor(channel: AbstractChannel<SseEvent>, settings: SseChannelSettings) {
    const { history, snapshot, clock, patience } = settings;
    this.channel = channel;
    this.settings = settings;
    this.log = new EventLog(history, clock, snapshot);
    this.clients = new SseClients({ ...settings, log: this.log });
    this.patience = Math.max(patience, PATIENCE);
  }

  /**
   * Makes the event of a message, to be the next in a log.
   *
   * @throws InvalidMessageFormatError when the message cannot be an event.
   */
  eventOf(message: Message, log: EventLog): LoggedEvent {
    try {
      const event = this.channel.adapt(message);
      const id = log.nextId(event.id === undefined ? undefined : eventIdOf(event.id));
      return { id, type: event.event, bytes: this.#encode({ ...event, id }), message };
    } catch (error) {
      if (error instanceof InvalidMessageFormatError) throw error;
      const why = `A message of type ${message.type} cannot be an event: ${asError(error).message}`;
      throw new InvalidMessageFormatError(why, { cause: error });
    }
  }

  /** The event that tells the end. Without an id: clients come back with that of the last real event. */
  lastEvent(message: Message): Buffer {
    try {
      return this.#encode({ ...this.channel.adapt(message), id: undefined });
    } catch (error) {
      // A channel must be able to close, whatever its hooks make of a message without payload.
      this.channel.report(error);
      return encodeEvent({ event: CHANNEL_CLOSED, data: 'null' });
    }
  }

  /** True when the log has the event of a message: the same id, and the same bytes. */
  remembers(message: Message): boolean {
    try {
      const event = this.channel.adapt(message);
      const known = event.id === undefined ? undefined : this.log.find(eventIdOf(event.id));
      return known?.bytes.equals(this.#encode(event)) ?? false;
    } catch {
      // `broadcast` rejects a message that cannot be an event.
      return false;
    }
  }

  /** `retry` is told once, when a client comes. */
  #encode({ event, id, data }: SseEvent): Buffer {
    const text: unknown = this.settings.serializer(data);
    // A browser would drop an event without data, and tell nobody.
    if (typeof text !== 'string') throw new InvalidMessageFormatError('The serializer must return a string.');
    return encodeEvent({ id: id === undefined ? undefined : eventIdOf(id), event, data: text });
  }
}
