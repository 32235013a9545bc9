import type { Output } from '../codec/output.js';
import type { Properties } from '../message/message.js';
import type { DeliveryOwner } from '../queue/outgoing-delivery.js';
import { storeMessage } from './stored-message.js';
import type { StoredMessage } from './stored-message.js';

/** The fields in which a message differs when it goes out again. */
export interface Redelivery {
  readonly owner: DeliveryOwner;
  readonly deliveryCount: number;
  /** Set by the consumer that has given it back (AMQP 1.0 §3.4.5). */
  readonly annotations?: Properties | undefined;
}

/**
 * The same message at the same place, to go out once more, with another header (AMQP 1.0 §3.2.1). That has memory of its
 * own: the old one may still wait in a socket.
 */
export function redeliver(output: Output, message: StoredMessage, redelivery: Redelivery): StoredMessage {
  const incoming = message.reread();
  const { place, deadline } = message;
  const again = storeMessage(output, incoming, { ...redelivery, place, deadline, firstAcquirer: false });
  again.excluded = message.excluded;
  return again;
}
