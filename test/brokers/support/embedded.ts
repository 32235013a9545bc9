import { EmbeddedBroker } from 'amqp-messenger/broker';
import type { Broker } from './broker.js';
import { brokerFacts } from './broker-facts.js';

/** Starts the embedded broker. */
export async function startEmbedded(): Promise<Broker> {
  const facts = brokerFacts.embedded;
  const broker = await new EmbeddedBroker({ port: 0, users: { guest: 'guest' }, createNodes: false }).start();
  return {
    facts,
    version: '',
    url: `amqp://guest:guest@127.0.0.1:${broker.port}`,
    declareQueue(queue) {
      for (const name of [queue].flat()) broker.createQueue(facts.address(name));
      return Promise.resolve();
    },
    queueDepth(queue) {
      const queues = [queue].flat().map((name) => broker.queue(facts.address(name)));
      return Promise.resolve(queues.reduce((sum, { depth, outstanding }) => sum + depth + outstanding, 0));
    },
    stop: () => broker.stop(),
  };
}
