import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer as createPlainServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { connect, createServer } from 'node:tls';
import type { SecureVersion, TlsOptions as ServerOptions } from 'node:tls';
import { fileURLToPath } from 'node:url';
import type { TlsOptions } from 'amqp-messenger';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createTrackingMessenger } from '../support/messengers.js';
import { ScriptedPeer } from '../support/scripted-peer.js';

const path = (name: string): string => fileURLToPath(new URL(`../fixtures/tls/${name}`, import.meta.url));
const pem = (name: string): Buffer => readFileSync(path(name));
const certificate = (name: string): ServerOptions => ({ cert: pem(`${name}.pem`), key: pem(`${name}.key`) });

const ca = pem('ca.pem');

/** Only TLS 1.1, with ciphers that OpenSSL otherwise no longer has. */
const OLD = { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const;

interface Peer {
  readonly port: number;
  /** The bytes that have come from clients, decrypted. */
  readonly bytes: number;
}

/** A peer that speaks TLS, and reads what it is told. */
async function listen(options: ServerOptions): Promise<Peer> {
  let bytes = 0;
  const server = createServer(options, (socket) => {
    socket.on('data', (chunk: Buffer) => (bytes += chunk.length));
    socket.on('error', () => undefined);
  });
  server.on('tlsClientError', () => undefined);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return {
    port: (server.address() as AddressInfo).port,
    get bytes() {
      return bytes;
    },
  };
}

/** What becomes of a message with a password in its address. */
async function send({ port }: Peer, tls: TlsOptions, host = 'localhost'): Promise<Error> {
  const sender = createTrackingMessenger({ tls, reconnect: { initial: false } });
  const tracker = sender.put({ address: `amqps://user:secret@${host}:${port}/q`, body: 1 });
  expect(await tracker.outcome()).toBe('aborted');
  return tracker.error!;
}

describe('TLS means verified: nothing is said to a peer', () => {
  it.each<[string, ServerOptions, TlsOptions, string, RegExp]>([
    [
      'that nobody vouches for',
      certificate('server'),
      {},
      'localhost',
      /unknown authority. Give the authority in tls.ca or tls.caFile.$/,
    ],
    ['that vouches for itself', certificate('self-signed'), { ca }, 'localhost', /is self-signed/],
    ['that is another host', certificate('other-host'), { ca }, 'localhost', /is for another host/],
    [
      'that is not the host asked for',
      certificate('server'),
      { ca, servername: 'a.example' },
      'localhost',
      /another host/,
    ],
    ['whose time is over', certificate('expired'), { ca: pem('expired-ca.pem') }, 'localhost', /has expired/],
    ['that only speaks TLS 1.1', { ...certificate('server'), ...OLD }, { ca }, 'localhost', /has to offer TLS 1.2/],
    ['by its address, when that is another', certificate('other-host'), { ca }, '127.0.0.1', /another host/],
  ])('%s', async (_, options, tls, host, message) => {
    const peer = await listen(options);
    const error = await send(peer, tls, host);
    expect(error).toMatchObject({ code: 'ERR_CONNECTION' });
    expect(error.message).toMatch(message);
    expect(peer.bytes).toBe(0);
  });

  it.each<[string, TlsOptions, string]>([
    ['tls.ca has a path', { ca: '/path/ca.pem' }, 'tls.ca has no certificate (PEM). For a file, use tls.caFile.'],
    [
      'tls.ca has something else besides',
      { ca: [ca, Buffer.from('else')] },
      'tls.ca has no certificate (PEM). For a file, use tls.caFile.',
    ],
    [
      'tls.caFile has a key',
      { caFile: path('server.key') },
      `The file of the TLS authorities, ${path('server.key')}, has no certificate (PEM).`,
    ],
  ])('when there is no authority to trust: %s', async (_, tls, message) => {
    const peer = await listen(certificate('server'));
    expect(await send(peer, tls)).toMatchObject({ code: 'ERR_OPTION', message });
    expect(peer.bytes).toBe(0);
  });

  it('and everything is sent once it is verified', async () => {
    const peer = await listen(certificate('server'));
    const sender = createTrackingMessenger({ tls: { caFile: path('ca.pem') } });
    sender.put({ address: `amqps://localhost:${peer.port}/q`, body: 1 });
    while (peer.bytes === 0) await new Promise((resolve) => setImmediate(resolve));
    await sender.stop();
  });
});

describe('a listener with TLS', () => {
  async function dial(
    port: number,
    versions: { minVersion: SecureVersion; maxVersion: SecureVersion; ciphers?: string },
  ) {
    const socket = connect({ port, host: '127.0.0.1', ca, servername: 'localhost', ...versions });
    onTestFinished(() => void socket.destroy());
    await once(socket, 'secureConnect');
    return socket.getProtocol();
  }

  it('takes TLS 1.2 and 1.3, and nothing older', async () => {
    const listener = createTrackingMessenger({ tls: { certFile: path('server.pem'), keyFile: path('server.key') } });
    const { port } = await listener.subscribe('amqps://~127.0.0.1:0').ready();
    await expect(dial(port!, OLD)).rejects.toThrow(/protocol version/);
    expect(await dial(port!, { minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' })).toBe('TLSv1.2');
    expect(await dial(port!, { minVersion: 'TLSv1.3', maxVersion: 'TLSv1.3' })).toBe('TLSv1.3');
  });
});

describe('a connection without TLS', () => {
  const MAY_WANT_TLS = "Does it want amqps://? 'amqp-messenger doctor' tells.";

  async function failure(address: string): Promise<string> {
    const sender = createTrackingMessenger({ reconnect: false });
    const tracker = sender.put({ address, body: 1 });
    expect(await tracker.outcome()).toBe('aborted');
    expect(tracker.error).toMatchObject({ code: 'ERR_CONNECTION' });
    return tracker.error!.message;
  }

  it('to a port with TLS fails with an error that suggests TLS', async () => {
    const { port } = await listen(certificate('server'));
    expect(await failure(`amqp://127.0.0.1:${port}/q`)).toBe(
      `127.0.0.1:${port}: The peer dropped the connection without closing it. ${MAY_WANT_TLS}`,
    );
  });

  it('to a peer that leaves after its answer fails without a word of TLS', async () => {
    const peer = await ScriptedPeer.listen();
    const failed = failure(peer.address('q'));
    const wire = await peer.accept();
    await wire.answerSasl(['ANONYMOUS'], 0);
    wire.destroy();
    expect(await failed).not.toContain('amqps');
  });

  it('that was there before is lost without a word of TLS', async () => {
    const peer = await ScriptedPeer.listen();
    const failed = failure(peer.address('q'));
    const wire = await peer.accept();
    await wire.answerLink();
    wire.destroy();
    expect(await failed).not.toContain('amqps');
  });
});

describe('a connection with TLS', () => {
  it('that is dropped in the middle is not told to use TLS', async () => {
    const server = createPlainServer((socket) => socket.destroy());
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => void server.close());
    const error = await send({ port: (server.address() as AddressInfo).port, bytes: 0 }, { ca });
    expect(error.message).not.toContain('amqps');
  });
});
