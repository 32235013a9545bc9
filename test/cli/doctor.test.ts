import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { createServer } from 'node:net';
import type { AddressInfo, Server } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { broker, run } from './support.js';
import type { Surroundings, Test } from './support.js';

const file = (name: string): string => fileURLToPath(new URL(`../fixtures/tls/${name}`, import.meta.url));

async function listen({ onTestFinished }: Test, server: Server): Promise<number> {
  const sockets = new Set<{ destroy(): void }>();
  server.on('connection', (socket) => sockets.add(socket.on('error', () => undefined)));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

/** The last line of what the doctor says but one, and the last: what is wrong, and the fix. */
async function diagnosis(test: Test, args: readonly string[], surroundings?: Surroundings) {
  const { code, stdout, stderr } = await run(test, ['doctor', '--timeout', '2000', ...args], surroundings);
  expect(stderr).toBe('');
  const lines = stdout.trimEnd().split('\n');
  const steps = lines.flatMap((line) => /^([✓!✗] \S+)/.exec(line)?.[1] ?? []);
  return { code, steps, text: stdout, fix: lines.at(-1)?.trim() };
}

const TLS = { certFile: file('server.pem'), keyFile: file('server.key') };

describe.concurrent('doctor', { timeout: 60_000 }, () => {
  it('finds nothing wrong with a healthy broker', async (test) => {
    const { url } = await broker(test);
    const { code, steps, text } = await diagnosis(test, [`${url}/q`]);
    expect({ code, steps }).toEqual({
      code: 0,
      steps: ['✓ address', '✓ DNS', '✓ TCP', '✓ AMQP', '✓ SASL', '✓ open', '✓ link'],
    });
    expect(text).toContain('ANONYMOUS is used');
    expect((await diagnosis(test, [url])).text).toContain('the address names no node');
  });

  it('finds nothing wrong with TLS and a password', async (test) => {
    const { port } = await broker(test, { tls: TLS, users: { me: 'right' } });
    const env = { AMQP_MESSENGER_USER: 'me', AMQP_MESSENGER_PASSWORD: 'right' };
    const { code, steps, text } = await diagnosis(test, [`amqps://localhost:${port}/q`, '--ca', file('ca.pem')], {
      env,
    });
    expect(text).toMatch(/✓ TLS +TLSv1\.3, .*\n +certificate .*localhost.*signed by .* until \d{4}-\d\d-\d\d/);
    expect(text).toContain('PLAIN is used');
    expect(code).toBe(0);
    expect(steps).toHaveLength(8);
  });

  it('1. tells a wrong port, and a host that does not exist', async (test) => {
    const port = await diagnosis(test, ['amqp://127.0.0.1:1/q']);
    expect(port).toMatchObject({ code: 6, steps: ['✓ address', '✓ DNS', '✗ TCP'] });
    expect(port.fix).toMatch(/^Fix: Nothing listens on that port\./);
    const host = await diagnosis(test, ['amqp://no-such-host.invalid/q']);
    expect(host).toMatchObject({ code: 6, steps: ['✓ address', '✗ DNS'] });
  });

  it('2. tells TLS on a plain port, and the other way round', async (test) => {
    const { port } = await broker(test);
    const tls = await diagnosis(test, [`amqps://127.0.0.1:${port}/q`]);
    expect(tls).toMatchObject({ code: 7, steps: ['✓ address', '✓ DNS', '✓ TCP', '✗ TLS'] });
    expect(tls.fix).toMatch(/Use amqp:\/\/ on this port/);
    const secure = await broker(test, { tls: TLS });
    const plain = await diagnosis(test, [`amqp://127.0.0.1:${secure.port}/q`]);
    expect(plain).toMatchObject({ code: 6, steps: ['✓ address', '✓ DNS', '✓ TCP', '✗ AMQP'] });
    expect(plain.fix).toMatch(/^Fix: Use amqps:\/\/ instead of amqp:\/\//);
  });

  it('3. tells a certificate that is not trusted, or for another host', async (test) => {
    const { port } = await broker(test, { tls: TLS });
    const untrusted = await diagnosis(test, [`amqps://localhost:${port}/q`]);
    expect(untrusted).toMatchObject({ code: 7, steps: ['✓ address', '✓ DNS', '✓ TCP', '✗ TLS'] });
    expect(untrusted.text).toContain('the certificate is not taken: its authority is not one that is trusted here');
    expect(untrusted.fix).toMatch(/--ca <file>/);
    const insecure = await diagnosis(test, [`amqps://localhost:${port}/q`, '--insecure']);
    expect(insecure).toMatchObject({ code: 0 });
    expect(insecure.steps).toContain('! TLS');
    const other = createTlsServer({
      key: readFileSync(file('other-host.key')),
      cert: readFileSync(file('other-host.pem')),
    });
    const elsewhere = await listen(test, other);
    const wrong = await diagnosis(test, [`amqps://localhost:${elsewhere}/q`, '--ca', file('ca.pem')]);
    expect(wrong.text).toContain('it is for another host');
    expect((await diagnosis(test, [`amqps://localhost:${port}/q`, '--ca', 'nowhere.pem'])).code).toBe(3);
  });

  it('4. tells a wrong password, and that one is missing', async (test) => {
    const { port } = await broker(test, { users: { me: 'right' } });
    const address = `amqp://127.0.0.1:${port}/q`;
    const env = { AMQP_MESSENGER_USER: 'me', AMQP_MESSENGER_PASSWORD: 'wrong' };
    const wrong = await diagnosis(test, [address], { env });
    expect(wrong).toMatchObject({ code: 7, steps: ['✓ address', '✓ DNS', '✓ TCP', '✓ AMQP', '✓ SASL', '✗ open'] });
    expect(wrong.fix).toMatch(/^Fix: Check user and password/);
    expect(wrong.text).not.toContain('wrong');
    const none = await diagnosis(test, [address]);
    expect(none).toMatchObject({ code: 7, steps: ['✓ address', '✓ DNS', '✓ TCP', '✓ AMQP', '✗ SASL'] });
    expect(none.fix).toMatch(/Say who you are: --user/);
  });

  it('5. tells a queue that is not there', async (test) => {
    const { url } = await broker(test, { createNodes: false });
    const { code, steps, fix } = await diagnosis(test, [`${url}/none`]);
    expect({ code, last: steps.at(-1) }).toEqual({ code: 8, last: '✗ link' });
    expect(fix).toMatch(/^Fix: Create the queue, or check its name\./);
  });

  it.for<[string, string, () => Server]>([
    ['a web server', 'a web server answers', () => createHttpServer()],
    [
      'a mail server',
      'something that is not AMQP answers: "220 mail',
      () => createServer((s) => void s.write('220 mail.example.com\r\n')),
    ],
    [
      'AMQP 0-9-1',
      'the peer speaks AMQP 0-9-1 and not 1.0',
      () => createServer((s) => void s.end(Buffer.from('AMQP\0\0\x09\x01', 'latin1'))),
    ],
    ['one that hangs up', 'the peer hangs up without a word', () => createServer((s) => void s.end())],
    ['one that says nothing', 'the peer says nothing', () => createServer()],
    [
      'one that cuts a frame short',
      'something that is not AMQP',
      () => createServer((s) => void s.end(Buffer.from('AMQP\x03\x01\0\0\0\0', 'latin1'))),
    ],
  ])('6. tells what is not AMQP 1.0: %s', async ([, said, makeServer], test) => {
    const port = await listen(test, makeServer());
    const { code, steps, text } = await diagnosis(test, ['--timeout', '500', `amqp://127.0.0.1:${port}/q`]);
    expect({ code, steps }).toEqual({ code: 6, steps: ['✓ address', '✓ DNS', '✓ TCP', '✗ AMQP'] });
    expect(text).toContain(said);
  });
});
