import { Command } from 'commander';
import { addConnectionOptions, loadConfiguration, messengerFor, warnOfPasswords } from './connection-options.js';
import type { ConnectionOptions } from './connection-options.js';
import { destinationOf } from './destination.js';
import { exclude } from './exclude.js';
import { EXIT, wholeNumber } from './exit.js';
import { Interruption } from './interruption.js';
import { messageInput } from './message-input.js';
import type { InputOptions } from './message-input.js';
import { bodyText, jsonLine } from './message-json.js';
import { addMessageOptions } from './message-options.js';
import { printBodies } from './output.js';
import { template } from './template.js';

interface RequestOptions extends ConnectionOptions, InputOptions {
  timeout: number;
  replyTo?: string;
}

/** `amqp-messenger request`: sends requests and prints the answers. */
export function requestCommand(): Command {
  const command = new Command('request')
    .description('Send a text, or each line of standard input, and print the answer to each.')
    .argument('<address>', 'whom to ask')
    .argument('[text]', 'the question; without it, lines are read from standard input')
    .option('-c, --count <n>', 'ask so many times, or so many lines at most', wholeNumber)
    .option('-T, --template <text>', 'generate questions: {n} {uuid} {now} {time} {random}', template)
    .option('-f, --file <path...>', 'ask with each file, with its content type')
    .option('-i, --input <path>', 'read the lines from a file instead')
    .option('-j, --json', 'questions and answers are messages in JSON')
    .option('-t, --timeout <ms>', 'how long to wait for an answer', wholeNumber, 10_000)
    .option('--reply-to <node>', 'where answers come to, for peers that make no nodes');
  addMessageOptions(command);
  exclude(command, ['count', 'file']);
  return addConnectionOptions(command).action(request);
}

async function request(address: string, text: string | undefined, options: RequestOptions): Promise<void> {
  warnOfPasswords([address]);
  using interruption = new Interruption();
  const { signal } = interruption;
  const config = await loadConfiguration(options);
  destinationOf(address, config);
  await using messenger = messengerFor(config, options, { outgoingWindow: 1024, timeout: options.timeout });
  try {
    for await (const message of messageInput(text, options, signal).messages) {
      const answer = await messenger.request({ ...message, address }, { replyTo: options.replyTo, signal });
      const shown = options.json === true ? jsonLine(answer) : bodyText(answer.body);
      await printBodies(Buffer.concat([Buffer.from(shown), Buffer.from('\n')]));
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
  if (interruption.isOver()) process.exitCode = EXIT.interrupted;
}
