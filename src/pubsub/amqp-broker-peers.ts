import { OptionError } from '../errors.js';
import type { AmqpPeer } from './amqp-broker-peer.js';
import { rabbitmq3, rabbitmq4 } from './amqp-broker-rabbitmq.js';

/** The brokers whose ways are known. */
export type AmqpPeerName = 'embedded' | 'rabbitmq4' | 'rabbitmq3' | 'artemis' | 'serviceBus' | 'qpid';

/** Topics with shared durable subscriptions, as JMS has them over AMQP: told apart by names and capabilities. */
function topics(addressOf: (messageName: string) => string): AmqpPeer {
  return {
    addressOf,
    direct: (messageName) => ({ address: addressOf(messageName), capabilities: ['topic'] }),
    queue: (messageName, queueName) => ({
      address: addressOf(messageName),
      name: `${messageName}.${queueName}`,
      durable: true,
      shared: 'global',
      capabilities: ['topic'],
    }),
    countsFailures: true,
    releasesUnrouted: false,
  };
}

/** The `EmbeddedBroker` of this package. Its topics begin with `topic/`. */
export function embedded(): AmqpPeer {
  return topics((messageName) => `topic/${messageName}`);
}

/** Apache ActiveMQ Artemis: a multicast address per type, which it makes by itself unless it was told not to. */
export function artemis(): AmqpPeer {
  return { ...topics((messageName) => messageName), capabilities: ['topic'] };
}

/** Apache Qpid Broker-J: the exchange `amq.topic`, with the name of the type as routing key. */
export function qpid(): AmqpPeer {
  return { ...topics((messageName) => `amq.topic/${messageName}`), releasesUnrouted: true };
}

/**
 * Azure Service Bus: a topic per type, and on it a subscription per queue name, both made beforehand. It has no
 * subscription that goes away by itself, so one of `subscribe` needs a name: that of a subscription nobody else uses.
 * Dead messages go to its own dead-letter queue.
 */
export function serviceBus(): AmqpPeer {
  const subscription = (messageName: string, name: string): string =>
    `${messageName}/Subscriptions/${name.replace('~', '-')}`; // which it has not in its names
  return {
    addressOf: (messageName) => messageName,
    direct: (messageName, name) => {
      if (name === undefined) {
        throw new OptionError(
          'On Service Bus, subscribe() needs the option name: that of a subscription of the topic which is there, and ' +
            'which only this process uses.',
        );
      }
      return { address: subscription(messageName, name) };
    },
    queue: (messageName, queueName) => ({ address: subscription(messageName, queueName) }),
    countsFailures: true,
    releasesUnrouted: false,
  };
}

const PEERS: Readonly<Record<AmqpPeerName, () => AmqpPeer>> = {
  embedded,
  rabbitmq4,
  rabbitmq3,
  artemis,
  serviceBus,
  qpid,
};

/** The ways of a broker by its name. Throws OptionError for a name that is not known. */
export function peerOf(peer: AmqpPeerName | AmqpPeer): AmqpPeer {
  if (typeof peer === 'object') return peer;
  if (Object.hasOwn(PEERS, peer)) return PEERS[peer]();
  throw new OptionError(`There is no peer ${peer}. There are: ${Object.keys(PEERS).join(', ')}.`);
}
