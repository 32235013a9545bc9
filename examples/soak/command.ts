import { existsSync, readFileSync } from 'node:fs';
import { Command, InvalidArgumentError } from 'commander';
import debug from 'debug';
import { Messenger } from 'amqp-messenger';

/** The options that both programs have, by their letters. */
export interface CommonOptions {
  /** Addresses. */
  readonly a: readonly string[];
  /** How many messages; 0 for ever. */
  readonly c: number;
  /** Seconds a call may wait; -1 for ever. */
  readonly t: number;
  /** Seconds between reports; 0 for one at the end. */
  readonly e: number;
  readonly R?: true;
  readonly N?: string;
  readonly V?: true;
  readonly T?: string;
  readonly C?: string;
  readonly K?: string;
  readonly P?: string;
}

/** Addresses, separated by commas. */
export function addresses(text: string): string[] {
  return text.split(',');
}

/** A whole number. */
export function integer(text: string): number {
  if (!/^-?\d+$/.test(text)) throw new InvalidArgumentError('It must be a whole number.');
  return Number(text);
}

/** The options that both programs have. Each adds its own. */
export function createCommand(name: string): Command {
  return new Command(name)
    .option('-c <count>', 'how many messages; 0 for ever', integer, 0)
    .option('-t <seconds>', 'how long a call may wait; -1 for ever', Number, -1)
    .option('-e <seconds>', 'time between reports; 0 for one at the end', Number, 0)
    .option('-N <name>', 'the container name')
    .option('-V', 'print the debug log')
    .option('-T <path>', 'the authorities to trust')
    .option('-C <path>', 'our certificate')
    .option('-K <path>', 'its private key')
    .option('-P <password>', 'the password of the key: pass:xxx, or a file that holds it');
}

/** A messenger as the options want it. */
export function createMessenger(
  options: CommonOptions,
  windows: { outgoingWindow: number; incomingWindow: number },
): Messenger {
  if (options.V === true) debug.enable('amqp-messenger:*');
  const passphrase = options.P === undefined ? undefined : passwordOf(options.P);
  return new Messenger({
    ...windows,
    // As the original: a peer may be addressed by its name, and answers go wherever a message says.
    containerIdsAsHosts: true,
    dialPeerHosts: true,
    ...(options.N === undefined ? {} : { name: options.N }),
    timeout: options.t * 1000,
    tls: { caFile: options.T, certFile: options.C, keyFile: options.K, passphrase },
  });
}

/** Runs a program to its end: why it cannot go on is printed, and the exit code is 1 then. */
export async function run(name: string, main: () => Promise<void>): Promise<void> {
  try {
    await main();
  } catch (error) {
    process.exitCode = 1;
    console.error(`${name}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function passwordOf(given: string): string {
  if (given.startsWith('pass:')) return given.slice('pass:'.length);
  if (!existsSync(given)) throw new Error('The password is neither pass:xxx nor a file. Write pass: before it.');
  return readFileSync(given, 'utf8').split('\n')[0] ?? '';
}
