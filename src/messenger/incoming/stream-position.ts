import { ReceivedMessage } from '../../codec/received-message.js';
import { DecodeError } from '../../errors.js';
import type { Properties } from '../../message/message.js';
import { Described, Typed } from '../../message/typed.js';
import type { IncomingDelivery } from '../../queue/incoming-delivery.js';

/** The filter by which RabbitMQ is told where in a stream a receiver begins. */
const OFFSET_SPEC = 'rabbitmq:stream-offset-spec';
/** The annotation in which RabbitMQ says where in its stream a message is. */
const OFFSET = 'x-stream-offset';

/**
 * The place of a subscription in a stream. A stream keeps its messages, so a subscription that comes back after a lost
 * connection would begin anew where its filter says: it would have everything again, or lose what has come meanwhile.
 */
export class StreamPosition {
  #last: IncomingDelivery | undefined;

  /** Returns a position for a subscription that says where in a stream it begins; `undefined` for others. */
  static of(filters: Properties | undefined): StreamPosition | undefined {
    return filters?.[OFFSET_SPEC] === undefined ? undefined : new StreamPosition();
  }

  /** Notes the last message that has come. */
  received(delivery: IncomingDelivery): void {
    this.#last = delivery;
  }

  /**
   * Returns the filters with which the subscription goes on after a lost link: from the first message that had no outcome,
   * else behind the last one.
   *
   * @param aborted The deliveries without an outcome, the first one first.
   */
  filtersAfter(filters: Properties | undefined, [first]: readonly IncomingDelivery[]): Properties | undefined {
    const last = offsetOf(this.#last);
    const next = offsetOf(first) ?? (last === undefined ? undefined : last + 1n);
    if (next === undefined) return filters;
    const from = new Described(new Typed('symbol', OFFSET_SPEC), new Typed('ulong', next));
    return { ...filters, [OFFSET_SPEC]: from };
  }
}

/** Returns where in its stream a message is; `undefined` when it does not say so, or in bytes that are not AMQP. */
function offsetOf(delivery: IncomingDelivery | undefined): bigint | undefined {
  if (delivery === undefined) return undefined;
  const { buffer, start, end } = delivery;
  try {
    const offset = new ReceivedMessage(buffer, start, end).annotations?.[OFFSET];
    if (typeof offset === 'bigint') return offset;
    return typeof offset === 'number' && Number.isSafeInteger(offset) ? BigInt(offset) : undefined;
  } catch (error) {
    // The program is told when it gets the message. Here a link is lost, and nobody could catch it.
    if (error instanceof DecodeError) return undefined;
    throw error;
  }
}
