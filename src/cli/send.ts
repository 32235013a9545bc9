import { createInterface } from 'node:readline';
import { Command } from 'commander';
import { Messenger } from '../messenger/messenger.js';
import type { Status } from '../queue/status.js';
import type { Tracker } from '../queue/tracker.js';
import { wholeNumber } from './exit.js';

/** Messages that are put before their outcomes are waited for. */
const BATCH = 1024;

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
  const statuses = new Map<Status, number>();
  const count = ({ status }: Tracker): void => void statuses.set(status, (statuses.get(status) ?? 0) + 1);
  let batch: Tracker[] = [];
  const finish = async (): Promise<void> => {
    await messenger.send();
    batch.forEach(count);
    batch = [];
  };
  for await (const body of bodies(text, options.count)) {
    batch.push(messenger.put({ address, subject: options.subject, body }));
    if (batch.length === BATCH) await finish();
  }
  await finish();
  const summary = Array.from(statuses, ([status, number]) => `${number} ${status}`).join(', ');
  process.stderr.write(`${summary || 'nothing to send'}\n`);
  if (statuses.size > (statuses.has('accepted') ? 1 : 0)) process.exitCode = 1;
}

async function* bodies(text: string | undefined, count: number): AsyncGenerator<string> {
  if (text === undefined) yield* createInterface({ input: process.stdin });
  else for (let index = 0; index < count; index++) yield text;
}
