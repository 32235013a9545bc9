import type { Output } from '../codec/output.js';
import { DecodeError, EncodeError } from '../errors.js';
import type { Properties } from '../message/message.js';
import type { DeliveryOwner } from '../queue/outgoing-delivery.js';
import { writeAnnotated } from './annotate.js';
import { IncomingMessage } from './incoming-message.js';
import { storeMessage } from './stored-message.js';
import type { HeaderChange, StoredMessage } from './stored-message.js';

/** How a message differs when it goes out again. */
export interface Redelivery {
  readonly owner: DeliveryOwner;
  readonly deliveryCount: number;
  /** Set by the consumer that has given it back (AMQP 1.0 §3.4.5). */
  readonly annotations?: Properties | undefined;
}

/**
 * The same message at the same place, to go out once more, with another header (AMQP 1.0 §3.2.1). It has memory of its
 * own: the old bytes may still wait in a socket.
 */
export function redeliver(output: Output, message: StoredMessage, redelivery: Redelivery): StoredMessage {
  const { owner, deliveryCount, annotations } = redelivery;
  const incoming = new IncomingMessage().read(message.bytes, message.start, message.end);
  const { place, deadline } = message;
  const change = { firstAcquirer: false, deliveryCount, expires: message.ttlAt >= 0 };
  const again =
    (annotations && withAnnotations(output, incoming, place, owner, deadline, change, annotations)) ??
    storeMessage(output, incoming, place, owner, deadline, change);
  again.excluded = message.excluded;
  return again;
}

/** A message of its own as it is, with annotations set: a dead letter. It does not expire again. */
export function annotated(output: Output, message: IncomingMessage, annotations: Properties): IncomingMessage {
  const owner = { destination: '', deliveryEnded: () => undefined };
  const change: HeaderChange = { firstAcquirer: true, deliveryCount: 0, expires: false };
  const stored = withAnnotations(output, message, 0, owner, Infinity, change, annotations);
  const result = stored === undefined ? message : new IncomingMessage().read(stored.bytes, stored.start, stored.end);
  result.ttl = -1;
  result.expiry = Infinity;
  return result;
}

/** What cannot be annotated stays as it is: to say less of it is better than to lose it. */
function withAnnotations(
  output: Output,
  message: IncomingMessage,
  place: number,
  owner: DeliveryOwner,
  deadline: number,
  change: HeaderChange,
  annotations: Properties,
): StoredMessage | undefined {
  try {
    return storeMessage(output, message, place, owner, deadline, change, () =>
      writeAnnotated(output, message, annotations),
    );
  } catch (error) {
    if (!(error instanceof EncodeError || error instanceof DecodeError)) throw error;
    output.abandon();
    return undefined;
  }
}
