// ours-slow ADDRESS: listens and takes 50 messages every 10 ms, until its peer is gone.
import { setTimeout as sleep } from 'node:timers/promises';
import { Messenger } from 'amqp-messenger';
import { ready, report } from './workload.mjs';

const messenger = new Messenger({ incomingWindow: 50 });
await messenger.subscribe(process.argv[2]).ready();
ready();
let received = 0;
let isGone = false;
messenger.on('connection', ({ to }) => (isGone ||= to === 'closed'));

while (!isGone) {
  await messenger.recv(50, { timeout: 1000 }).catch(() => (isGone = true));
  while (messenger.get() !== undefined) received += 1;
  messenger.accept();
  await sleep(10);
}
report({ received });
await messenger.stop();
