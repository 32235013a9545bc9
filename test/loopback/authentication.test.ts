import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { MessagingError } from 'amqp-messenger';
import type { MessengerOptions, ReconnectOptions, Tracker } from 'amqp-messenger';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createTrackingMessenger } from '../support/messengers.js';
import { ScriptedPeer } from '../support/scripted-peer.js';
import type { Wire } from '../support/wire.js';

const EVERYTHING = ['ANONYMOUS', 'PLAIN', 'XOAUTH2', 'EXTERNAL', 'SCRAM-SHA-256'];

/** What a client says to a peer that offers these mechanisms: its sasl-init, as mechanism and response. */
async function login(offered: readonly string[], options: MessengerOptions, user = ''): Promise<[unknown, string]> {
  const peer = await ScriptedPeer.listen();
  const messenger = createTrackingMessenger(options);
  messenger.put({ address: `amqp://${user}127.0.0.1:${peer.port}/q`, body: 1 });
  const { fields } = await (await peer.accept()).answerSasl(offered, 0);
  return [fields['mechanism'], String(fields['initial_response'])];
}

/** Offers mechanisms, and gives what a client has said until it hung up. */
async function offer(wire: Wire, mechanisms: readonly string[]): Promise<string[]> {
  await wire.read('header');
  wire.write(Buffer.from('AMQP\x03\x01\x00\x00', 'latin1'));
  wire.send('sasl_mechanisms', { sasl_server_mechanisms: mechanisms });
  await wire.closed;
  return wire.unread.map(({ name }) => name);
}

describe('the identity of the client', () => {
  it.each<[string, MessengerOptions, string]>([
    ['a password', {}, 'u:p@'],
    ['a password of the options', { sasl: { user: 'u', password: 'p' } }, ''],
    ['a token', { sasl: { token: 't' } }, ''],
    ['a token that is asked for', { sasl: { token: () => Promise.resolve('t') } }, ''],
  ])('is not said in clear text beyond this machine: %s', async (_, options, user) => {
    const messenger = createTrackingMessenger(options);
    // 192.0.2.0/24 is reserved for documentation. Nothing is dialled: that would end as ERR_CONNECTION.
    const tracker = messenger.put({ address: `amqp://${user}192.0.2.1/q`, body: 1 });
    expect(await tracker.outcome()).toBe('aborted');
    expect(tracker.error).toMatchObject({ code: 'ERR_AUTHENTICATION' });
    expect(tracker.error!.message).toContain('clear text');
  });

  it('is the user of the address with a password given elsewhere, unless that is for another user', async () => {
    const offered = ['PLAIN', 'ANONYMOUS'];
    expect(await login(offered, { sasl: { password: 'secret' } }, 'shop@')).toEqual(['PLAIN', '\0shop\0secret']);
    expect(await login(offered, { sasl: { user: 'other', password: 'secret' } }, 'shop@')).toEqual([
      'ANONYMOUS',
      'shop',
    ]);
  });

  it('uses the strongest mechanism, whatever the order of the peer', async () => {
    const reversed = [...EVERYTHING].reverse();
    for (const offered of [EVERYTHING, reversed]) {
      expect(await login(offered, { sasl: { token: 'tökèn' } })).toEqual([
        'XOAUTH2',
        'user=\x01auth=Bearer tökèn\x01\x01',
      ]);
      expect(await login(offered, {}, 'jörg:pä%3Ass@')).toEqual(['PLAIN', '\0jörg\0pä:ss']);
      expect(await login(offered, {})).toEqual(['ANONYMOUS', '']);
    }
  });

  it.each<[string, MessengerOptions, string, string[]]>([
    ['a token by PLAIN', { sasl: { user: 'u', password: 'p', token: 't' } }, '', ['PLAIN', 'ANONYMOUS']],
    ['a password by nothing', {}, 'u:p@', ['ANONYMOUS', 'EXTERNAL']],
    ['what is not allowed', { sasl: { mechanisms: ['PLAIN'] } }, 'u:p@', ['ANONYMOUS', 'XOAUTH2']],
  ])('cannot be made weaker by a peer: not %s', async (_, options, user, offered) => {
    const peer = await ScriptedPeer.listen();
    const messenger = createTrackingMessenger(options);
    const tracker = messenger.put({ address: `amqp://${user}127.0.0.1:${peer.port}/q`, body: 1 });
    expect(await offer(await peer.accept(), offered)).toEqual([]);
    expect(await tracker.outcome()).toBe('aborted');
    expect(tracker.error).toMatchObject({ code: 'ERR_AUTHENTICATION' });
  });

  it('can come from the environment or from a file, and a new file counts for the next connection', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'password-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    const passwordFile = join(folder, 'password');
    await writeFile(passwordFile, 'from a file\n');
    expect(await login(['PLAIN'], { sasl: { user: 'u', passwordFile } })).toEqual(['PLAIN', '\0u\0from a file']);
    const environment = { USER: 'u', PASSWORD: 'from the environment' };
    expect(await login(['PLAIN'], { sasl: { user: environment.USER, password: environment.PASSWORD } })).toEqual([
      'PLAIN',
      '\0u\0from the environment',
    ]);
  });
});

const codeOf = (error: unknown): string => (error instanceof MessagingError ? error.code : String(error));

describe('a refusal', () => {
  /** What a client is told by a peer that offers these mechanisms, and answers a login with this code. */
  async function refusal(offered: string[], user: string, options: MessengerOptions = {}, code = 1) {
    const peer = await ScriptedPeer.listen();
    const messenger = createTrackingMessenger({ reconnect: false, ...options });
    const tracker = messenger.put({ address: `amqp://${user}127.0.0.1:${peer.port}/q`, body: 1 });
    const wire = await peer.accept();
    const canLogIn = offered.includes('PLAIN') ? user.includes(':') || options.sasl !== undefined : false;
    if (canLogIn || offered.includes('ANONYMOUS')) await wire.answerSasl(offered, code);
    else await offer(wire, offered);
    expect(await tracker.outcome()).toBe('aborted');
    const { message } = tracker.error!;
    expect(inspect(tracker.error)).not.toContain('secret');
    return `${codeOf(tracker.error)} ${message.replace(String(peer.port), 'PORT')}`;
  }

  it.each<[string, string[], string, MessengerOptions, string]>([
    [
      'the user of the address with its password',
      ['PLAIN'],
      'shop:secret@',
      {},
      '127.0.0.1:PORT refused the user of the address. Check the user, and the password, which comes from the address.',
    ],
    [
      'the user of the address with another password',
      ['PLAIN'],
      'shop@',
      { sasl: { password: 'secret' } },
      '127.0.0.1:PORT refused the user of the address. Check the user, and the password, which comes from the options.',
    ],
    [
      'the user of the options',
      ['PLAIN'],
      '',
      { sasl: { user: 'sh\nop', password: 'secret' } },
      '127.0.0.1:PORT refused the user of the options. Check the user, and the password, which comes from the options.',
    ],
    [
      'that nobody is named',
      ['ANONYMOUS'],
      '',
      {},
      '127.0.0.1:PORT refused a client that does not say who it is. Give a user and password, in the address or in sasl.',
    ],
    [
      'that a user is missing',
      ['PLAIN', 'SCRAM-SHA-256', 'odd\x07name'],
      '',
      {},
      '127.0.0.1:PORT wants a user (it offers PLAIN, SCRAM-SHA-256), and none was given.',
    ],
    [
      'that a password is missing',
      ['PLAIN'],
      'shop@',
      {},
      '127.0.0.1:PORT wants a password (it offers PLAIN), and none was given for the user of the address.',
    ],
    [
      'that a password is not what is wanted',
      ['SCRAM-SHA-256'],
      'shop:secret@',
      {},
      '127.0.0.1:PORT takes none of the SASL mechanisms that this client may use: it offers SCRAM-SHA-256, and this client has PLAIN.',
    ],
  ])('tells where, and %s', async (_, offered, user, options, message) => {
    expect(await refusal(offered, user, options)).toBe(`ERR_AUTHENTICATION ${message}`);
  });

  it('for another reason than the credentials tells that reason', async () => {
    const told = await refusal(['PLAIN'], 'shop:secret@', {}, 4);
    expect(told).toMatch(/^ERR_CONNECTION 127\.0\.0\.1:PORT: .*it cannot check who we are at the moment\)\.$/);
  });
});

describe('a peer that closes the connection', () => {
  const QUICK = { initial: true, delay: 1, maxDelay: 1 };

  function put(peer: ScriptedPeer, reconnect: ReconnectOptions): Tracker {
    const messenger = createTrackingMessenger({ reconnect });
    return messenger.put({ address: `amqp://u:p@127.0.0.1:${peer.port}/q`, body: 1 });
  }

  it('because of the credentials ends it with an authentication error, even after it was open before', async () => {
    const peer = await ScriptedPeer.listen();
    const tracker = put(peer, QUICK);
    const first = await peer.accept();
    await first.answerOpen({}, ['PLAIN']);
    await first.answerBegin();
    await first.answerAttach();
    first.destroy();
    await (await peer.accept()).answerSasl(['PLAIN'], 1);
    expect(await tracker.outcome()).toBe('aborted');
    expect(tracker.error).toMatchObject({ code: 'ERR_AUTHENTICATION', condition: 'amqp:unauthorized-access' });
    expect(peer.connections).toBe(2);
  });

  it('because it does not allow the connection ends it, too', async () => {
    const peer = await ScriptedPeer.listen();
    const tracker = put(peer, QUICK);
    const wire = await peer.accept();
    await wire.answerOpen({}, ['PLAIN']);
    wire.send('close', { error: { condition: 'amqp:not-allowed', description: 'not here' } });
    expect(await tracker.outcome()).toBe('aborted');
    expect(tracker.error).toMatchObject({ code: 'ERR_CONNECTION', condition: 'amqp:not-allowed' });
  });

  it('is dialled again when the reconnect policy says so', async () => {
    const peer = await ScriptedPeer.listen();
    const tracker = put(peer, { ...QUICK, refused: true });
    await (await peer.accept()).answerSasl(['PLAIN'], 1);
    const wire = await peer.accept();
    await wire.answerOpen({}, ['PLAIN']);
    await wire.answerBegin();
    const link = await wire.answerAttach();
    wire.grant(link, 1);
    await wire.read('transfer');
    wire.accept(link, 0);
    expect(await tracker.outcome()).toBe('accepted');
  });

  it('because another program answers in its place is retried', async () => {
    const peer = await ScriptedPeer.listen();
    const tracker = put(peer, QUICK);
    const first = await peer.accept();
    await first.answerOpen({}, ['PLAIN']);
    await first.answerBegin();
    await first.answerAttach();
    first.destroy();
    const second = await peer.accept();
    second.write(Buffer.from('HTTP/1.1 503 Service Unavailable\r\n\r\n'));
    const third = await peer.accept();
    await third.answerOpen({}, ['PLAIN']);
    await third.answerBegin();
    const link = await third.answerAttach();
    third.grant(link, 1);
    await third.read('transfer');
    third.accept(link, 0);
    expect(await tracker.outcome()).toBe('accepted');
  });
});
