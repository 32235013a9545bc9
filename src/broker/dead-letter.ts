import type { Output } from '../codec/output.js';
import { TRANSFER_HEADER_SIZE } from '../codec/transfer.js';
import type { PeerError } from '../errors.js';
import type { Properties } from '../message/message.js';
import { IncomingMessage } from './incoming-message.js';
import { writeMessage } from './write-message.js';

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

/** What a message has become that has died: what it was, and a notice. A message of its own, which does not expire. */
export function deadLetter(output: Output, message: IncomingMessage, death: Death, time: number): IncomingMessage {
  const annotations = deathNotice(death, time);
  writeMessage(output, message, { firstAcquirer: true, deliveryCount: 0, annotations });
  const { buffer, start, position } = output;
  const letter = new IncomingMessage().read(buffer, start + TRANSFER_HEADER_SIZE, position);
  letter.ttl = -1;
  letter.expiry = Infinity;
  return letter;
}

/**
 * What a dead letter says of itself, as message annotations (AMQP 1.0 §3.2.3): receivers may look, and need not. When it
 * dies again, only its last death is told.
 */
function deathNotice({ address, reason, error }: Death, time: number): Properties {
  return {
    'x-opt-death-queue': address,
    'x-opt-death-reason': reason,
    'x-opt-death-time': new Date(time),
    ...(error && { 'x-opt-death-condition': error.condition, 'x-opt-death-description': error.description ?? '' }),
  };
}
