import { Command } from 'commander';
import { AddressError } from '../errors.js';
import type { Delivery } from '../messenger/incoming/delivery.js';
import type { Messenger } from '../messenger/messenger.js';
import { answerer } from './answers.js';
import type { AnswerOptions, Answerer } from './answers.js';
import { addConnectionOptions, createMessenger, warnOfPasswords } from './connection-options.js';
import type { ConnectionOptions } from './connection-options.js';
import { EXIT } from './exit.js';
import { addIncomingOptions, addSubscriptionOptions, batches, subscribe } from './incoming.js';
import type { IncomingOptions, SubscriptionOptions } from './incoming.js';
import { Interruption } from './interruption.js';
import { addMessageOptions, fieldsOf } from './message-options.js';
import { note } from './output.js';
import { template } from './template.js';

interface ReplyOptions extends ConnectionOptions, IncomingOptions, SubscriptionOptions, AnswerOptions {
  quiet?: boolean;
}

/** `amqp-messenger reply`: answers the messages that it receives. */
export function replyCommand(): Command {
  const command = new Command('reply')
    .description('Answer messages: with what they say, a text, or what a command prints.')
    .argument('<address>', 'where questions come from; amqp://~127.0.0.1:5672 listens instead')
    .option('--text <text>', 'answer with this')
    .option('-T, --template <text>', 'generate answers: {n} {uuid} {now} {time} {random}', template)
    .option('-x, --exec <command>', 'answer with what a command prints that reads the question');
  addIncomingOptions(command).option('-q, --quiet', 'print no summary');
  addSubscriptionOptions(command);
  addMessageOptions(command);
  return addConnectionOptions(command).action(reply);
}

async function reply(address: string, options: ReplyOptions): Promise<void> {
  warnOfPasswords([address]);
  const answer = answerer(options);
  using interruption = new Interruption();
  await using messenger = await createMessenger(options, { outgoingWindow: 1024, incomingWindow: -1 });
  await subscribe(messenger, [address], options, interruption);
  let received = 0;
  let answered = 0;
  try {
    // One at a time, so that an interruption leaves the other questions to other receivers.
    for await (const [delivery] of batches(messenger, options, interruption, 1)) {
      if (delivery === undefined) continue;
      received++;
      if (await answerTo(delivery, messenger, answer, options, received)) answered++;
    }
  } finally {
    if (options.quiet !== true) note(`${answered} of ${received} answered`);
  }
  if (received < options.count) process.exitCode = EXIT.interrupted;
  else if (answered < received) process.exitCode = EXIT.failed;
}

/** Accepts a question after its answer was accepted, and rejects a question that cannot be answered. */
async function answerTo(
  delivery: Delivery,
  messenger: Messenger,
  answer: Answerer,
  options: ReplyOptions,
  n: number,
): Promise<boolean> {
  const body = await answer(delivery.message, n);
  if (body === undefined) {
    delivery.reject({ condition: 'amqp:internal-error', description: 'The command that answers has failed.' });
    return false;
  }
  try {
    const status = await messenger.reply(delivery, { ...fieldsOf(options), body }).outcome();
    if (status === 'accepted') delivery.accept();
    else delivery.reject({ condition: 'amqp:precondition-failed', description: `The answer was ${status}.` });
    return status === 'accepted';
  } catch (error) {
    if (!(error instanceof AddressError)) throw error;
    note(`Message ${n} has no replyTo that can be used, and is rejected.`);
    delivery.reject({ condition: 'amqp:invalid-field', description: 'The message has no replyTo that can be used.' });
    return false;
  }
}
