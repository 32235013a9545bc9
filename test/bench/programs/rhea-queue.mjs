// rhea-queue ADDRESS COUNT: hands messages to a sender whose peer is away, with a session buffer large enough for
// them, and prints what they take. (rhea forgets them when it reconnects: this is the memory alone.) Run with --expose-gc.
import rhea from 'rhea';
import { makers } from './rhea-message.mjs';
import { endpoint, report } from './workload.mjs';

const [address, count] = [process.argv[2], Number(process.argv[3])];
const connection = rhea.connect({ ...endpoint(address), reconnect: false, session_buffer_size: count });
const sender = connection.open_sender('queue');
globalThis.gc();
const before = process.memoryUsage.rss();
for (let index = 0; index < count; index += 1) sender.send(makers.small());
globalThis.gc();
const queued = sender.session.outgoing.deliveries.size;
const peakBytes = process.resourceUsage().maxRSS * 1024 - before;
report({ queued, bytes: process.memoryUsage.rss() - before, peakBytes });
process.exit(queued === count ? 0 : 1); // the connection attempt may still be under way
