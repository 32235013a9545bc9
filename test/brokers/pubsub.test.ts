import { AmqpBroker, rabbitmq3, rabbitmq4 } from 'amqp-messenger/pubsub';
import { describe } from 'vitest';
import { testBroker } from '../contract/broker-contract.js';
import { bindQueue } from './support/bind-queue.js';
import type { Broker } from './support/broker.js';
import { onEachLocalBroker } from './support/on-each-broker.js';

/** A pub/sub broker on a RabbitMQ. */
export function amqpBroker(broker: Broker): AmqpBroker {
  const peer = broker.version.startsWith('3.')
    ? rabbitmq3({ prepare: (queue) => bindQueue(broker, queue) })
    : rabbitmq4();
  return new AmqpBroker({ url: broker.url, peer });
}

describe('AmqpBroker', () => {
  onEachLocalBroker((broker) => {
    testBroker({
      title: 'as any broker',
      spansProcesses: true,
      patience: 30_000,
      create: () => ({ broker: amqpBroker(broker()), another: () => amqpBroker(broker()) }),
    });
  });
});
