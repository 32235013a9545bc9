import { Command } from 'commander';
import { TimeoutError } from '../errors.js';
import { Messenger } from '../messenger/messenger.js';
import { wholeNumber } from './exit.js';
import { interruption } from './interruption.js';

interface RecvOptions {
  count: number;
  timeout?: number;
}

/** `amqp-messenger recv`: prints the bodies of messages, a line each. */
export function recvCommand(): Command {
  return new Command('recv')
    .description('Receive messages and print their bodies, a line each.')
    .argument('<address>', 'where from; amqp://~127.0.0.1:5672 listens instead')
    .option('-c, --count <n>', 'stop after this many; 0 goes on until interrupted', wholeNumber, 0)
    .option('-t, --timeout <ms>', 'stop when none comes for this many milliseconds', wholeNumber)
    .action(recv);
}

async function recv(address: string, options: RecvOptions): Promise<void> {
  await using messenger = new Messenger({ incomingWindow: 1024 });
  // What has been printed is accepted, and the peer is told before the connection closes; the rest stays with the peer.
  const signal = interruption();
  messenger.subscribe(address);
  let left = options.count === 0 ? Infinity : options.count;
  while (left > 0) {
    try {
      await messenger.recv(Math.min(left, 1024), { timeout: options.timeout, signal });
    } catch (error) {
      if (signal.aborted || (error instanceof TimeoutError && options.count === 0)) return;
      throw error;
    }
    while (messenger.incoming > 0 && left > 0 && !signal.aborted) {
      const received = messenger.get();
      if (received === undefined) break;
      process.stdout.write(`${line(received.message.body)}\n`);
      messenger.accept(received.tracker);
      left--;
    }
  }
}

function line(body: unknown): string {
  if (typeof body === 'string') return body;
  if (Buffer.isBuffer(body)) return body.toString();
  // Not a string for `undefined`, which a body can be.
  const json = JSON.stringify(body, (_key, value: unknown) =>
    typeof value === 'bigint' ? value.toString() : value,
  ) as string | undefined;
  return json ?? '';
}
