import type { Outcome } from '../message/outcome.js';
import type { Death } from './dead-letter.js';
import type { StoredMessage } from './stored-message.js';

/** Whoever is told what becomes of each message. */
export interface MessageWatch {
  /** Whether anybody listens. Otherwise nothing need be told: that would cost time for every message. */
  readonly isActive: boolean;
  received(address: string, message: StoredMessage): void;
  delivered(address: string, message: StoredMessage): void;
  settled(address: string, message: StoredMessage, outcome: Outcome | undefined): void;
  /** A message has left unaccepted: for the dead-letter address, or for good. */
  died(death: Death, message: StoredMessage, to: string | undefined): void;
}
