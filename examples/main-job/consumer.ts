// Takes messages from all queues. Most are accepted; a few are rejected, and a few given back to come again.
import { Messenger } from 'amqp-messenger';
import type { Delivery } from 'amqp-messenger';
import { report, runPart } from './part.js';
import type { Taken } from './protocol.js';
import { ADDRESSES, addRoutes } from './routes.js';

/** How often the parent is told what has been done, in milliseconds. */
const REPORT_INTERVAL = 50;

await runPart(async ({ name, broker, run }, stopped) => {
  // With a window, the broker keeps each message until it is accepted.
  await using messenger = new Messenger({ name, incomingWindow: 1000 });
  addRoutes(messenger, broker);
  await Promise.all(ADDRESSES.map((address) => messenger.subscribe(address).ready()));
  report({ kind: 'ready' });

  let taken = nothing();
  const returned = new Set<number>();
  const reporting = setInterval(() => {
    if (taken.accepted.length + taken.rejected.length + taken.released.length + taken.stale === 0) return;
    report({ kind: 'taken', ...taken });
    taken = nothing();
  }, REPORT_INTERVAL);
  stopped.addEventListener('abort', () => clearInterval(reporting));

  for (;;) {
    await messenger.recv(-1, { signal: stopped });
    for (let next = messenger.get(); next !== undefined; next = messenger.get()) decide(next);
  }

  function decide({ message, tracker }: Delivery): void {
    const number = message.groupSequence;
    if (message.groupId !== run || number === undefined) {
      messenger.accept(tracker); // an earlier run, cut short, has left it behind
      taken.stale++;
    } else if (number % 1000 === 999) {
      messenger.reject(tracker, { condition: 'amqp:not-allowed', description: 'Every thousandth order is too good.' });
      taken.rejected.push(number);
    } else if (number % 500 === 250 && !returned.has(number)) {
      messenger.release(tracker);
      returned.add(number);
      taken.released.push(number);
    } else {
      messenger.accept(tracker);
      taken.accepted.push(number);
    }
  }
});

function nothing(): Taken {
  return { accepted: [], rejected: [], released: [], stale: 0 };
}
