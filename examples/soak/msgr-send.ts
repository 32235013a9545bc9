// Sends messages to targets in turn, and reports: the options and the report are those of Proton's msgr-send.
// npx tsx examples/soak/msgr-send.ts -a amqp://127.0.0.1/a,amqp://127.0.0.1/b -c 1000 -R
import { ulong } from 'amqp-messenger';
import type { Messenger } from 'amqp-messenger';
import { addresses, createCommand, createMessenger, integer, run } from './command.js';
import type { CommonOptions } from './command.js';
import { Statistics } from './statistics.js';

interface SendOptions extends CommonOptions {
  readonly b: number;
  readonly p: number;
  readonly w: number;
  readonly W: number;
  readonly B: number;
}

const options = createCommand('msgr-send')
  .option('-a <address,...>', 'where to send, in turn', addresses, ['amqp://0.0.0.0'])
  .option('-b <bytes>', 'size of the body', integer, 1024)
  .option('-p <batch>', 'wait when this many are outstanding', integer, 1024)
  .option('-w <window>', 'outgoing window', integer, 0)
  .option('-R', 'wait for an answer to each message')
  .option('-W <window>', 'incoming window', integer, 0)
  .option('-B <count>', 'how many answers recv() asks for', integer, -1)
  .parse()
  .opts<SendOptions>();

const statistics = new Statistics();

/** Waits until every message that was sent has its answer, or without answers, until all are sent. */
async function flush(messenger: Messenger): Promise<void> {
  if (options.R !== true) {
    await messenger.send();
    return;
  }
  while (statistics.received < statistics.sent) {
    await messenger.recv(options.B);
    for (let next = messenger.get(); next !== undefined; next = messenger.get()) {
      statistics.messageReceived(next.message);
      messenger.accept(next.tracker);
    }
  }
}

await run('msgr-send', async () => {
  await using messenger = createMessenger(options, { outgoingWindow: options.w, incomingWindow: options.W });
  const body = new Uint8Array(options.b);
  statistics.start();
  statistics.reportEvery(options.e);
  for (let number = 0; options.c === 0 || number < options.c; number++) {
    const address = options.a[number % options.a.length];
    messenger.put({ address, replyTo: '~', correlationId: ulong(number), creationTime: new Date(), body });
    statistics.sent++;
    if (messenger.outgoing >= options.p) await flush(messenger);
  }
  await flush(messenger);
  await messenger.stop();
  statistics.stop();
  statistics.print();
});
