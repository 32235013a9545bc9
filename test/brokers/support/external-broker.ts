import type { Broker } from './broker.js';
import { brokerFacts } from './broker-facts.js';

/**
 * A broker that runs already, named by the environment: `AMQP_BROKER_URL` is where it listens, with credentials, and
 * `AMQP_BROKER_ADDRESS` how it addresses a queue, with `%s` for the queue's name, such as `/queues/%s`. Default: `%s`.
 * It must make queues when they are first used. Undefined when the environment names none.
 */
export function externalBroker(): Broker | undefined {
  const url = process.env['AMQP_BROKER_URL'];
  if (url === undefined || url === '') return undefined;
  const pattern = process.env['AMQP_BROKER_ADDRESS'] ?? '%s';
  return {
    facts: {
      ...brokerFacts.embedded,
      name: `the broker at ${new URL(url).host}`,
      address: (queue) => pattern.replace('%s', () => encodeURIComponent(queue)),
      unknownAddress: { sender: 'made', receiver: 'made' },
    },
    version: '',
    url: url.replace(/\/+$/, ''),
    declareQueue: () => Promise.resolve(),
    queueDepth: () => Promise.resolve(undefined),
    stop: () => Promise.resolve(),
  };
}
