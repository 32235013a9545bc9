import { AmqpBroker, MemoryBroker } from 'amqp-messenger/pubsub';
import type { AmqpPeerName, Broker } from 'amqp-messenger/pubsub';

/**
 * The broker that the variable `BROKER` names: which one it is, `+`, and where it is, such as
 * `rabbitmq4+amqp://guest:guest@127.0.0.1:5672`. Without it, one inside the process.
 */
export function brokerOfEnvironment(): Broker {
  const [peer = '', url] = process.env['BROKER']?.split('+') ?? [];
  if (url === undefined) return new MemoryBroker();
  // The broker says so if there is no such peer.
  return new AmqpBroker({ url, peer: peer as AmqpPeerName });
}
