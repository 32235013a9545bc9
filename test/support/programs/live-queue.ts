import { ClientQueue, ClientQueueStore } from 'amqp-messenger/queue';

// Everything that could keep a process alive, and must not.
const queue = new ClientQueue({ signal: new AbortController().signal });
queue.push({ ttl: 3_600_000 });
void new ClientQueue().pull({ signal: new AbortController().signal });
const store = new ClientQueueStore();
store.get('orders').push({ ttl: 3_600_000 });
void store.get('invoices').pull();

// And what must, until it is over.
const [argument] = process.argv.slice(2);
if (argument === 'timeout') {
  await new ClientQueue({ channelName: 'quiet' }).pull({ timeout: 20 }).catch((error: unknown) => {
    console.log(error instanceof Error ? error.message : error);
  });
}
console.log('done');
