// ours-send ADDRESS KIND COUNT WARM BATCH [flights=N] [addresses=N]: puts messages in batches, waits for the outcome of
// each batch and looks at the status of every message. With flights=2 the next batch is put before that of the last one
// is known. The first WARM messages are not timed.
import { Messenger } from 'amqp-messenger';
import { makers } from './ours-message.mjs';
import { Stopwatch, report, workload } from './workload.mjs';

const { address, kind, count, warm, batch, flights = 1, addresses = 1 } = workload();
const make = makers[kind];
const targets = Array.from({ length: addresses }, (_, index) => (index === 0 ? address : `${address}-${index}`));
const messenger = new Messenger({ outgoingWindow: batch * flights });
let put = 0;
let accepted = 0;

async function sendBatch(size) {
  const trackers = new Array(size);
  for (let index = 0; index < size; index += 1) {
    trackers[index] = messenger.put(make(targets[put % addresses]));
    put += 1;
  }
  await messenger.send();
  for (const tracker of trackers) if (tracker.status === 'accepted') accepted += 1;
}

async function sendUntil(end) {
  const underway = [];
  while (put < end) {
    if (underway.length === flights) await underway.shift();
    underway.push(sendBatch(Math.min(batch, end - put)));
  }
  await Promise.all(underway);
}

await sendUntil(warm);
const stopwatch = new Stopwatch();
await sendUntil(count);
report({ accepted, timed: count - warm, seconds: stopwatch.seconds, cpuSeconds: stopwatch.cpuSeconds });
await messenger.stop();
