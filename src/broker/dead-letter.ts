import type { Output } from '../codec/output.js';
import { TRANSFER_HEADER_SIZE } from '../codec/transfer.js';
import type { PeerError } from '../errors.js';
import type { Properties } from '../message/message.js';
import { IncomingMessage } from './incoming-message.js';
import { writeMessage } from './write-message.js';

/** The reason for which a queue has let go of a message that no consumer has accepted. */
export type DeathReason = 'expired' | 'rejected' | 'max-deliveries' | 'max-length' | 'undeliverable';

/** The end of a message in a queue. */
export interface Death {
  /** The address of the queue, or of the topic it was published to. */
  readonly address: string;
  /** The reason for which it has ended. */
  readonly reason: DeathReason;
  /** The error with which its consumer has rejected it, if the consumer gave one. */
  readonly error?: PeerError | undefined;
}

/** Takes a message whose life in a queue has ended to where the dead lie. Returns false when there is no room there. */
export type Undertaker = (message: IncomingMessage, death: Death, to: string) => boolean;

/** Makes a dead letter of a message that has died: the message with a notice. It is a message of its own, which does not expire. */
export function deadLetter(output: Output, message: IncomingMessage, death: Death, time: number): IncomingMessage {
  const annotations = deathNotice(death, time);
  writeMessage(output, message, { firstAcquirer: true, deliveryCount: 0, annotations });
  const { buffer, start, position } = output;
  const letter = new IncomingMessage().read(buffer, start + TRANSFER_HEADER_SIZE, position);
  letter.messageFormat = message.messageFormat;
  letter.ttl = -1;
  letter.expiry = Infinity;
  return letter;
}

/**
 * Makes the message annotations by which a dead letter tells of its death (AMQP 1.0 §3.2.3): receivers may look, and need
 * not. When it dies again, they tell of its last death alone.
 */
function deathNotice({ address, reason, error }: Death, time: number): Properties {
  return {
    'x-opt-death-queue': address,
    'x-opt-death-reason': reason,
    'x-opt-death-time': new Date(time),
    ...(error && { 'x-opt-death-condition': error.condition, 'x-opt-death-description': error.description ?? '' }),
  };
}
