import { createInterface } from 'node:readline';
import { Command } from 'commander';
import { TimeoutError } from '../errors.js';
import { Messenger } from '../messenger/messenger.js';
import { SendError } from '../messenger/send-error.js';
import type { Status } from '../queue/status.js';
import type { Tracker } from '../queue/tracker.js';
import { INTERRUPTED, wholeNumber } from './exit.js';
import { interruption } from './interruption.js';

/** Messages that are put before their outcomes are waited for. */
const BATCH = 1024;

/** How long outcomes are waited for after an interruption, unless `--timeout` says otherwise, in milliseconds. */
const DRAIN_TIMEOUT = 10_000;

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
  const { subject, timeout } = options;
  await using messenger = new Messenger({ outgoingWindow: 1024, ...(timeout ? { timeout } : {}) });
  const signal = interruption();
  const statuses = new Map<Status, number>();
  const count = ({ status }: Tracker): void => void statuses.set(status, (statuses.get(status) ?? 0) + 1);
  let batch: Tracker[] = [];
  const finish = async (): Promise<void> => {
    await messenger.send(-1, { signal });
    batch.forEach(count);
    batch = [];
  };
  try {
    for await (const body of bodies(text, options.count, signal)) {
      batch.push(messenger.put({ address, subject, body }));
      if (batch.length === BATCH) await finish();
    }
    await finish();
  } catch (error) {
    if (!signal.aborted) throw error;
    await drain(messenger, timeout);
    batch.forEach(count);
  }
  const summary = Array.from(statuses, ([status, number]) => `${number} ${status}`).join(', ');
  process.stderr.write(`${summary || 'nothing to send'}\n`);
  if (signal.aborted) process.exitCode = INTERRUPTED;
  else if (statuses.size > (statuses.has('accepted') ? 1 : 0)) process.exitCode = 1;
}

/** Waits for what was put. What is left then is counted as aborted. */
async function drain(messenger: Messenger, timeout: number = DRAIN_TIMEOUT): Promise<void> {
  try {
    await messenger.stop({ drain: true, timeout });
  } catch (error) {
    if (!(error instanceof SendError) && !(error instanceof TimeoutError)) throw error;
    process.stderr.write(`amqp-messenger: ${error.message}\n`);
  }
}

async function* bodies(text: string | undefined, count: number, signal: AbortSignal): AsyncGenerator<string> {
  if (text === undefined) {
    yield* createInterface({ input: process.stdin, signal });
  } else {
    for (let index = 0; index < count && !signal.aborted; index++) yield text;
  }
}
