import { once } from 'node:events';
import { Command } from 'commander';
import { EmbeddedBroker } from '../broker/embedded-broker.js';
import { wholeNumber } from './exit.js';

/** `amqp-messenger broker`: an embedded broker until it is interrupted. */
export function brokerCommand(): Command {
  return new Command('broker')
    .description('Run a broker in memory, for development and tests.')
    .option('-p, --port <port>', 'the port to listen on; 0 takes any', wholeNumber, 5672)
    .option('--host <host>', 'the address to listen on', '127.0.0.1')
    .action(run);
}

async function run(options: { port: number; host: string }): Promise<void> {
  await using broker = await new EmbeddedBroker(options).start();
  process.stdout.write(`Listening on ${broker.url}. Ctrl-C stops it, and what it holds is gone then.\n`);
  await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
}
