import { AbstractChannel } from './abstract-channel.js';
import type { Message } from './message.js';
import type { SseChannelOptions } from './sse-options.js';

/** What the streams of a channel for server-sent events give out: the fields of an event. */
export interface SseEvent {
  /** The event name: the type of the message. */
  readonly event: string;
  /** The event id: the id of the message. */
  readonly id?: string | undefined;
  /** The milliseconds after which a client that has lost its connection comes back. */
  readonly retry?: number | undefined;
  /** The payload of the message. */
  readonly data: unknown;
}

/** A channel whose messages go to browsers as server-sent events. */
export class SseChannel extends AbstractChannel<SseEvent> {
  constructor(options: SseChannelOptions = {}) {
    super(options);
  }

  adapt(message: Message): SseEvent {
    return { event: message.type, retry: 2000, data: message.payload };
  }
}
