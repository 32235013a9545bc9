import { tellListeners } from '../tell-listeners.js';
import { EventLog } from './event-log.js';
import { CHANNEL_CLOSED } from './message.js';
import type { Message } from './message.js';
import type { MessageQueueListener } from './message-queue-listener.js';
import { SseClients } from './sse-clients.js';
import type { SseContext } from './sse-context.js';

/** When the channel ends its clients, they have so many milliseconds to read what waits for them. */
export const FAREWELL = 5000;

/**
 * Sends the messages of one listener to its clients. Each client gets all of them, from a log that only they use, so a
 * client that reconnects gets what it has missed. The listener runs while a client is connected; until then messages
 * wait for it.
 */
export class ListenerOutlet {
  readonly listener: MessageQueueListener;
  readonly log: EventLog;
  readonly clients: SseClients;
  readonly #context: SseContext;
  readonly #ended: () => void;
  #leaving = new AbortController();
  #forwarding: Promise<void> = Promise.resolve();

  /** @param ended Called when the listener was told the end. */
  constructor(listener: MessageQueueListener, context: SseContext, ended: () => void) {
    const { history, clock } = context.settings;
    this.listener = listener;
    this.log = new EventLog(history, clock);
    this.clients = new SseClients({ ...context.settings, log: this.log });
    this.#context = context;
    this.#ended = ended;
  }

  /** The first client has come. */
  open(): void {
    this.#leaving = new AbortController();
    const { signal } = this.#leaving;
    this.listener.start();
    // The forwarding that has just been aborted may still have a message.
    this.#forwarding = this.#forwarding.then(() => this.#forward(signal));
  }

  /** The last client is gone. */
  leave(): void {
    this.#leaving.abort();
    this.listener.stop();
  }

  async #forward(signal: AbortSignal): Promise<void> {
    const { channel, patience } = this.#context;
    try {
      const stream = channel.messages(this.listener, signal);
      for (;;) {
        // The fastest sets the pace, and what the others have not read they find in the log.
        await this.clients.oneReads(patience, signal);
        const next = await stream.next();
        if (next.done === true) break;
        const { value } = next;
        if (value.type === CHANNEL_CLOSED) {
          this.#ended();
          await this.clients.finish(this.#context.lastEvent(value), FAREWELL);
          return;
        }
        this.#send(value);
      }
      // The program has stopped the listener.
      if (!signal.aborted) await this.clients.finish(undefined, FAREWELL);
    } catch (error) {
      // The listener could not handle a message, which waits for it still. Clients come back, and it is tried again.
      channel.report(error);
      this.clients.destroy();
    }
  }

  #send(message: Message): void {
    try {
      const event = this.#context.eventOf(message, this.log);
      this.log.append(event);
      this.clients.deliver(event);
    } catch (error) {
      this.#context.channel.report(error);
      tellListeners(this.listener, 'dropped', [[message]]);
    }
  }
}
