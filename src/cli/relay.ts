import { Command } from 'commander';
import type { Endpoint } from '../address/endpoint.js';
import { redact } from '../address/redact.js';
import type { Config } from '../config/config.js';
import type { Delivery } from '../messenger/incoming/delivery.js';
import type { Messenger } from '../messenger/messenger.js';
import { addConnectionOptions, loadConfiguration, messengerFor, warnOfPasswords } from './connection-options.js';
import type { ConnectionOptions } from './connection-options.js';
import { checkConnection, destinationOf, endpointOf, isSameNode } from './destination.js';
import { CommandError, EXIT, positiveNumber } from './exit.js';
import { addIncomingOptions, addSubscriptionOptions, batches, subscribe } from './incoming.js';
import type { IncomingOptions, SubscriptionOptions } from './incoming.js';
import { Interruption } from './interruption.js';
import { Outcomes } from './outcomes.js';
import { note } from './output.js';
import { Pace } from './pace.js';
import { progressOptions, showProgress } from './progress.js';
import { Verdicts } from './verdicts.js';

/** The most unsettled messages. */
const IN_FLIGHT = 1024;

interface RelayOptions extends ConnectionOptions, IncomingOptions, SubscriptionOptions {
  rate?: number;
  quiet?: boolean;
  progress?: boolean;
}

/** The parts that move messages. */
interface Way {
  readonly to: string;
  readonly messenger: Messenger;
  readonly pace: Pace;
  readonly interruption: Interruption;
  readonly verdicts: Verdicts;
}

/** `amqp-messenger relay`: moves messages from one address to another. */
export function relayCommand(): Command {
  const command = new Command('relay')
    .description('Move messages from one address to another, each accepted once it has arrived.')
    .argument('<from>', 'where from; amqp://~127.0.0.1:5672 listens instead')
    .argument('<to>', 'where to');
  addIncomingOptions(command)
    .option('-r, --rate <n>', 'move so many a second at most', positiveNumber)
    .option('-q, --quiet', 'print no summary');
  addSubscriptionOptions(command);
  progressOptions().forEach((option) => command.addOption(option));
  return addConnectionOptions(command).action(relay);
}

async function relay(from: string, to: string, options: RelayOptions): Promise<void> {
  warnOfPasswords([from, to]);
  using interruption = new Interruption();
  const config = await loadConfiguration(options);
  const source = endpointOf(from, config);
  const target = destinationOf(to, config);
  if (isSameNode(source, target)) {
    const message = `${redact(from)} and ${redact(to)} are the same node: its messages would go round for ever.`;
    throw new CommandError(`${message} Give another to move them to.`, EXIT.usage);
  }
  await using messenger = messengerFor(config, options, { outgoingWindow: IN_FLIGHT, incomingWindow: -1 });
  using verdicts = new Verdicts();
  const outcomes = new Outcomes(messenger);
  // When the source is a listening address, the target may be a peer that connects to it later.
  if (!source.passive) await reach(target, config, options, interruption);
  await subscribe(messenger, [from], options, interruption);
  const progress = await showProgress(options.count, options.progress, 'messages');
  const way: Way = { to, messenger, pace: new Pace(options.rate), interruption, verdicts };
  try {
    for await (const batch of batches(messenger, options, interruption)) {
      await Promise.all(await moveAll(batch, way));
      progress.update(outcomes.total);
      if (outcomes.signal.aborted) break;
    }
    await messenger.send();
  } finally {
    progress.stop();
    if (options.quiet !== true) note(outcomes.toString());
  }
  if (outcomes.total < options.count) process.exitCode = EXIT.interrupted;
  else if (!outcomes.isGood) process.exitCode = EXIT.failed;
}

async function reach(
  target: Endpoint,
  config: Config | undefined,
  options: RelayOptions,
  interruption: Interruption,
): Promise<void> {
  try {
    await checkConnection(target, config, options, interruption.signal);
  } catch (error) {
    if (!interruption.isOver()) throw error;
  }
}

/** Puts messages, and passes their outcomes to their senders. */
async function moveAll(batch: readonly Delivery[], way: Way): Promise<Promise<void>[]> {
  const { pace, interruption } = way;
  const moved: Promise<void>[] = [];
  for (const delivery of batch) {
    // After an interruption, messages that were not put are released.
    await pace.turn(interruption.signal).catch(() => undefined);
    if (interruption.isOver()) break;
    moved.push(move(delivery, way));
  }
  return moved;
}

/** The message keeps its bytes; only its address changes. */
async function move(delivery: Delivery, { to, messenger, verdicts }: Way): Promise<void> {
  const { message } = delivery;
  message.address = to;
  const tracker = messenger.put(message);
  const status = await tracker.outcome();
  if (status === 'accepted') delivery.accept();
  else if (status === 'rejected')
    delivery.reject({ condition: 'amqp:not-allowed', description: tracker.error?.message });
  else verdicts.carryOut('release', delivery);
}
