import { EmbeddedBroker } from 'amqp-messenger/broker';
import type { Broker } from './broker.js';

/** The embedded broker, as strict as RabbitMQ: with users, and only those queues that were declared. */
export async function startEmbedded(): Promise<Broker> {
  const broker = await new EmbeddedBroker({ port: 0, users: { guest: 'guest' }, createNodes: false }).start();
  return {
    name: 'the embedded broker',
    version: '',
    url: `amqp://guest:guest@127.0.0.1:${broker.port}`,
    refusesUnknown: { senders: true, receivers: true },
    address: (queue) => `/queues/${encodeURIComponent(queue)}`,
    declareQueue(queue) {
      for (const name of [queue].flat()) broker.createQueue(`/queues/${encodeURIComponent(name)}`);
      return Promise.resolve();
    },
    queueDepth(queue) {
      const queues = [queue].flat().map((name) => broker.queue(`/queues/${encodeURIComponent(name)}`));
      return Promise.resolve(queues.reduce((sum, { depth, outstanding }) => sum + depth + outstanding, 0));
    },
    stop: () => broker.stop(),
  };
}
