import type { Command } from 'commander';
import { InvalidArgumentError } from 'commander';
import { parseAddress } from '../address/address.js';
import { SYSTEM_CLOCK } from '../clock.js';
import { TimeoutError, asError } from '../errors.js';
import type { Delivery } from '../messenger/incoming/delivery.js';
import type { Messenger } from '../messenger/messenger.js';
import type { SubscribeOptions } from '../messenger/options/subscribe-options.js';
import type { Subscription } from '../messenger/incoming/subscription.js';
import { following, within } from '../wait.js';
import type { Interruption } from './interruption.js';
import { CommandError, EXIT, exitCodeOf, wholeNumber } from './exit.js';
import { spellingFor } from './rabbitmq-address.js';

/** The credit of a subscription, in messages. */
const CREDIT = 1024;

/** Options that limit the number of messages and the time to wait for them. */
export interface IncomingOptions {
  count: number;
  timeout?: number;
}

/** Options of a subscription. */
export interface SubscriptionOptions {
  name?: string;
  durable?: boolean;
  shared?: boolean | 'global';
  selector?: string;
  browse?: boolean;
}

/** Adds `--count` and `--timeout`. */
export function addIncomingOptions(command: Command): Command {
  return command
    .option('-c, --count <n>', 'stop after so many; 0 goes on until interrupted', wholeNumber, 0)
    .option('-t, --timeout <ms>', 'stop when none comes for so long', wholeNumber);
}

/** Adds the options of a subscription. */
export function addSubscriptionOptions(command: Command): Command {
  return command
    .option('--name <name>', 'the name of a durable or shared subscription')
    .option('--durable', 'the peer keeps what comes while nobody is connected; needs --name')
    .option('--shared [global]', 'share the messages with others of that name; needs --name', sharing)
    .option('--selector <expression>', 'only messages that match, such as "region = \'eu\'"')
    .option('--browse', 'look at messages and leave them where they are');
}

/**
 * Subscribes, and waits until the link is attached or the command is interrupted. The time to wait for messages begins
 * afterwards.
 */
export async function subscribe(
  messenger: Messenger,
  addresses: readonly string[],
  options: SubscriptionOptions,
  interruption: Interruption,
): Promise<void> {
  const terms = termsOf(options);
  const opened = addresses.map((address) => opening(messenger.subscribe(address, terms)));
  await within(SYSTEM_CLOCK, { signal: interruption.signal }, following(Promise.all(opened)));
}

/** Waits for a subscription. The error for a misspelt node tells the right spelling. */
async function opening(subscription: Subscription): Promise<void> {
  try {
    await subscription.ready();
  } catch (error) {
    const spelling = spellingFor(error, parseAddress(subscription.source).name ?? 'NAME');
    if (spelling === undefined) throw error;
    throw new CommandError(`${asError(error).message} ${spelling}`, exitCodeOf(error));
  }
}

function termsOf({ name, durable, shared, selector, browse }: SubscriptionOptions): SubscribeOptions {
  return {
    ...(name === undefined ? {} : { name }),
    ...(durable === undefined ? {} : { durable }),
    ...(shared === undefined ? {} : { shared }),
    ...(selector === undefined ? {} : { selector }),
    ...(browse === true ? { distributionMode: 'copy' as const } : {}),
  };
}

/**
 * Yields messages as they arrive, in batches of those that are queued. Never takes more than `--count` messages: the
 * others stay with the peer. Ends after `--count` messages, when the command is interrupted, or after `--timeout`
 * without a message, which is an error with `--count`.
 */
export async function* batches(
  messenger: Messenger,
  { count, timeout }: IncomingOptions,
  interruption: Interruption,
  largest: number = CREDIT,
): AsyncGenerator<Delivery[], void, undefined> {
  let left = count === 0 ? Infinity : count;
  while (left > 0 && !interruption.isOver()) {
    if (messenger.incoming === 0) {
      try {
        await messenger.recv(Math.min(left, CREDIT, largest), { timeout: timeout ?? -1, signal: interruption.signal });
      } catch (error) {
        if (interruption.isOver()) return;
        if (!(error instanceof TimeoutError)) throw error;
        if (count === 0) return;
        throw tooFew(count - left, count, timeout);
      }
    }
    const batch: Delivery[] = [];
    while (batch.length < Math.min(left, largest)) {
      const delivery = messenger.get();
      if (delivery === undefined) break;
      batch.push(delivery);
    }
    left -= batch.length;
    yield batch;
  }
}

/** The error for fewer messages than wanted within the time limit. */
export function tooFew(received: number, count: number, timeout: number | undefined): CommandError {
  const time = timeout === undefined ? 'in time' : `for ${timeout} ms`;
  return new CommandError(`${received} of ${count} messages have come, and none ${time}.`, EXIT.timeout);
}

function sharing(text: string): 'global' {
  if (text === 'global') return text;
  throw new InvalidArgumentError('It is --shared, or --shared global for subscribers of any name.');
}
