// ours-queue ADDRESS COUNT: puts messages for a peer that is away, which is dialled again and again meanwhile, and
// prints what they take. Run with --expose-gc.
import { Messenger } from 'amqp-messenger';
import { makers } from './ours-message.mjs';
import { report } from './workload.mjs';

const [address, count] = [process.argv[2], Number(process.argv[3])];
const messenger = new Messenger({
  outgoingWindow: 1024,
  maxOutgoing: { messages: count },
  reconnect: { initial: true },
});
globalThis.gc();
const before = process.memoryUsage.rss();
for (let index = 0; index < count; index += 1) messenger.put(makers.small(address));
globalThis.gc();
const queued = messenger.outgoing;
const peakBytes = process.resourceUsage().maxRSS * 1024 - before;
report({ queued, bytes: process.memoryUsage.rss() - before, peakBytes });
process.exit(queued === count ? 0 : 1); // stop() would give them up one by one
