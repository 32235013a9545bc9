import { tellListeners } from '../tell-listeners.js';
import type { EventLog, LoggedEvent } from './event-log.js';
import { CHANNEL_CLOSED } from './message.js';
import type { Message } from './message.js';
import type { MessageQueueListener } from './message-queue-listener.js';
import type { SseClients } from './sse-clients.js';

/** What an outlet needs of its channel. Times are milliseconds. */
export interface OutletChannel {
  /** The messages of a listener as they come. */
  messages(listener: MessageQueueListener, signal: AbortSignal): AsyncIterableIterator<Message>;
  /** The event for a message, with an id of the log. Throws when it cannot be one. */
  eventOf(message: Message, log: EventLog): LoggedEvent;
  /** The bytes of the event that tells the end. */
  lastEvent(message: Message): Buffer;
  report(error: unknown): void;
  /** The listener was told the end. */
  ended(outlet: ListenerOutlet): void;
  /** How long clients have to read what waits for them when they are told to go. */
  readonly farewell: number;
  /** How long its messages wait when no client of the listener reads. */
  readonly patience: number;
}

/**
 * What the clients of one listener get: each all of its messages, from a log of its own, so that one that comes back
 * gets what it has missed. The listener runs while a client is there; what comes meanwhile waits for it.
 */
export class ListenerOutlet {
  readonly listener: MessageQueueListener;
  readonly log: EventLog;
  readonly clients: SseClients;
  readonly #channel: OutletChannel;
  #leaving = new AbortController();
  #pumping: Promise<void> = Promise.resolve();

  constructor(listener: MessageQueueListener, log: EventLog, clients: SseClients, channel: OutletChannel) {
    this.listener = listener;
    this.log = log;
    this.clients = clients;
    this.#channel = channel;
  }

  /** The first client has come. */
  open(): void {
    this.#leaving = new AbortController();
    const { signal } = this.#leaving;
    this.listener.start();
    // One that has just been left may have a message in hand still.
    this.#pumping = this.#pumping.then(() => this.#pump(signal));
  }

  /** The last client is gone. */
  leave(): void {
    this.#leaving.abort();
    this.listener.stop();
  }

  async #pump(signal: AbortSignal): Promise<void> {
    const { farewell, patience } = this.#channel;
    try {
      const stream = this.#channel.messages(this.listener, signal);
      for (;;) {
        // The fastest sets the pace, and what the others have not read they find in the log.
        await this.clients.oneReads(patience, signal);
        const next = await stream.next();
        if (next.done === true) break;
        const { value } = next;
        if (value.type === CHANNEL_CLOSED) {
          this.#channel.ended(this);
          await this.clients.finish(this.#channel.lastEvent(value), farewell);
          return;
        }
        this.#send(value);
      }
      // The program has stopped the listener.
      if (!signal.aborted) await this.clients.finish(undefined, farewell);
    } catch (error) {
      // The listener could not handle a message, which waits for it still. Clients come back, and it is tried again.
      this.#channel.report(error);
      this.clients.destroy();
    }
  }

  #send(message: Message): void {
    try {
      const event = this.#channel.eventOf(message, this.log);
      this.log.append(event);
      this.clients.deliver(event);
    } catch (error) {
      this.#channel.report(error);
      tellListeners(this.listener, 'dropped', [[message]]);
    }
  }
}
