// ours-request ADDRESS COUNT WARM: one request in flight at a time, answered to this messenger.
import { Messenger } from 'amqp-messenger';
import { makers, read } from './ours-message.mjs';
import { percentiles, report } from './workload.mjs';

const [address, count, warm] = [process.argv[2], Number(process.argv[3]), Number(process.argv[4])];
const messenger = new Messenger({ outgoingWindow: 1, incomingWindow: 1 });
const trips = [];

for (let replies = 0; replies < count; replies += 1) {
  const started = performance.now();
  messenger.put({ ...makers.small(address), replyTo: '~/replies' });
  await messenger.recv(1);
  const { message, tracker } = messenger.get();
  read('small', message);
  messenger.accept(tracker);
  if (replies >= warm) trips.push((performance.now() - started) * 1000);
}
report({ replies: count, ...percentiles(trips) });
await messenger.stop();
