import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { CommanderError } from 'commander';
import type { Command } from 'commander';
import { EXIT, exitCodeOf } from '../../src/cli/exit.js';
import { createProgram } from '../../src/cli/program.js';
import { broker, folder, run } from './support.js';

const LIMIT = 60_000;
const NOWHERE = 'amqp://127.0.0.1:1/q';
const CONFIG = 'amqp-messenger.config.yaml';

describe.concurrent('what is wrong is told in a sentence, with an exit code', { timeout: LIMIT }, () => {
  it.each([
    [['sned'], /unknown command 'sned'\n\(Did you mean send\?\)/],
    [['send'], /missing required argument 'address'/],
    [['send', NOWHERE, '--cuont', '1'], /unknown option '--cuont'\n\(Did you mean --count\?\)/],
    [['send', NOWHERE, 'x', '--count', 'many'], /argument 'many' is invalid\. It must be a whole number\./],
    [['send', NOWHERE, 'x', '--count', ''], /It must be a whole number\./],
    [['send', NOWHERE, 'x', '--rate', '0'], /It must be a whole number from 1 up\./],
    [['bench', '--size', '7'], /It must be a whole number from 8 up\./],
    [['send', NOWHERE, 'x', '--template', 'y'], /a text and --template cannot go together\./],
    [['send', NOWHERE, '--template', '{x}'], /There is no \{x\}\. There are: n, uuid, now/],
    [['send', NOWHERE, '--template', '{'], /A brace that stands for itself is written twice/],
    [['send', NOWHERE, 'x', '--property', 'x'], /Write name=value/],
    [['send', NOWHERE, 'x', '--property', 'x:={'], /What follows x:= must be JSON\./],
    [['send', 'amqp://', 'x'], /The address has no host/],
    [['send', 'amqp://h:99999/q', '--count', '0'], /The address has a port that is not a number/],
    [['request', 'amqp://h:99999/q', '--count', '0'], /The address has a port that is not a number/],
    [['send', 'amqp://~h/q', '--count', '0'], /is an address to listen on\. Give the address of a peer/],
    [['relay', NOWHERE, 'amqp://h:99999/q'], /The address has a port that is not a number/],
    [['relay', NOWHERE, NOWHERE], /are the same node: its messages would go round for ever/],
    [
      ['relay', 'amqp://u:p@LocalHost/q', 'amqp://localhost:5672/q'],
      /^amqp:\/\/\*\*\*@LocalHost\/q and .* the same node/,
    ],
    [['recv', 'h:port/q'], /The address has a port that is not a number/],
    [['recv', NOWHERE, '--durable'], /A durable or shared subscription needs a name/],
    [['recv', NOWHERE, '--outcome', 'reject', '--filter', 'true'], /--outcome <what>' cannot be used with .*--filter/],
    [['recv', NOWHERE, '--outcome', 'reject', '--browse'], /--outcome <what>' cannot be used with .*--browse/],
    [['recv', NOWHERE, '--raw', '--json'], /--raw' cannot be used with .*--json/],
    [['send', NOWHERE, '--file', 'x', '--json'], /--json' cannot be used with .*--file/],
    [['send', NOWHERE, '--file', 'x', '--count', '5'], /--count <n>' cannot be used with .*--file/],
    [['request', NOWHERE, '--file', 'x', '--count', '5'], /--count <n>' cannot be used with .*--file/],
    [['recv', NOWHERE, '--ca', 'x', '--insecure'], /--ca <path>' cannot be used with .*--insecure/],
    [['recv', NOWHERE, '--cert', 'x'], /There is a certificate and no --key/],
    [['recv', NOWHERE, '--key', 'x'], /There is a key and no --cert/],
    [['routes', 'test', '--rewrite', 'a=b'], /unknown option '--rewrite'/],
    [['bench', '--user', 'me', '--insecure'], /^--user and --insecure without an address has no effect/],
    [['channels', '--socket', 'x', '--host', 'y'], /--host has no effect without --http/],
    [['recv', NOWHERE, '--outcome', 'keep'], /Allowed choices are accept, reject, release, modify\./],
    [['reply', NOWHERE, '--text', 'a', '--exec', 'b'], /Only one of --text, --template and --exec/],
    [['doctor', 'amqp://~h'], /That is an address to listen on\./],
    [['completion', 'tcsh'], /Allowed choices are bash, zsh, fish\./],
    [['routes', 'explain', 'a', '--route', 'x'], /Write pattern=address\./],
  ])('2 for a command line that is wrong: %j', async (args, message) => {
    const { code, said } = await runHere(args);
    expect(said).toMatch(message);
    expect(code).toBe(2);
  });

  it('2 by the program itself', async (test) => {
    const { code, stdout, stderr } = await run(test, ['sned']);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toBe("error: unknown command 'sned'\n(Did you mean send?)\n(add --help for a list)\n");
  });

  it('3 for a configuration that cannot be used', async (test) => {
    const cwd = folder(test, {
      [CONFIG]: 'routes:\n  - patern: a\n    address: amqp://h\n',
      'secret.yaml': 'name: "${NO}"',
    });
    const wrong = await run(test, ['routes', 'list'], { cwd });
    expect(wrong).toMatchObject({ code: 3, stdout: '' });
    expect(wrong.stderr).toContain(`${CONFIG}:2: routes[0].patern is not a known key. Did you mean pattern?`);
    const missing = await run(test, ['send', NOWHERE, 'x', '--config', 'secret.yaml'], { cwd });
    expect(missing.code).toBe(3);
    expect(missing.stderr).toContain('secret.yaml:1: name needs the environment variable NO, which is not set.');
    const none = await run(test, ['recv', NOWHERE, '--config', 'nowhere.yaml'], { cwd });
    expect(none.code).toBe(3);
    expect(none.stderr).toContain('nowhere.yaml cannot be read: ENOENT');
    const cases: [text: string | undefined, message: RegExp][] = [
      [undefined, /broker\.yaml cannot be read: ENOENT/],
      ['port: [', /broker\.yaml:1: is not valid YAML/],
      ['prot: 1', /broker\.yaml:1: prot is not a known key\. Did you mean port\?/],
      ['host: "${NO}"', /broker\.yaml:1: host needs .* NO, which is not set\. Set it, or write \$\{NO:-default\}\./],
      ['limits: { maxMessages: -1 }', /broker\.yaml: .*maxMessages/],
    ];
    for (const [text, message] of cases) {
      const at = folder(test, text === undefined ? {} : { 'broker.yaml': text });
      const { code, stderr } = await run(test, ['broker', '--config', 'broker.yaml'], { cwd: at });
      expect(stderr).toMatch(message);
      // The whole path, as of other configurations.
      expect(stderr).toMatch(/^amqp-messenger: \/.+\/broker\.yaml/);
      expect(code).toBe(3);
    }
    const profile = await run(test, ['recv', NOWHERE, '--profile', 'dev'], { cwd: folder(test) });
    expect(profile.code).toBe(3);
    const password = await run(test, ['recv', NOWHERE, '--password-file', 'nowhere'], { cwd: folder(test) });
    expect(password.stderr).toMatch(/^amqp-messenger: The file of the password cannot be read: ENOENT/);
    expect(password.code).toBe(3);
  });

  it('4 for input that is not what it should be', async (test) => {
    const { url } = await broker(test);
    const cwd = folder(test, { 'bytes.txt': Buffer.from([0x61, 0x0a, 0xff, 0x0a]) });
    const send = (args: string[], input = '') => run(test, ['send', `${url}/q`, '--quiet', ...args], { cwd, input });
    const half = await send(['--json'], '{"body":1}\n{"body":');
    expect(half.code).toBe(4);
    expect(half.stderr).toMatch(/^amqp-messenger: standard input, line 2, is not a whole JSON object: .*\.\n$/);
    expect((await send(['--json'], '5')).stderr).toMatch(/line 1, is not a JSON object with the fields of a message/);
    expect((await send(['--json'], '{"subjet":"x"}')).stderr).toMatch(/has a field subjet.* Did you mean subject\?/);
    expect((await send(['--json'], '{"body":1,"bodyType":"data"}')).stderr).toMatch(/has bytes as body/);
    expect((await send(['--json'], '{"priority":"x"}')).code).toBe(4);
    expect((await send(['--input', 'bytes.txt'])).stderr).toMatch(/bytes\.txt, line 2, is not UTF-8 text/);
    expect(await send(['--input', 'nowhere.txt'])).toMatchObject({ code: 4 });
    expect(await send(['--file', 'nowhere.bin'])).toMatchObject({ code: 4 });
    expect(await send(['--input', '.'])).toMatchObject({ code: 4 });
  });

  it('1, 5, 6, 7 and 8 for what peers refuse, or do not do in time', async (test) => {
    const { url } = await broker(test, {
      createNodes: false,
      queues: { q: { maxMessages: 1 } },
    });
    const full = await run(test, ['send', `${url}/q`, 'x', '--count', '3']);
    expect(full.code).toBe(1);
    expect(full.stderr).toMatch(/^1 accepted, 2 rejected \(.*amqp:resource-limit-exceeded/);
    const late = await run(test, ['recv', `${url}/q`, '--count', '2', '--timeout', '1000']);
    expect(late).toEqual({
      code: 5,
      stdout: 'x\n',
      stderr: 'amqp-messenger: 1 of 2 messages have come, and none for 1000 ms.\n',
    });
    const gone = await run(test, ['send', NOWHERE], { input: 'x\n'.repeat(10) });
    expect(gone.code).toBe(6);
    expect(gone.stderr).toMatch(/nothing listens there/);
    expect((await run(test, ['recv', NOWHERE])).code).toBe(6);
    expect((await run(test, ['recv', `${url}/none`])).code).toBe(8);
    expect((await run(test, ['send', `${url}/none`, 'x'])).code).toBe(8);
  });

  it('0 for passwords in files of Windows editors, and 3 for files that never end', async (test) => {
    const { port } = await broker(test, { users: { me: 'right' } });
    const address = `amqp://127.0.0.1:${port}/q`;
    const cwd = folder(test, {
      password: '\uFEFFright\r\n',
      'configured.yaml': 'connections: { sasl: { user: me, passwordFile: password } }',
      'endless.yaml': 'connections: { sasl: { user: me, passwordFile: /dev/zero } }',
    });
    const named = await run(test, ['send', address, 'x', '--user', 'me', '--password-file', 'password'], { cwd });
    expect(named).toMatchObject({ code: 0, stderr: '1 accepted\n' });
    const configured = await run(test, ['send', address, 'x', '--config', 'configured.yaml'], { cwd });
    expect(configured).toMatchObject({ code: 0, stderr: '1 accepted\n' });
    const endless = await run(test, ['recv', address, '--user', 'me', '--password-file', '/dev/zero'], { cwd });
    expect(endless.code).toBe(3);
    expect(endless.stderr).toContain('/dev/zero is too large for a secret: it has more than 65536 bytes.');
    const there = await run(test, ['recv', address, '--config', 'endless.yaml'], { cwd });
    expect(there.code).toBe(2);
    expect(there.stderr).toContain('/dev/zero is too large for a secret');
  });

  it('7 for a user that is refused, whose password is told nobody', async (test) => {
    const { port } = await broker(test, { users: { me: 'right' } });
    const address = `amqp://127.0.0.1:${port}/q`;
    const env = { AMQP_MESSENGER_USER: 'me', AMQP_MESSENGER_PASSWORD: 'wrong' };
    const refused = await run(test, ['send', address, 'x'], { env });
    expect(refused.code).toBe(7);
    expect(refused.stderr).not.toContain('wrong');
    expect((await run(test, ['send', address, 'x'], { env: { ...env, AMQP_MESSENGER_PASSWORD: 'right' } })).code).toBe(
      0,
    );
    const cwd = folder(test, { password: 'right\n' });
    expect(
      (await run(test, ['recv', address, '-c', '1', '--user', 'me', '--password-file', 'password'], { cwd })).stdout,
    ).toBe('x\n');
    const open = await run(test, ['send', `amqp://me:right@127.0.0.1:${port}/q`, 'x']);
    expect(open.code).toBe(0);
    expect(open.stderr).toMatch(/^amqp-messenger: warning: the password on the command line can be read by everybody/);
  });

  it('9 for a port that is in use', async (test) => {
    const server = createServer().listen(0, '127.0.0.1');
    test.onTestFinished(() => void server.close());
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const { code, stderr } = await run(test, ['broker', '--port', String(port)]);
    expect(code).toBe(9);
    expect(stderr).toMatch(/^amqp-messenger: .*\n$/);
    expect((await run(test, ['recv', `amqp://~127.0.0.1:${port}`])).code).toBe(9);
  });
});

/** Runs a command in this process, up to what it throws. */
async function runHere(args: readonly string[]): Promise<{ code: number; said: string }> {
  let said = '';
  const program = createProgram();
  const quiet = (command: Command): void => {
    command.configureOutput({ writeErr: (text) => void (said += text), writeOut: () => undefined });
    command.commands.forEach(quiet);
  };
  quiet(program);
  try {
    await program.parseAsync(args, { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) return { code: EXIT.usage, said };
    if (error instanceof Error) return { code: exitCodeOf(error), said: error.message };
  }
  throw new Error('The command has done what it was told.');
}
