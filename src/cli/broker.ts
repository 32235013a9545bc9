import { once } from 'node:events';
import { Command } from 'commander';
import { EmbeddedBroker } from '../broker/embedded-broker.js';
import { wholeNumber } from './exit.js';

interface BrokerCommandOptions {
  port?: number;
  host?: string;
  config?: string;
}

/** `amqp-messenger broker`: runs an embedded broker until it is interrupted. */
export function brokerCommand(): Command {
  return new Command('broker')
    .description('Run a broker in memory, for development and tests.')
    .option('-p, --port <port>', 'the port to listen on; 0 takes any (default: 5672)', wholeNumber)
    .option('--host <host>', 'the address to listen on (default: 127.0.0.1)')
    .option(
      '-c, --config <file>',
      'queues, topics, users, limits and TLS, as YAML or JSON; the options above go before it',
    )
    .action(run);
}

async function run({ config, ...options }: BrokerCommandOptions): Promise<void> {
  // The code that reads the file is loaded only when there is one.
  const read = config === undefined ? {} : await (await import('./broker-config.js')).readBrokerConfig(config);
  await using broker = await new EmbeddedBroker({ ...read, ...options }).start();
  process.stdout.write(`Listening on ${broker.url}. Ctrl-C stops it, and what it holds is gone then.\n`);
  await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
}
