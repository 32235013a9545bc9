import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { createServer } from 'node:net';
import type { AddressInfo, Server } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { broker, folder, run } from './support.js';
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

describe.concurrent('doctor', { timeout: 180_000 }, () => {
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

  it('takes no longer for a step than it may, however slowly a peer talks', async (test) => {
    const drip = (bytes: Buffer): Server =>
      createServer((socket) => {
        let sent = 0;
        const timer = setInterval(() => {
          if (sent < bytes.length) socket.write(bytes.subarray(sent, ++sent));
        }, 50);
        socket
          .on('error', () => undefined)
          .on('close', () => clearInterval(timer))
          .resume();
      });
    const header = Buffer.concat([
      Buffer.from('AMQP\x03\x01\0\0', 'latin1'),
      Buffer.from([0, 0, 15, 160]),
      Buffer.alloc(4000),
    ]);
    const slow = await listen(test, drip(header));
    const amqp = await run(test, ['doctor', '--timeout', '1000', `amqp://127.0.0.1:${slow}/q`]);
    expect(amqp.code).toBe(5);
    expect(amqp.stdout).toContain('the peer has begun to answer, and did not end in time');
    const hello = await listen(test, drip(Buffer.concat([Buffer.from([22, 3, 3, 64, 0]), Buffer.alloc(16_384, 2)])));
    const tls = await run(test, ['doctor', '--timeout', '1000', `amqps://127.0.0.1:${hello}/q`]);
    expect(tls.code).toBe(5);
    expect(tls.stdout).toContain('the handshake did not end: no answer within 1000 ms');
  });

  it('waits as long as it is told to, beyond what a timer can keep', async (test) => {
    const { url } = await broker(test);
    const { code, stderr } = await run(test, ['doctor', '--timeout', '2592000000', `${url}/q`]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  });

  it('says that a peer wants a certificate, though TLS 1.3 has begun', async (test) => {
    const server = createTlsServer({
      key: readFileSync(TLS.keyFile),
      cert: readFileSync(TLS.certFile),
      ca: readFileSync(file('ca.pem')),
      requestCert: true,
      rejectUnauthorized: true,
      minVersion: 'TLSv1.3',
    });
    const port = await listen(test, server);
    const { text, fix } = await diagnosis(test, [`amqps://localhost:${port}/q`, '--ca', file('ca.pem')]);
    expect(text).toMatch(/certificate of ours/);
    expect(fix).toMatch(/--cert and --key/);
  });

  it('says where the password is from', async (test) => {
    const { port } = await broker(test, { users: { me: 'right' } });
    const address = `amqp://127.0.0.1:${port}/q`;
    const cwd = folder(test, { right: 'right', 'c.yaml': 'connections: { sasl: { user: me, password: right } }' });
    const from = async (args: string[], env: Record<string, string> = {}): Promise<string | undefined> =>
      /PLAIN is used, with the password of (.*)/.exec((await run(test, ['doctor', ...args], { env, cwd })).stdout)?.[1];
    const env = { AMQP_MESSENGER_USER: 'me', AMQP_MESSENGER_PASSWORD: 'right' };
    expect(await from([`amqp://me:right@127.0.0.1:${port}/q`], env)).toBe('the address');
    expect(await from([address], env)).toBe('AMQP_MESSENGER_PASSWORD');
    expect(await from([address, '--password-file', 'right'], env)).toBe('--password-file');
    expect(await from([address, '--config', 'c.yaml'])).toBe('the configuration (connections.sasl.password)');
    const wrong = await run(test, ['doctor', `amqp://me:wrong@127.0.0.1:${port}/q`]);
    expect(wrong.stdout).toContain('Check user and password, which is that of the address');
  });

  it('knows how RabbitMQ 4 spells its queues, and so does recv', async (test) => {
    const ours = await broker(test);
    const missing = await diagnosis(test, [`${ours.url}/queues/orders`]);
    expect(missing.steps[0]).toBe('! address');
    expect(missing.text).toContain('write //queues/orders behind the host, with two slashes');
    ours.inject({
      on: 'attach',
      reject: { condition: 'amqp:not-allowed', description: 'amqp_address_v1_not_permitted' },
    });
    const cases = [
      ['orders', '//queues/orders'],
      ['a b/c', '//queues/a%20b%2Fc'],
      ['queues/orders', '//queues/orders'],
      ['/amq/queue/orders', '//queues/orders'],
      ['/exchange/e/k', '//exchanges/e/k'],
      ['/topic/a.b', '//exchanges/amq.topic/a.b'],
    ];
    for (const [node, spelling] of cases) {
      const { fix } = await diagnosis(test, [`${ours.url}/${node}`]);
      expect(fix).toBe(`Fix: RabbitMQ 4 names queues otherwise: write ${spelling} behind the host.`);
    }
    const { code, stderr } = await run(test, ['recv', `${ours.url}/orders`]);
    expect(code).toBe(8);
    expect(stderr).toContain('write //queues/orders behind the host');
  });
});
