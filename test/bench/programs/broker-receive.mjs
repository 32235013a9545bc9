// broker-receive ADDRESS KIND COUNT WARM BATCH: receives from a broker, reads every message and accepts it. Its time runs
// from the message after the first WARM to the last.
import { Messenger } from 'amqp-messenger';
import { read } from './ours-message.mjs';
import { Stopwatch, ready, report, workload } from './workload.mjs';

const { address, kind, count, warm, batch } = workload();
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
    messenger.accept(tracker);
    received += 1;
    if (received === warm) stopwatch = new Stopwatch();
  }
}
report({ received, receiveSeconds: stopwatch.seconds, cpuSeconds: stopwatch.cpuSeconds });
await messenger.stop();
