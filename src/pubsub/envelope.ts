import { uniqueId } from '../unique-id.js';
import type { Message } from './message.js';
import type { PublishOptions } from './options.js';

/** A published message, and what is known of it besides its fields. */
export interface Envelope<M extends Message = Message> {
  /** The message. */
  readonly message: M;
  /** The name of its type. */
  readonly name: string;
  /** Tells it from all others. */
  readonly messageId: string;
  /** Which message it answers, or which chain of messages it belongs to. */
  readonly correlationId: string | undefined;
  /** When it was published, by the clock of the publisher. */
  readonly publishedAt: Date;
  /** When it stops being of use. */
  readonly expiresAt: Date | undefined;
}

/** Puts a message that is published at `now`, milliseconds since 1970, into an envelope. */
export function enclose(message: Message, name: string, options: PublishOptions, now: number): Envelope {
  const { messageId = uniqueId(), correlationId, ttl } = options;
  return {
    message,
    name,
    messageId,
    correlationId,
    publishedAt: new Date(now),
    expiresAt: ttl === undefined ? undefined : new Date(now + ttl),
  };
}
