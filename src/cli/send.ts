import { Command } from 'commander';
import { TimeoutError } from '../errors.js';
import type { Messenger } from '../messenger/messenger.js';
import { SendError } from '../messenger/outgoing/aborted-messages.js';
import { addConnectionOptions, loadConfiguration, messengerFor, warnOfPasswords } from './connection-options.js';
import type { ConnectionOptions } from './connection-options.js';
import { destinationOf } from './destination.js';
import { exclude } from './exclude.js';
import { EXIT, positiveNumber, wholeNumber } from './exit.js';
import { Interruption } from './interruption.js';
import { messageInput } from './message-input.js';
import type { InputOptions } from './message-input.js';
import { addMessageOptions } from './message-options.js';
import { Outcomes } from './outcomes.js';
import { note } from './output.js';
import { Pace } from './pace.js';
import { progressOptions, showProgress } from './progress.js';
import { template } from './template.js';

/** The most unsettled messages: enough for any network, and few enough to stop soon. */
const IN_FLIGHT = 4096;
/** The time to wait for outcomes after Ctrl-C, in milliseconds. `--timeout` overrides it. */
const DRAIN_TIMEOUT = 10_000;
/** The number of messages between two updates of the progress. */
const LOOK_EVERY = 256;

interface SendOptions extends ConnectionOptions, InputOptions {
  timeout?: number;
  rate?: number;
  progress?: boolean;
  quiet?: boolean;
}

/** `amqp-messenger send`: sends messages from the command line, from files, or from standard input. */
export function sendCommand(): Command {
  const command = new Command('send')
    .description('Send a text, generated texts, files, or each line of standard input as a message.')
    .argument('<address>', 'where to: amqp://127.0.0.1/orders, or what a route matches')
    .argument('[text]', 'the body; without it, lines are read from standard input')
    .option('-c, --count <n>', 'send the text so many times, or so many lines at most', wholeNumber)
    .option('-T, --template <text>', 'generate bodies: {n} {uuid} {now} {time} {random}', template)
    .option('-f, --file <path...>', 'send each file as one message, with its content type')
    .option('-i, --input <path>', 'read the lines from a file instead')
    .option('-j, --json', 'what is sent is messages in JSON, as recv --json prints them')
    .option('-r, --rate <n>', 'send so many a second at most', positiveNumber)
    .option('-t, --timeout <ms>', 'give up when outcomes take longer', wholeNumber)
    .option('-q, --quiet', 'print no summary');
  progressOptions().forEach((option) => command.addOption(option));
  addMessageOptions(command);
  // Each file is one message, and all of it is the body.
  exclude(command, ['count', 'file'], ['json', 'file']);
  return addConnectionOptions(command).action(send);
}

async function send(address: string, text: string | undefined, options: SendOptions): Promise<void> {
  warnOfPasswords([address]);
  using interruption = new Interruption();
  const config = await loadConfiguration(options);
  destinationOf(address, config);
  await using messenger = messengerFor(config, options, {
    outgoingWindow: IN_FLIGHT,
    maxOutgoing: { messages: IN_FLIGHT },
    ...(options.timeout === undefined ? {} : { timeout: options.timeout }),
  });
  const outcomes = new Outcomes(messenger);
  const signal = AbortSignal.any([interruption.signal, outcomes.signal]);
  const input = messageInput(text, options, signal);
  const progress = await showProgress(input.total, options.progress, input.unit);
  const pace = new Pace(options.rate);
  let put = 0;
  try {
    for await (const message of input.messages) {
      await pace.turn(signal);
      await messenger.ready({ signal });
      messenger.put({ ...message, address });
      if (++put % LOOK_EVERY === 0) progress.update(input.done());
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
  try {
    if (interruption.isOver()) await drain(messenger, options.timeout);
    else await messenger.send();
    progress.update(input.done());
  } finally {
    progress.stop();
    if (options.quiet !== true) note(outcomes.toString());
  }
  if (interruption.isOver()) process.exitCode = EXIT.interrupted;
  else if (!outcomes.isGood) process.exitCode = EXIT.failed;
}

/** Waits for the outcomes of messages that were put. Aborts and reports the others at the time limit. */
async function drain(messenger: Messenger, timeout: number = DRAIN_TIMEOUT): Promise<void> {
  try {
    await messenger.stop({ drain: true, timeout });
  } catch (error) {
    if (!(error instanceof SendError) && !(error instanceof TimeoutError)) throw error;
    note(`amqp-messenger: ${error.message}`);
  }
}
