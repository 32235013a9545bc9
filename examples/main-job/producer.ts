// Sends the messages, a batch at a time, and counts what became of them.
import { Messenger } from 'amqp-messenger';
import { report, runPart } from './part.js';
import { ADDRESSES, addRoutes } from './routes.js';

const BATCH = 1000;

await runPart(async ({ name, broker, run, count }, stopped) => {
  // With a window, a message stays queued until the broker has said that it has it.
  await using messenger = new Messenger({ name, outgoingWindow: BATCH });
  addRoutes(messenger, broker);
  report({ kind: 'ready' });
  for (let first = 0; first < count; first += BATCH) {
    const trackers = [];
    for (let number = first; number < Math.min(first + BATCH, count); number++) {
      const address = ADDRESSES[number % ADDRESSES.length]!;
      trackers.push(messenger.put({ address, groupId: run, groupSequence: number, body: { order: number, items: 3 } }));
    }
    await messenger.send(-1, { signal: stopped });
    const accepted = trackers.filter(({ status }) => status === 'accepted').length;
    report({ kind: 'sent', accepted, refused: trackers.length - accepted });
  }
});
