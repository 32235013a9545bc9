import type { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { createProgram } from '../../src/cli/program.js';

function all(command: Command, path: string): [string, Command][] {
  return [[path, command], ...command.commands.flatMap((sub) => all(sub, `${path} ${sub.name()}`))];
}

function help(command: Command): string {
  command.configureOutput({ getOutHelpWidth: () => 80 });
  return command.helpInformation();
}

const commands = all(createProgram(), 'amqp-messenger');

describe('the help', () => {
  it.each(commands)('of %s fits 80 columns', (_path, command) => {
    expect(
      help(command)
        .split('\n')
        .filter((line) => line.length > 80),
    ).toEqual([]);
  });

  // After a change that is meant: npx vitest run test/cli/help.test.ts -u
  it.each(commands)('of %s says what it said', (_path, command) => {
    expect(help(command)).toMatchSnapshot();
  });

  it('describes every command, argument and option', () => {
    for (const [path, command] of commands) {
      expect(command.description(), path).not.toBe('');
      for (const { description, flags } of command.options) expect(description, `${path} ${flags}`).not.toBe('');
      for (const argument of command.registeredArguments) expect(argument.description, path).not.toBe('');
    }
  });
});
