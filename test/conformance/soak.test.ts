import { describe, expect, it, onTestFinished } from 'vitest';
import { run, start } from '../docs/programs.js';
import { freePort } from '../brokers/support/free-port.js';
import { CERTIFICATES } from './certificates.js';
import { echo, oneway, relay, star } from './soak.js';
import type { Cast, Start } from './soak.js';

const send: Start = (args) => start({ onTestFinished }, 'examples/soak/msgr-send.ts', args);
const recv: Start = (args) => start({ onTestFinished }, 'examples/soak/msgr-recv.ts', args);
const OURS: Cast = { senders: [send], receiver: recv, relay: recv };

/** Only what hangs takes this long, in milliseconds: each test is a few processes. */
const LIMIT = 60_000;

describe('the soak of the original, ours alone', { timeout: LIMIT }, () => {
  it('oneway: five targets, 17 messages each, twice', () => oneway(OURS));
  it('echo: every message is answered, seven at a time', () => echo(OURS));
  it('relay: every message is passed on to a receiver by its container name', () => relay(OURS));
  it('star: three ports, three senders, five targets on each, with answers', () => star(OURS));
});

describe('msgr-send and msgr-recv', { timeout: LIMIT }, () => {
  it('take certificates, windows, a name, and a password of either form', async () => {
    const address = `amqps://127.0.0.1:${await freePort()}`;
    const { certificate, privateKey, password } = CERTIFICATES.server;
    const tls = ['-C', certificate, '-K', privateKey, '-P', `pass:${password}`];
    const receiver = recv(['-a', address.replace('//', '//~'), '-c', '2', '-w', '2', '-X', 'READY', ...tls]);
    await new Promise((resolve) => receiver.process.stdout.once('data', resolve));
    const options = ['-a', address, '-c', '2', '-b', '10', '-w', '2', '-N', 'sender', '-T', CERTIFICATES.authority];
    expect(await send(options).ended).toMatchObject({ code: 0, stderr: '' });
    expect((await receiver.ended).stdout).toMatch(/^READY\nMessages sent: 0 recv: 2\n/);
  });

  it('say why they cannot go on, and leave with 1', async () => {
    const nowhere = ['-a', `amqp://127.0.0.1:${await freePort()}/q`, '-c', '1'];
    const test = { onTestFinished };
    for (const program of ['msgr-send', 'msgr-recv']) {
      const { code, stderr } = await run(test, `examples/soak/${program}.ts`, nowhere);
      expect(code).toBe(1);
      expect(stderr).toMatch(new RegExp(`^${program}: .*nothing listens there.*\n$`));
    }
    const { code, stderr } = await run(test, 'examples/soak/msgr-send.ts', [...nowhere, '-P', 'secret']);
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: 'msgr-send: The password is neither pass:xxx nor a file. Write pass: before it.\n',
    });
  });
});
