// ours-receive ADDRESS KIND COUNT WARM BATCH [cumulative=1]: listens, reads every message, and accepts each by its
// tracker or, with cumulative=1, all that have been read at once.
import { Messenger } from 'amqp-messenger';
import { read } from './ours-message.mjs';
import { Stopwatch, ready, report, workload } from './workload.mjs';

const { address, kind, count, warm, batch, cumulative = 0 } = workload();
const messenger = new Messenger({ incomingWindow: batch });
await messenger.subscribe(address).ready();
ready();
let received = 0;
let stopwatch = new Stopwatch();

while (received < count) {
  await messenger.recv(batch);
  while (messenger.incoming > 0) {
    const { message, tracker } = messenger.get();
    read(kind, message);
    if (!cumulative) messenger.accept(tracker);
    received += 1;
    if (received === warm) stopwatch = new Stopwatch();
  }
  if (cumulative) messenger.accept();
}
report({ received, cpuSeconds: stopwatch.cpuSeconds });
await messenger.stop();
