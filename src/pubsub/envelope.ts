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
  /** The id of the message that it answers, or of the chain of messages it belongs to. */
  readonly correlationId: string | undefined;
  /** The time at which it was published, by the clock of the publisher. */
  readonly publishedAt: Date;
  /** The time at which it expires. */
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
