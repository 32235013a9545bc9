import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { MessengerOptions } from 'amqp-messenger';
import { EmbeddedBroker } from 'amqp-messenger/broker';
import type { EmbeddedBrokerOptions, Login } from 'amqp-messenger/broker';
import rhea from 'rhea';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { makeCertificates } from '../brokers/support/certificates.js';
import { FakeClock } from '../support/fake-clock.js';
import { createTrackingMessenger, startBroker } from '../support/messengers.js';
import { AMQP_HEADER, SASL_HEADER, encodeFrame, rawFrame } from '../support/wire-frames.js';
import { Wire } from '../support/wire.js';

const REFUSED = { status: 'aborted', error: { code: 'ERR_AUTHENTICATION' } };

/** What becomes of a message that is sent with these credentials. */
async function send(
  broker: EmbeddedBroker,
  user?: string,
  options: MessengerOptions = {},
): Promise<{ status: string; error: unknown }> {
  const messenger = createTrackingMessenger(options);
  const address = `${broker.url.replace('//', user === undefined ? '//' : `//${user}@`)}/q`;
  const tracker = messenger.put({ address, body: 'x' });
  const status = await tracker.outcome();
  return { status, error: tracker.error };
}

/** A client that has said this much of SASL, and what it was told. */
async function sasl(
  broker: EmbeddedBroker,
  mechanism: string,
  response: string,
): Promise<{ wire: Wire; code: unknown }> {
  const wire = await Wire.connect(broker.port);
  wire.write(SASL_HEADER);
  await wire.read('sasl_mechanisms');
  wire.send('sasl_init', { mechanism, initial_response: Buffer.from(response) });
  return { wire, code: (await wire.read('sasl_outcome')).fields['code'] };
}

describe('the embedded broker lets in', () => {
  it('anybody, unless it is told otherwise', async () => {
    const broker = await startBroker();
    expect(await send(broker)).toMatchObject({ status: 'accepted' });
    const refused = await startBroker({ users: { guest: 'guest' } });
    expect(await send(refused)).toMatchObject(REFUSED);
  });

  it('whoever has a user and a password, too, when it is open to all', async () => {
    const broker = await startBroker();
    expect(await send(broker, 'guest:guest')).toMatchObject({ status: 'accepted' });
    const container = rhea.create_container();
    const options = { port: broker.port, host: '127.0.0.1', username: 'rhea', password: 'x', reconnect: false };
    const connection = container.connect(options);
    onTestFinished(() => connection.close());
    await once(connection, 'connection_open');
    // What is no answer of the mechanism is refused there as anywhere.
    expect((await sasl(broker, 'PLAIN', 'no user')).code).toBe(1);
  });

  it('users with their passwords, and nobody else', async () => {
    const broker = await startBroker({ users: { guest: 'gäst', other: '' } });
    expect(await send(broker, `guest:${encodeURIComponent('gäst')}`)).toMatchObject({ status: 'accepted' });
    expect(await send(broker, 'guest:other')).toMatchObject(REFUSED);
    expect(await send(broker, 'nobody:gäst')).toMatchObject(REFUSED);
    const { error } = await send(broker, 'guest:secret-word');
    expect(String(error)).not.toContain('secret-word');
  });

  it('users that a function accepts, which may be asynchronous', async () => {
    const logins: Login[] = [];
    const authenticate = async (login: Login): Promise<boolean> => {
      logins.push(login);
      await new Promise((resolve) => setImmediate(resolve));
      if (login.user === 'broken') throw new Error(`no ${login.password ?? ''}`);
      return login.user === 'guest';
    };
    const broker = await startBroker({ authenticate });
    expect(await send(broker, 'guest:x')).toMatchObject({ status: 'accepted' });
    expect(await send(broker, 'other:x')).toMatchObject(REFUSED);
    const { error } = await send(broker, 'broken:word');
    expect(String(error)).not.toContain('word');
    expect(logins[0]).toEqual({ mechanism: 'PLAIN', user: 'guest', password: 'x', hostname: '127.0.0.1' });
  });

  it('anonymous clients beside users when it is told to', async () => {
    const broker = await startBroker({ users: { guest: 'guest' }, anonymous: true });
    expect(await send(broker)).toMatchObject({ status: 'accepted' });
    expect(await send(broker, 'guest:wrong')).toMatchObject(REFUSED);
    const wire = await Wire.dial(broker.port); // without SASL
    await wire.begin();
  });

  it('nobody, when the options make no sense', () => {
    const wrong: EmbeddedBrokerOptions[] = [
      { anonymous: false },
      { users: {}, authenticate: () => true },
      { users: { '': 'x' } },
    ];
    for (const options of wrong) expect(() => new EmbeddedBroker(options)).toThrow(/Without|either|name/);
  });
});

describe('the SASL exchange of the embedded broker', () => {
  const users = { users: { guest: 'guest' } };

  it.each([
    ['a wrong password', 'PLAIN', '\0guest\0wrong'],
    ['the identity of somebody else', 'PLAIN', 'admin\0guest\0guest'],
    ['a response of another form', 'PLAIN', 'guest guest'],
    ['a response with too much in it', 'PLAIN', '\0guest\0guest\0guest'],
    ['a mechanism that is not offered', 'ANONYMOUS', ''],
    ['a mechanism that needs a certificate', 'EXTERNAL', ''],
    ['a mechanism that nobody knows', 'constructor', ''],
  ])('ends with code 1 and a closed connection for %s', async (_what, mechanism, response) => {
    const broker = await startBroker(users);
    const { wire, code } = await sasl(broker, mechanism, response);
    expect(code).toBe(1);
    await wire.closed;
  });

  it('takes a client that writes everything at once', async () => {
    const broker = await startBroker(users);
    const { wire, code } = await sasl(broker, 'PLAIN', 'guest\0guest\0guest');
    expect(code).toBe(0);
    wire.write(AMQP_HEADER);
    wire.send('open', { container_id: 'c' });
    await wire.read('open');

    const eager = await Wire.connect(broker.port);
    eager.write(
      SASL_HEADER,
      encodeFrame('sasl_init', { mechanism: 'PLAIN', initial_response: Buffer.from('\0guest\0guest') }),
      AMQP_HEADER,
      encodeFrame('open', { container_id: 'eager' }),
      encodeFrame('begin', { next_outgoing_id: 0, incoming_window: 1, outgoing_window: 1 }),
    );
    await eager.read('begin');
  });

  it.each([
    ['leaves SASL out', AMQP_HEADER],
    ['speaks another protocol', Buffer.from('GET / HTTP/1.1\r\n\r\n')],
    ['wants TLS inside', Buffer.from('AMQP\x02\x01\x00\x00', 'latin1')],
    ['speaks AMQP 0-9-1', Buffer.from('AMQP\x00\x00\x09\x01', 'latin1')],
    ['sends a frame that is too large', Buffer.concat([SASL_HEADER, Buffer.from([0, 1, 0, 0, 2, 1, 0, 0])])],
    ['sends something other than sasl-init', Buffer.concat([SASL_HEADER, rawFrame([0x00, 0x53, 0x10, 0x45], 0, 1)])],
    ['sends no AMQP at all', Buffer.concat([SASL_HEADER, rawFrame([0xff, 0xff], 0, 1)])],
  ])('ends for a client that %s', async (_what, bytes) => {
    const broker = await startBroker(users);
    const wire = await Wire.connect(broker.port);
    wire.write(bytes);
    await wire.closed;
    expect(await send(broker, 'guest:guest')).toMatchObject({ status: 'accepted' });
  });

  it('ends for a client that takes too long', async () => {
    const clock = new FakeClock();
    const broker = await startBroker({ ...users, environment: { clock }, connectTimeout: 5000 });
    const silent = await Wire.connect(broker.port);
    silent.write(SASL_HEADER);
    await silent.read('sasl_mechanisms');
    const { wire: half } = await sasl(broker, 'PLAIN', '\0guest\0guest');
    clock.advance(5000);
    await Promise.all([silent.closed, half.closed]);
  });

  it('is over at once when the broker stops', async () => {
    const broker = await startBroker(users);
    const wire = await Wire.connect(broker.port);
    wire.write(SASL_HEADER);
    await wire.read('sasl_mechanisms');
    await broker.stop();
    await wire.closed;
  });
});

/** Without it no certificates can be made. */
function hasOpenssl(): boolean {
  try {
    execFileSync('openssl', ['version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

describe.skipIf(!hasOpenssl())('the embedded broker with TLS', () => {
  let folder: string;
  let paths: Awaited<ReturnType<typeof makeCertificates>>;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'certificates-'));
    paths = await makeCertificates(folder);
  });

  afterAll(() => rm(folder, { recursive: true }));

  async function startTls(options: EmbeddedBrokerOptions): Promise<EmbeddedBroker> {
    const tls = { certFile: paths.server, keyFile: paths.serverKey, ...options.tls };
    const broker = await new EmbeddedBroker({ port: 0, ...options, tls }).start();
    onTestFinished(() => broker.stop());
    return broker;
  }

  it('takes users, with the password out of sight', async () => {
    const broker = await startTls({ users: { guest: 'guest' } });
    expect(broker.url).toMatch(/^amqps:/);
    const tls = { caFile: paths.authority };
    expect(await send(broker, 'guest:guest', { tls })).toMatchObject({ status: 'accepted' });
    expect(await send(broker, 'guest:wrong', { tls })).toMatchObject(REFUSED);
  });

  it('takes a certificate for a login, when it is of a user', async () => {
    const tls = { caFile: paths.authority, certFile: paths.client, keyFile: paths.clientKey };
    const trusting = { tls: { caFile: paths.authority } };
    const users = new Set<string | undefined>();
    const broker = await startTls({ ...trusting, users: { alice: 'a', bob: 'b' } });
    broker.on('connection', ({ user }) => users.add(user));
    expect(await send(broker, undefined, { tls })).toMatchObject({ status: 'accepted' });
    expect(await send(broker, 'bob:b', { tls: { caFile: paths.authority } })).toMatchObject({ status: 'accepted' });
    expect(users).toEqual(new Set(['alice', 'bob']));
    const other = await startTls({ ...trusting, users: { bob: 'b' } });
    expect(await send(other, undefined, { tls })).toMatchObject(REFUSED);
  });

  it('takes no certificate that was signed by somebody else', async () => {
    const strangers = await mkdtemp(join(tmpdir(), 'certificates-'));
    onTestFinished(() => rm(strangers, { recursive: true }));
    const { client, clientKey } = await makeCertificates(strangers);
    const broker = await startTls({ tls: { ca: await readFile(paths.authority) }, users: { alice: 'a' } });
    const tls = { caFile: paths.authority, certFile: client, keyFile: clientKey };
    expect(await send(broker, undefined, { tls })).toMatchObject(REFUSED);
  });
});
