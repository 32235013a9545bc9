import { InvalidMessageFormatError } from '../errors.js';

/** The type of the message that ends a stream: the channel is closed, or the listener was removed. */
export const CHANNEL_CLOSED = '_eric_channel_closed';

/** The type of what stands for a message whose handler has failed. */
export const CHANNEL_ERROR = '_eric_error';

/** The type of the event that tells a client it has missed some, and must fetch the state of things anew. */
export const RESYNC = 'resync';

/** The options of a message. */
export interface MessageOptions {
  /**
   * Tells the message from all others. Becomes the event id of server-sent events, by which a client resumes. Without
   * one a channel that needs ids gives its own.
   */
  id?: string | undefined;
}

/**
 * A message of a channel: a type and a payload. The object is frozen, its payload is not: every listener of a broadcast
 * gets the same one.
 */
export class Message<Payload = unknown> {
  /** The kind of the message. It becomes the event name of server-sent events. */
  readonly type: string;
  /** Any JSON value. */
  readonly payload: Payload;
  /** Tells it from all others, when it has one. */
  readonly id: string | undefined;

  /**
   * @param type - Any text; empty stands for `message`, as it does in a browser.
   * @param payload - Any JSON value. Default `null`.
   * @throws InvalidMessageFormatError when the type or the id is not text, or the id is empty.
   */
  // Without a payload, the caller says what type `null` has.
  constructor(type: string, payload: Payload = null as Payload, { id }: MessageOptions = {}) {
    if (typeof type !== 'string') throw new InvalidMessageFormatError('The type of a message must be a string.');
    if (id !== undefined && (typeof id !== 'string' || id === '')) {
      throw new InvalidMessageFormatError('The id of a message must be a string that is not empty.');
    }
    this.type = type;
    this.payload = payload;
    this.id = id;
    // A class that extends this one has fields to set, and freezes itself.
    if (new.target === Message) Object.freeze(this);
  }
}
