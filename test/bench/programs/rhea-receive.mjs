// rhea-receive ADDRESS KIND COUNT WARM BATCH: listens, reads every message and lets rhea accept each by itself.
import rhea from 'rhea';
import { fastest, read } from './rhea-message.mjs';
import { Stopwatch, ready, report, workload } from './workload.mjs';

const { host, port, kind, count, warm } = workload();
const { receiver, window } = fastest[kind];
const server = rhea.listen({ host, port, ...receiver, receiver_options: { credit_window: window } });
server.on('listening', ready);
let received = 0;
let stopwatch = new Stopwatch();

rhea.on('message', ({ message }) => {
  read(kind, message);
  received += 1;
  if (received === warm) stopwatch = new Stopwatch();
});

rhea.on('connection_close', () => {
  report({ received, cpuSeconds: stopwatch.cpuSeconds });
  server.close();
  if (received !== count) process.exitCode = 1;
});
