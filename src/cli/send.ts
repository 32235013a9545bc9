import { createInterface } from 'node:readline';
import { Command } from 'commander';
import { Messenger } from '../messenger/messenger.js';
import { wholeNumber } from './exit.js';

interface SendOptions {
  count: number;
  subject?: string;
  timeout?: number;
}

/** `amqp-messenger send`: a message from the command line, or one for each line of the input. */
export function sendCommand(): Command {
  return new Command('send')
    .description('Send a message, or one for each line of standard input.')
    .argument('<address>', 'where to, such as amqp://127.0.0.1/orders')
    .argument('[text]', 'the body; without it, lines are read from standard input')
    .option('-c, --count <n>', 'send the text this many times', wholeNumber, 1)
    .option('-s, --subject <text>', 'the subject')
    .option('-t, --timeout <ms>', 'give up after this many milliseconds', wholeNumber)
    .action(send);
}

async function send(address: string, text: string | undefined, options: SendOptions): Promise<void> {
  await using messenger = new Messenger({
    outgoingWindow: 1024,
    ...(options.timeout ? { timeout: options.timeout } : {}),
  });
  let count = 0;
  for await (const body of bodies(text, options.count)) {
    await messenger.ready();
    messenger.put({ address, subject: options.subject, body });
    count++;
  }
  await messenger.send();
  process.stderr.write(`${count} sent\n`);
}

async function* bodies(text: string | undefined, count: number): AsyncGenerator<string> {
  if (text === undefined) yield* createInterface({ input: process.stdin });
  else for (let index = 0; index < count; index++) yield text;
}
