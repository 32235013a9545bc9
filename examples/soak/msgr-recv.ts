// Receives messages, answers and forwards them, and reports: the options and the report are those of Proton's msgr-recv.
// npx tsx examples/soak/msgr-recv.ts -a amqp://~127.0.0.1:5672 -c 1000 -R
import type { Delivery, Messenger } from 'amqp-messenger';
import { addresses, createCommand, createMessenger, integer, run } from './command.js';
import type { CommonOptions } from './command.js';
import { Statistics } from './statistics.js';

interface RecvOptions extends CommonOptions {
  readonly b: number;
  readonly w: number;
  readonly W: number;
  readonly F: readonly string[];
  readonly X?: string;
}

const options = createCommand('msgr-recv')
  .option('-a <address,...>', 'where to receive from', addresses, ['amqp://~0.0.0.0'])
  .option('-b <count>', 'how many messages recv() asks for', integer, -1)
  .option('-w <window>', 'incoming window', integer, 0)
  .option('-R', 'answer messages that have a reply-to')
  .option('-W <window>', 'outgoing window', integer, 0)
  .option('-F <address,...>', 'where to forward messages to, in turn', addresses, [])
  .option('-X <text>', 'what to print once messages can come')
  .parse()
  .opts<RecvOptions>();

const statistics = new Statistics();

/** Answers a message, and forwards it. */
function passOn(messenger: Messenger, { message }: Delivery): void {
  if (options.R === true && message.replyTo !== undefined) {
    messenger.put({ ...message.toObject(), address: message.replyTo, creationTime: new Date() });
    statistics.sent++;
  }
  if (options.F.length > 0) {
    const address = options.F[(statistics.received - 1) % options.F.length];
    messenger.put({ ...message.toObject(), address, replyTo: undefined, creationTime: new Date() });
    statistics.sent++;
  }
}

await run('msgr-recv', async () => {
  await using messenger = createMessenger(options, { outgoingWindow: options.W, incomingWindow: options.w });
  await Promise.all(options.a.map((address) => messenger.subscribe(address).ready()));
  if (options.X !== undefined) console.log(options.X);
  statistics.reportEvery(options.e);
  const wanted = options.c === 0 ? Infinity : options.c;
  while (statistics.received < wanted) {
    await messenger.recv(options.b);
    statistics.start();
    while (statistics.received < wanted) {
      const next = messenger.get();
      if (next === undefined) break;
      statistics.messageReceived(next.message);
      passOn(messenger, next);
      messenger.accept(next.tracker);
    }
  }
  await messenger.send();
  await messenger.stop();
  statistics.stop();
  statistics.print();
});
