import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { RabbitMQQueue } from 'amqp-messenger/pubsub';
import type { Broker } from './broker.js';
import { RabbitMQNode } from './rabbitmq-node.js';

/** Makes and binds a queue, and what takes its dead letters, by the tool of a RabbitMQ that the tests have started. */
export async function bindQueue(
  broker: Broker,
  { queue, exchange, routingKey, deadLetter }: RabbitMQQueue,
): Promise<void> {
  const node = 'node' in broker ? broker.node : undefined;
  if (!(node instanceof RabbitMQNode)) throw new TypeError(`There is no tool for ${broker.name}.`);
  const common = { vhost: '/', durable: true, auto_delete: false };
  const dead = { 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': deadLetter };
  const binding = { source: exchange, vhost: '/', destination: queue, destination_type: 'queue', arguments: {} };
  const definitions = {
    queues: [
      { name: deadLetter, ...common, arguments: {} },
      { name: queue, ...common, arguments: dead },
    ],
    bindings: [{ ...binding, routing_key: routingKey }],
  };
  const file = join(node.folder, `${queue}.json`);
  await writeFile(file, JSON.stringify(definitions));
  await node.control('import_definitions', file);
}
