import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { benchCommand } from './bench.js';
import { brokerCommand } from './broker.js';
import { channelsCommand } from './channels.js';
import { completionCommand } from './completion.js';
import { doctorCommand } from './doctor.js';
import { recvCommand } from './recv.js';
import { relayCommand } from './relay.js';
import { replyCommand } from './reply.js';
import { requestCommand } from './request.js';
import { routesCommand } from './routes.js';
import { sendCommand } from './send.js';

/** Makes the program with all its commands. It throws `CommanderError` where commander would end the process. */
export function createProgram(): Command {
  const program = new Command('amqp-messenger')
    .description('Send and receive AMQP 1.0 messages.')
    .version(version())
    .showHelpAfterError('(add --help for a list)')
    .exitOverride();
  const commands = [
    sendCommand(),
    recvCommand(),
    requestCommand(),
    replyCommand(),
    relayCommand(),
    routesCommand(),
    doctorCommand(),
    benchCommand(),
    brokerCommand(),
    channelsCommand(),
    completionCommand(() => program),
  ];
  for (const command of commands) inherit(program.addCommand(command), command);
  return program;
}

/** A command that is made separately does not inherit the settings of its parent. */
function inherit(parent: Command, command: Command): void {
  command.copyInheritedSettings(parent);
  for (const sub of command.commands) inherit(command, sub);
}

function version(): string {
  // The package.json of this package, whose structure is known.
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
