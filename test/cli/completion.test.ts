import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { completionScript } from '../../src/cli/completion.js';
import { createProgram } from '../../src/cli/program.js';

/** What bash offers for a line, of which the last word is being written. */
function complete(...words: string[]): string[] {
  const script = `${completionScript(createProgram(), 'bash')}
COMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length - 1}
_amqp_messenger; printf '%s\\n' "\${COMPREPLY[@]}"`;
  return execFileSync('bash', ['-c', script], { encoding: 'utf8' }).trim().split('\n');
}

describe('completion', () => {
  it('offers commands, their commands and their options in bash', () => {
    expect(complete('amqp-messenger', 're')).toEqual(['recv', 'request', 'reply', 'relay']);
    expect(complete('amqp-messenger', 'routes', 'e')).toEqual(['explain']);
    expect(complete('amqp-messenger', 'routes', 'explain', '--ro')).toEqual(['--route']);
    expect(complete('amqp-messenger', 'recv', 'amqp://h/q', '--sel')).toEqual(['--selector']);
    expect(complete('amqp-messenger', 'recv', 'amqp://h/q', '--outcome', '')).toEqual([
      'accept',
      'reject',
      'release',
      'modify',
    ]);
    expect(complete('amqp-messenger', 'recv', '--outcome', 're')).toEqual(['reject', 'release']);
    expect(complete('amqp-messenger', 'recv', '--outcome', 'reject', '--sel')).toEqual(['--selector']);
    expect(complete('amqp-messenger', 'completion', '').slice(0, 3)).toEqual(['bash', 'zsh', 'fish']);
    expect(complete('amqp-messenger', 'completion', 'f')).toEqual(['fish']);
    expect(complete('amqp-messenger', 'send', '--config', '/etc/host')).toContain('/etc/hosts');
  });

  it.each(['zsh', 'fish'] as const)('has a script for %s with every command and option', (shell) => {
    const script = completionScript(createProgram(), shell);
    for (const { name, options } of createProgram().commands.map((command) => ({
      name: command.name(),
      options: command.options.map(({ long }) => long ?? ''),
    }))) {
      expect(script).toContain(name);
      for (const option of options) expect(script).toContain(shell === 'fish' ? `-l ${option.slice(2)}` : option);
    }
    expect(script).toMatch(
      shell === 'fish' ? /-l outcome -x -a 'accept reject / : /'recv --outcome'\) items=\('accept' /,
    );
    expect(script).toMatch(shell === 'fish' ? /from completion' -a 'zsh'/ : /'completion'\) items=\('bash' 'zsh' /);
    // Quotes that are not closed are what goes wrong in such scripts.
    expect(script.replaceAll("'\\''", '').split("'").length % 2).toBe(1);
  });
});
