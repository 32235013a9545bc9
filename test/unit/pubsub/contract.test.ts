import { MemoryBroker, TestBroker } from 'amqp-messenger/pubsub';
import { testBroker } from '../../contract/broker-contract.js';

testBroker({
  title: 'MemoryBroker',
  publishWaits: true,
  deletesQueues: true,
  create: () => ({ broker: new MemoryBroker() }),
});

testBroker({
  title: 'TestBroker',
  deletesQueues: true,
  create: () => {
    const broker = new TestBroker();
    return { broker, deliver: () => broker.processMessages() };
  },
});
