import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ListenOptions, Login, Messenger, MessengerOptions, Tracker } from 'amqp-messenger';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { makeCertificates } from '../brokers/support/certificates.js';
import { createTrackingMessenger, listen, receive } from '../support/messengers.js';
import { Wire } from '../support/wire.js';
import { SASL_HEADER, attachWithTarget } from '../support/wire-frames.js';

function hasOpenssl(): boolean {
  try {
    execFileSync('openssl', ['version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** Somebody who listens, and the port. */
async function listening(options: ListenOptions, more: MessengerOptions = {}): Promise<[Messenger, number]> {
  const listener = createTrackingMessenger({ listen: options, ...more });
  return [listener, Number(new URL(await listen(listener)).port)];
}

/** Puts a message as this user. */
function put(port: number, user = ''): Tracker {
  return createTrackingMessenger().put({ address: `amqp://${user}127.0.0.1:${port}`, body: 1 });
}

describe('a listener that knows users', () => {
  it('lets in who has the password, and nobody else', async () => {
    const [listener, port] = await listening({ users: { jörg: 'pä:ss' } });
    const good = put(port, 'j%C3%B6rg:p%C3%A4%3Ass@');
    expect((await receive(listener, 1))[0]!.message.body).toBe(1);
    listener.accept();
    expect(await good.outcome()).toBe('accepted');
    for (const user of ['', 'j%C3%B6rg:wrong@', 'other:p%C3%A4%3Ass@']) {
      const bad = put(port, user);
      expect(await bad.outcome()).toBe('aborted');
      expect(bad.error).toMatchObject({ code: 'ERR_AUTHENTICATION' });
    }
    expect(listener.stats().incoming.received).toBe(1);
  });

  it('asks a function, which may be asynchronous and may throw', async () => {
    const asked: Login[] = [];
    const [listener, port] = await listening({
      authenticate: (login) => {
        asked.push(login);
        if (login.user === 'bad') throw new Error('the directory is down');
        return Promise.resolve(login.password === 'p');
      },
    });
    const good = put(port, 'good:p@');
    await receive(listener, 1);
    listener.accept();
    expect(await good.outcome()).toBe('accepted');
    expect(await put(port, 'good:q@').outcome()).toBe('aborted');
    expect(await put(port, 'bad:p@').outcome()).toBe('aborted');
    expect(asked.map(({ mechanism, user }) => [mechanism, user])).toEqual([
      ['PLAIN', 'good'],
      ['PLAIN', 'good'],
      ['PLAIN', 'bad'],
    ]);
  });

  it.skipIf(!hasOpenssl())('takes a certificate for a password, once an authority vouches for it', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'certificates-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    const { authority, server, serverKey, client, clientKey } = await makeCertificates(folder);
    const listener = createTrackingMessenger({
      listen: { users: { alice: 'secret' } },
      tls: { caFile: authority, certFile: server, keyFile: serverKey },
    });
    const { port } = await listener.subscribe('amqps://~127.0.0.1:0').ready();
    const address = `amqps://127.0.0.1:${port}`;
    const alice = createTrackingMessenger({ tls: { caFile: authority, certFile: client, keyFile: clientKey } });
    alice.put({ address, body: 'from alice' });
    expect((await receive(listener, 1))[0]!.message.body).toBe('from alice');
    // The certificate of the server is of localhost, who is no user; without one there is nothing to say.
    for (const tls of [{ certFile: server, keyFile: serverKey }, {}]) {
      const other = createTrackingMessenger({ tls: { caFile: authority, ...tls } });
      const tracker = other.put({ address, body: 'from nobody' });
      expect(await tracker.outcome()).toBe('aborted');
      expect(tracker.error).toMatchObject({ code: 'ERR_AUTHENTICATION' });
    }
  });
});

describe('a listener with limits', () => {
  it('drops connections beyond its number', async () => {
    const [, port] = await listening({ maxConnections: 2 });
    await Wire.dial(port);
    const second = await Wire.dial(port);
    const third = await Wire.connect(port);
    await third.closed;
    second.destroy();
    await second.closed;
  });

  it('drops connections of a host beyond its part, also before they log in, and takes those of others', async () => {
    const [listener, port] = await listening({ users: { u: 'p' }, maxConnectionsPerHost: 2 });
    const [first] = [await Wire.connect(port), await Wire.connect(port)];
    const third = await Wire.connect(port);
    await third.closed;
    const other = await Wire.connect(port, '127.0.0.2');
    other.write(SASL_HEADER);
    await other.read('sasl_mechanisms');
    // A place that is free again is anybody's.
    first.destroy();
    await vi.waitFor(async () => {
      const again = await Wire.connect(port);
      again.write(SASL_HEADER);
      await again.read('sasl_mechanisms');
    });
    expect(listener.stats().connections).toEqual([]);
  });

  it('leaves half of its places to other hosts', async () => {
    const [, port] = await listening({ maxConnections: 60 });
    const wires: Wire[] = [];
    for (let number = 0; number < 31; number++) wires.push(await Wire.connect(port));
    await wires[30]!.closed;
    expect(wires.filter(({ socket }) => socket.destroyed)).toHaveLength(1);
    await Wire.dial(port, {}, '127.0.0.2');
  });

  it('disconnects a peer that begins too many sessions', async () => {
    const [, port] = await listening({ maxSessions: 2 });
    const wire = await Wire.dial(port);
    const begin = { next_outgoing_id: 0, incoming_window: 1, outgoing_window: 1 };
    for (let channel = 0; channel < 3; channel++) wire.send('begin', begin, channel);
    await wire.readAll('begin', 2);
    expect((await wire.read('close')).fields['error']).toMatchObject({ condition: 'amqp:connection:framing-error' });
    await wire.closed;
  });

  it('refuses links beyond the limit, and disconnects a peer that goes on attaching', async () => {
    const [, port] = await listening({ maxLinks: 1 });
    const wire = await Wire.dial(port);
    wire.send('begin', { next_outgoing_id: 0, incoming_window: 1, outgoing_window: 1 });
    await wire.read('begin');
    const attach = (handle: number): void =>
      wire.send('attach', {
        name: `link ${handle}`,
        handle,
        role: false,
        source: { address: 'a' },
        target: { address: 'b' },
        initial_delivery_count: 0,
      });
    attach(0);
    attach(1);
    await wire.readAll('attach', 2);
    const { fields } = await wire.read('detach');
    expect(fields['error']).toMatchObject({ condition: 'amqp:resource-limit-exceeded' });
    for (let handle = 2; handle < 40; handle++) attach(handle);
    await wire.closed;
  });

  it('disconnects a peer that does not authenticate in time', async () => {
    const [, port] = await listening({ users: { u: 'p' } }, { connectTimeout: 20 });
    const wire = await Wire.connect(port);
    await wire.closed;
  });

  it.each([
    { maxConnections: 0 },
    { maxConnectionsPerHost: 0 },
    { maxLinks: NaN },
    { maxSessions: '1' },
    { users: { u: 7 } },
    { users: { '': 'p' } },
    { anonymous: false },
    { users: {}, authenticate: () => true },
    { unknown: 1 },
  ])('is not made with %o', (options) => {
    expect(() => createTrackingMessenger({ listen: options as never })).toThrow(
      expect.objectContaining({ code: 'ERR_OPTION' }),
    );
  });
});

describe('a messenger that listens', () => {
  it.each([
    ['a coordinator of transactions', 0x30, 'coordinator'],
    ['something that nobody knows', 0x77, 'target'],
  ])('refuses a link to %s, and goes on with the others', async (_words, code, kind) => {
    const [listener, port] = await listening({});
    const wire = await Wire.dial(port);
    await wire.begin();
    wire.write(attachWithTarget(code));
    const { fields } = await wire.read('detach');
    const description = expect.stringContaining(kind) as string;
    expect(fields).toMatchObject({ closed: true, error: { condition: 'amqp:not-implemented', description } });
    wire.send('detach', { handle: 0, closed: true });
    const good = put(port);
    expect((await receive(listener, 1))[0]!.message.body).toBe(1);
    listener.accept();
    expect(await good.outcome()).toBe('accepted');
  });
});
