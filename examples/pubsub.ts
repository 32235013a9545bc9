// Orders and mails, in one process or over a broker: [BROKER=rabbitmq4+amqp://guest:guest@host] npx tsx examples/pubsub.ts
import { EventEmitter, once } from 'node:events';
import { setMessageBroker } from 'amqp-messenger/pubsub';
import { brokerOfEnvironment } from './pubsub/broker.js';
import { placeOrder, startCounter, startMails } from './pubsub/services.js';

const ORDERS = 3;

await using broker = brokerOfEnvironment();
broker.on('error', (error) => console.error(error.message));
setMessageBroker(broker);

// Each order is counted, and a mail is sent for it.
const progress = new EventEmitter();
let toCome = 2 * ORDERS;
const tell = (line: string): void => {
  console.log(line);
  toCome -= 1;
  if (toCome === 0) progress.emit('done');
};
const done = once(progress, 'done');

await startCounter(tell);
await startMails(tell);
for (let id = 1; id <= ORDERS; id++) await placeOrder(id, `customer-${id}@example.com`);
await done;
