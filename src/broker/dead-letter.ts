import type { PeerError } from '../errors.js';
import type { Properties } from '../message/message.js';
import type { IncomingMessage } from './incoming-message.js';

/** Why a queue has let go of a message that nobody has accepted. */
export type DeathReason = 'expired' | 'rejected' | 'max-deliveries' | 'max-length' | 'undeliverable';

/** The end of a message in a queue. */
export interface Death {
  /** The address of the queue, or of the topic it was published to. */
  readonly address: string;
  /** Why it has ended. */
  readonly reason: DeathReason;
  /** Why its consumer has rejected it, when that was said. */
  readonly error?: PeerError | undefined;
}

/** Takes a message whose life in a queue has ended to where the dead lie. Returns false when there is no room there. */
export type Undertaker = (message: IncomingMessage, death: Death, to: string) => boolean;

/**
 * What a dead letter says of itself, as message annotations (AMQP 1.0 §3.2.3): receivers may look, and need not. When it
 * dies again, only its last death is told.
 */
export function deathNotice({ address, reason, error }: Death, time: number): Properties {
  return {
    'x-opt-death-queue': address,
    'x-opt-death-reason': reason,
    'x-opt-death-time': new Date(time),
    ...(error && { 'x-opt-death-condition': error.condition, 'x-opt-death-description': error.description ?? '' }),
  };
}
