// Streams an AMQP queue to browsers: npx tsx examples/channels/feed.ts [address] [port]
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Messenger } from 'amqp-messenger';
import { SseChannel } from 'amqp-messenger/channels';

const [address = 'amqp://127.0.0.1/news', port = '8080'] = process.argv.slice(2);

const messenger = new Messenger({ incomingWindow: -1 }); // a message is out of the queue when the feed accepts it
const subscription = messenger.subscribe(address, { credit: 100 });
const channel = new SseChannel();
const feed = channel.feed(messenger.receive({ subscription }));

const server = createServer(channel.handler()).listen(Number(port), '127.0.0.1', () => {
  console.log('http://127.0.0.1:%d/', (server.address() as AddressInfo).port);
});

process.once('SIGINT', () => {
  server.close();
  void (async () => {
    await channel.disconnect(); // stops the feed; browsers come back, to the next process
    await messenger.close();
  })();
});
await feed.done;
