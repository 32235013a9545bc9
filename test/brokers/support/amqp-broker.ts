import { AmqpBroker } from 'amqp-messenger/pubsub';
import type { LocalBroker } from './broker.js';

/** A broker of pub/sub on a broker that the tests have started. */
export function amqpBroker({ url, peer }: LocalBroker): AmqpBroker {
  return new AmqpBroker({ url, peer, connection: { reconnect: { maxDelay: 500 } } });
}
