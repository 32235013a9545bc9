// ours-flood ADDRESS SECONDS: puts messages of 1 kB for so long, as fast as `ready` lets it, and prints how much memory
// the process has taken for them at most in each half of that time. Run with --expose-gc.
import { Messenger } from 'amqp-messenger';
import { report } from './workload.mjs';

const [address, seconds] = [process.argv[2], Number(process.argv[3])];
const body = Buffer.alloc(1000, 'x');
const messenger = new Messenger({ outgoingWindow: 1024, maxOutgoing: { bytes: 16 * 1024 * 1024 } });
globalThis.gc();
const before = process.memoryUsage.rss();
const started = performance.now();
const elapsed = () => (performance.now() - started) / 1000;
const highest = [0, 0];
const sampling = setInterval(() => {
  const half = elapsed() < seconds / 2 ? 0 : 1;
  highest[half] = Math.max(highest[half], process.memoryUsage.rss() - before);
}, 100);

while (elapsed() < seconds) {
  await messenger.ready();
  messenger.put({ address, body });
}
clearInterval(sampling);
report({ first: highest[0], second: highest[1] });
process.exit(0); // what is queued is not waited for
