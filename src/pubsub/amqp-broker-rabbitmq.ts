import { uniqueId } from '../unique-id.js';
import type { AmqpPeer, AmqpSource, Manage } from './amqp-broker-peer.js';

/** The options of `rabbitmq4`. */
export interface RabbitMQOptions {
  /** The topic exchange that messages are published to. Default `amq.topic`, which is always there. */
  exchange?: string;
}

/** A queue that RabbitMQ 3 must have. */
export interface RabbitMQQueue {
  /** Its name. */
  readonly queue: string;
  /** The exchange that the queue is bound to. */
  readonly exchange: string;
  /** The binding key. */
  readonly routingKey: string;
  /** The queue that its rejected messages are to go to. */
  readonly deadLetter: string;
}

/** The options of `rabbitmq3`. */
export interface RabbitMQ3Options extends RabbitMQOptions {
  /** Makes a queue that is not there yet, over the HTTP API of the management plugin, say. Default: it is there. */
  prepare?: ((queue: RabbitMQQueue) => Promise<void>) | undefined;
}

const DEFAULT_EXCHANGE = 'amq.topic';

/** The queue of a subscription of `subscribe` outlives a lost connection for so long, in milliseconds. */
const TEMPORARY = 60_000;

/**
 * RabbitMQ 4: an exchange for all types, with the name of the type as routing key; a quorum queue for each queue name,
 * and a queue that goes away by itself for each subscription of `subscribe`. They are made over its management node.
 */
export function rabbitmq4({ exchange = DEFAULT_EXCHANGE }: RabbitMQOptions = {}): AmqpPeer {
  const bound = (queue: string, key: string, settings: Record<string, string | number>): AmqpSource => ({
    address: `/queues/${encodeURIComponent(queue)}`,
    prepare: async (manage) => {
      await declare(manage, queue, settings);
      const binding = { source: exchange, destination_queue: queue, binding_key: key, arguments: {} };
      await manage({ method: 'POST', path: '/bindings', body: binding });
    },
  });
  return {
    addressOf: (messageName) => `/exchanges/${encodeURIComponent(exchange)}/${encodeURIComponent(messageName)}`,
    direct: (messageName) => {
      const queue = `${messageName}.${uniqueId()}`;
      return {
        ...bound(queue, messageName, { 'x-queue-type': 'classic', 'x-expires': TEMPORARY }),
        remove: (manage) => remove(manage, queue),
      };
    },
    queue: (messageName, queueName, deadLetter) => {
      const name = `${messageName}.${queueName}`;
      const source = bound(name, messageName, {
        'x-queue-type': 'quorum', // a classic queue does not count failures
        'x-delivery-limit': -1, // the subscription has one
        'x-dead-letter-exchange': '',
        'x-dead-letter-routing-key': deadLetter,
      });
      return {
        ...source,
        prepare: async (manage) => {
          await declare(manage, deadLetter, { 'x-queue-type': 'quorum' });
          await source.prepare?.(manage);
        },
        delete: (manage) => remove(manage, name),
      };
    },
    countsFailures: true,
    releasesUnrouted: true,
    managementNode: '/management',
  };
}

/**
 * RabbitMQ 3 with its AMQP 1.0 plugin, over which queues cannot be bound. The queue of `subscribeAsync` must be there:
 * `TYPE.QUEUE`, bound to the exchange with the name of the type as routing key, and with a dead-letter exchange if
 * rejected messages are not to be dropped. The plugin counts no failures, so messages are delivered again by the process
 * that has them.
 */
export function rabbitmq3({ exchange = DEFAULT_EXCHANGE, prepare }: RabbitMQ3Options = {}): AmqpPeer {
  const topic = (messageName: string): string => `/exchange/${escapeSlashes(exchange)}/${messageName}`;
  return {
    addressOf: topic,
    direct: (messageName) => ({ address: topic(messageName) }),
    queue: (messageName, queueName, deadLetter) => {
      const queue = `${messageName}.${queueName}`;
      return {
        address: `/amq/queue/${queue}`,
        prepare: prepare && (() => prepare({ queue, exchange, routingKey: messageName, deadLetter })),
      };
    },
    countsFailures: false,
    releasesUnrouted: false,
  };
}

async function declare(manage: Manage, queue: string, settings: Record<string, string | number>): Promise<void> {
  const body = { durable: true, exclusive: false, auto_delete: false, arguments: settings };
  await manage({ method: 'PUT', path: `/queues/${encodeURIComponent(queue)}`, body });
}

/** RabbitMQ says of a queue that is not there that it is deleted. */
async function remove(manage: Manage, queue: string): Promise<void> {
  await manage({ method: 'DELETE', path: `/queues/${encodeURIComponent(queue)}` });
}

/** The one escape that the plugin reads. */
function escapeSlashes(name: string): string {
  return name.replaceAll('/', '%2F');
}
