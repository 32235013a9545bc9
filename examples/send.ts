// Sends messages: npx tsx examples/send.ts [address] [count]
import { Messenger } from 'amqp-messenger';

const [address = 'amqp://127.0.0.1/orders', count = '10'] = process.argv.slice(2);

const messenger = new Messenger({ outgoingWindow: 100 });
for (let number = 1; number <= Number(count); number++) {
  messenger.put({ address, body: `order ${number}` });
}
await messenger.send(); // until the broker has them all
await messenger.close();
console.log(`${count} sent`);
