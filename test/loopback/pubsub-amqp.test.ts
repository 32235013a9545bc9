import { EmbeddedBroker } from 'amqp-messenger/broker';
import { AmqpBroker } from 'amqp-messenger/pubsub';
import { testBroker } from '../contract/broker-contract.js';

testBroker({
  title: 'AmqpBroker on the EmbeddedBroker',
  spansProcesses: true,
  deletesQueues: true,
  create: async () => {
    const peer = await new EmbeddedBroker({ port: 0 }).start();
    const connect = (): AmqpBroker => new AmqpBroker({ url: peer.url, peer: 'embedded' });
    return { broker: connect(), another: connect, cleanUp: () => peer.stop() };
  },
});
