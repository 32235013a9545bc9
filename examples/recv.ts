// Receives messages: npx tsx examples/recv.ts [address] [count]
import { Messenger } from 'amqp-messenger';

const [address = 'amqp://127.0.0.1/orders', count = '10'] = process.argv.slice(2);

const messenger = new Messenger({ incomingWindow: 100 });
messenger.subscribe(address);
let left = Number(count);
while (left > 0) {
  await messenger.recv(left); // until at least one is there
  while (messenger.incoming > 0) {
    const { message, tracker } = messenger.get()!;
    console.log(message.body);
    messenger.accept(tracker);
    left--;
  }
}
await messenger.close();
