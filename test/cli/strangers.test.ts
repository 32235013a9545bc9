import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { MAIN, broker, fill, folder, run } from './support.js';
import type { Ending, Test } from './support.js';

const EVIL = 'x\x1b]0;owned\x07\x9b2J\u202e';
const SHOWN = 'x\\u001b]0;owned\\u0007\\u009b2J\\u202e';
/** What does something to a terminal. */
const CONTROL = /[\0-\x08\x0b-\x1f\x7f-\x9f\u202e]/;

/** Whether there is a program that runs another one in a terminal, as util-linux has it. */
const hasTerminal = (() => {
  try {
    return execFileSync('script', ['--version'], { encoding: 'utf8' }).includes('util-linux');
  } catch {
    return false;
  }
})();

function expectHarmless({ stdout, stderr }: Ending, shown = SHOWN): void {
  expect(stdout).not.toMatch(CONTROL);
  expect(stderr).not.toMatch(CONTROL);
  expect(stdout + stderr).toContain(shown);
}

describe.concurrent('what strangers say does nothing to a terminal', { timeout: 180_000 }, () => {
  it('when a peer rejects a message, refuses a link, or is looked at', async (test) => {
    const ours = await broker(test);
    const error = { condition: 'amqp:not-allowed\x1b[31m', description: EVIL };
    ours.inject({ on: 'message', reject: error });
    expectHarmless(await run(test, ['send', `${ours.url}/q`, 'hello']));
    ours.inject({ on: 'attach', reject: error });
    expectHarmless(await run(test, ['recv', `${ours.url}/q`, '--timeout', '2000']));
    expectHarmless(await run(test, ['doctor', `${ours.url}/q`]));
    // The error message shows it already.
    expectHarmless(await run(test, ['doctor', `${ours.url}/q`, '--json']), JSON.stringify(SHOWN).slice(1, -1));
  });

  it('when a configuration has it in a key, a pattern or an address', async (test) => {
    const at = async (content: unknown, ...args: string[]) => {
      const cwd = folder(test, { 'amqp-messenger.config.json': JSON.stringify(content) });
      return run(test, args, { cwd });
    };
    expectHarmless(await at({ [EVIL]: 1 }, 'routes', 'list'));
    const rules = { routes: [{ pattern: `a${EVIL}`, address: `amqp://h/${EVIL}` }] };
    expectHarmless(await at(rules, 'routes', 'list'));
    expectHarmless(await at(rules, 'routes', 'list', '--json'));
    expectHarmless(await at(rules, 'routes', 'explain', `a${EVIL}`));
  });

  it('as JSON, which has the same value', async (test) => {
    const ours = await broker(test);
    await fill(ours, 'q', [{ body: EVIL, subject: EVIL, properties: { [EVIL]: EVIL } }]);
    const ending = await run(test, ['recv', `${ours.url}/q`, '--count', '1', '--json']);
    expectHarmless(ending);
    expect(JSON.parse(ending.stdout)).toMatchObject({ body: EVIL, subject: EVIL, properties: { [EVIL]: EVIL } });
  });

  it('and bodies are what they are in a pipe', async (test) => {
    const ours = await broker(test);
    await fill(ours, 'q', [{ body: EVIL }]);
    expect((await run(test, ['recv', `${ours.url}/q`, '--count', '1'])).stdout).toBe(`${EVIL}\n`);
  });

  it.runIf(hasTerminal)('and are shown without control characters on a terminal', async (test) => {
    const ours = await broker(test);
    await fill(ours, 'q', [{ body: `${EVIL}\tä\nb` }, { body: 'c' }]);
    expect(await onTerminal(test, 'recv', `${ours.url}/q`, '--count', '2', '--raw')).toBe(`${SHOWN}\tä\r\nbc`);
  });
});

/** What a terminal shows of a command. */
async function onTerminal(test: Test, ...args: string[]): Promise<string> {
  const { promisify } = await import('node:util');
  const { execFile } = await import('node:child_process');
  const typescript = join(folder(test), 'typescript');
  const command = [process.execPath, MAIN, ...args].map((word) => `'${word}'`).join(' ');
  return (await promisify(execFile)('script', ['-qec', command, typescript])).stdout;
}
