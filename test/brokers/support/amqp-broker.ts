import { AmqpBroker, rabbitmq3, rabbitmq4 } from 'amqp-messenger/pubsub';
import type { AmqpPeer } from 'amqp-messenger/pubsub';
import { bindQueue } from './bind-queue.js';
import type { Broker } from './broker.js';

/** The ways of a RabbitMQ that the tests have started. */
export function peerOf(broker: Broker): AmqpPeer {
  return isOld(broker) ? rabbitmq3({ prepare: (queue) => bindQueue(broker, queue) }) : rabbitmq4();
}

/** Whether it is a RabbitMQ 3, whose queues are bound by other means than AMQP 1.0. */
export function isOld({ version }: Broker): boolean {
  return version.startsWith('3.');
}

/** A broker of pub/sub on it. */
export function amqpBroker(broker: Broker): AmqpBroker {
  return new AmqpBroker({ url: broker.url, peer: peerOf(broker), connection: { reconnect: { maxDelay: 500 } } });
}
