import { Command } from 'commander';
import type { Delivery } from '../messenger/incoming/delivery.js';
import { addConnectionOptions, createMessenger, warnOfPasswords } from './connection-options.js';
import type { ConnectionOptions } from './connection-options.js';
import { EXIT } from './exit.js';
import { addIncomingOptions, addSubscriptionOptions, batches, subscribe } from './incoming.js';
import type { IncomingOptions, SubscriptionOptions } from './incoming.js';
import { Interruption } from './interruption.js';
import { bodyText, jsonLine } from './message-json.js';
import { exclude } from './exclude.js';
import { printBodies } from './output.js';
import { progressOptions, showProgress } from './progress.js';
import { verdictOn, verdictOptions } from './verdict.js';
import type { Verdict, VerdictOptions } from './verdict.js';
import { Verdicts } from './verdicts.js';

/**
 * The most messages that are printed at once. When the process is killed, messages that are printed but not accepted
 * come again.
 */
const BATCH = 256;

interface RecvOptions extends ConnectionOptions, IncomingOptions, SubscriptionOptions, VerdictOptions {
  json?: boolean;
  raw?: boolean;
  progress?: boolean;
}

/** `amqp-messenger recv`: receives messages and prints each as a line. */
export function recvCommand(): Command {
  const command = new Command('recv')
    .description('Receive messages and print their bodies, a line each.')
    .argument('<address...>', 'where from; amqp://~127.0.0.1:5672 listens instead');
  addIncomingOptions(command)
    .option('-j, --json', 'print whole messages, in JSON, a line each')
    .option('--raw', 'print bodies as they are, with no line end behind them');
  verdictOptions().forEach((option) => command.addOption(option));
  addSubscriptionOptions(command);
  progressOptions().forEach((option) => command.addOption(option));
  // A filter replaces `--outcome`, and browsed messages have no outcome.
  exclude(command, ['outcome', 'filter'], ['outcome', 'browse'], ['raw', 'json']);
  return addConnectionOptions(command).action(recv);
}

async function recv(addresses: string[], options: RecvOptions): Promise<void> {
  warnOfPasswords(addresses);
  using interruption = new Interruption();
  await using messenger = await createMessenger(options, { incomingWindow: -1 });
  using outcomes = new Verdicts();
  await subscribe(messenger, addresses, options, interruption);
  const progress = await showProgress(options.count, options.progress, 'messages');
  // The verdict of a filter is carried out before the filter runs again.
  const largest = options.filter === undefined ? BATCH : 1;
  let received = 0;
  try {
    for await (const batch of batches(messenger, options, interruption, largest)) {
      await printBatch(batch, options, outcomes);
      progress.update((received += batch.length));
    }
  } finally {
    progress.stop();
  }
  if (received < options.count) process.exitCode = EXIT.interrupted;
}

/** Prints the accepted messages. Sends outcomes only after the output has left the process. */
async function printBatch(batch: readonly Delivery[], options: RecvOptions, outcomes: Verdicts): Promise<void> {
  const verdicts: Verdict[] = [];
  const output: (string | Buffer)[] = [];
  for (const { message } of batch) {
    const content = options.json === true ? jsonLine(message) : bodyText(message.body);
    const verdict = await verdictOn(content, options);
    verdicts.push(verdict);
    // Without a filter all messages are printed, whatever their outcome.
    if (verdict === 'accept' || options.filter === undefined) output.push(content, options.raw === true ? '' : '\n');
  }
  await printBodies(Buffer.concat(output.map((piece) => Buffer.from(piece))));
  batch.forEach((delivery, index) => outcomes.carryOut(verdicts[index] ?? 'release', delivery));
}
