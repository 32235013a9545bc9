#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { brokerCommand } from './broker.js';
import { channelsCommand } from './channels.js';
import { failed } from './exit.js';
import { recvCommand } from './recv.js';
import { sendCommand } from './send.js';

// The file of this very package, whose shape is known.
const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

const program = new Command('amqp-messenger')
  .description('Send and receive AMQP 1.0 messages.')
  .version(version)
  .showHelpAfterError('(add --help for what there is)')
  .addCommand(sendCommand())
  .addCommand(recvCommand())
  .addCommand(brokerCommand())
  .addCommand(channelsCommand());

try {
  await program.parseAsync();
} catch (error) {
  failed(error);
}
