import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { describe, it, onTestFinished } from 'vitest';
import { echo, oneway, relay, star } from '../conformance/soak.js';
import type { Cast, Start } from '../conformance/soak.js';
import { start } from '../docs/programs.js';
import { useCPrograms } from './use-c-programs.js';

const pathOf = useCPrograms();

const ours = (name: 'msgr-send' | 'msgr-recv'): Start => {
  return (args) => start({ onTestFinished }, `examples/soak/${name}.ts`, args);
};

const inC = (name: 'msgr_send' | 'msgr_recv'): Start => {
  return (args) => {
    const child = spawn(pathOf(name), args, { stdio: ['ignore', 'pipe', 'pipe'] });
    onTestFinished(() => void child.kill('SIGKILL'));
    const ended = Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]).then(
      // `close` comes with the exit code.
      ([stdout, stderr, [code]]) => ({ code: code as number | null, stdout, stderr }),
    );
    return { process: child, ended };
  };
};

const CASTS: [title: string, cast: Cast][] = [
  [
    'a receiver of ours among C programs',
    { senders: [inC('msgr_send'), ours('msgr-send')], receiver: ours('msgr-recv'), relay: inC('msgr_recv') },
  ],
  [
    'a receiver in C among programs of ours',
    { senders: [ours('msgr-send'), inC('msgr_send')], receiver: inC('msgr_recv'), relay: ours('msgr-recv') },
  ],
];

/** Where there are three senders, one of them is of the other kind. */
describe.each(CASTS)('the soak of the original, %s', { timeout: 60_000 }, (_title, cast) => {
  it('oneway: five targets, 17 messages each, twice', () => oneway(cast));
  it('echo: every message is answered, seven at a time', () => echo(cast));
  it('relay: every message is passed on to a receiver by its container name', () => relay(cast));
  it('star: three ports, three senders, five targets on each, with answers', () => star(cast));
});
