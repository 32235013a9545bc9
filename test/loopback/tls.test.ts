import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TlsOptions } from 'amqp-messenger';
import { makeCertificates } from '../brokers/support/certificates.js';
import { createTrackingMessenger, receive } from '../support/messengers.js';
import { Wire } from '../support/wire.js';

/** Without it no certificates can be made. */
function hasOpenssl(): boolean {
  try {
    execFileSync('openssl', ['version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

describe.skipIf(!hasOpenssl())('TLS', () => {
  let folder: string;
  let ca: Buffer;
  let server: Required<Pick<TlsOptions, 'cert' | 'key'>>;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'certificates-'));
    const paths = await makeCertificates(folder);
    ca = await readFile(paths.authority);
    server = { cert: await readFile(paths.server), key: await readFile(paths.serverKey) };
  });

  afterAll(() => rm(folder, { recursive: true }));

  /** A messenger that listens with the certificate, and its port. */
  async function listening(): Promise<{ receiver: ReturnType<typeof createTrackingMessenger>; port: number }> {
    const receiver = createTrackingMessenger({ tls: server });
    const { port } = await receiver.subscribe('amqps://~127.0.0.1:0').ready();
    return { receiver, port: port! };
  }

  /** What becomes of a message sent with these options. */
  async function send(
    port: number,
    tls: TlsOptions,
    host = '127.0.0.1',
  ): Promise<{ status: string; error: Error | undefined }> {
    const sender = createTrackingMessenger({ tls });
    const tracker = sender.put({ address: `amqps://user:secret@${host}:${port}`, body: Buffer.alloc(300_000, 7) });
    return { status: await tracker.outcome(), error: tracker.error };
  }

  it('frees the place of a peer that does not complete its handshake or sends garbage', async () => {
    const receiver = createTrackingMessenger({ tls: server, connectTimeout: 500, listen: { maxConnections: 1 } });
    const { port } = await receiver.subscribe('amqps://~127.0.0.1:0').ready();
    const silent = await Wire.connect(port!);
    await silent.closed;
    const rubbish = await Wire.connect(port!);
    rubbish.write(Buffer.alloc(64, 0x47));
    await rubbish.closed;
    const sender = createTrackingMessenger({ tls: { ca } });
    sender.put({ address: `amqps://localhost:${port!}`, body: 'next' });
    const [received] = await receive(receiver, 1);
    expect(received!.message.body).toBe('next');
  });

  it('carries messages when the certificate of the peer is valid', async () => {
    const { receiver, port } = await listening();
    const sender = createTrackingMessenger({ tls: { ca } });
    const body = Buffer.alloc(300_000, 7);
    // Without a password: the listener takes anybody.
    const tracker = sender.put({ address: `amqps://localhost:${port}`, body });
    const [received] = await receive(receiver, 1);
    expect(body.equals(received!.message.body as Buffer)).toBe(true);
    receiver.accept();
    expect(await tracker.outcome()).toBe('accepted');
  });

  it('is refused when an unknown authority has signed the certificate', async () => {
    const { port } = await listening();
    const { status, error } = await send(port, {});
    expect(status).toBe('aborted');
    expect(error).toMatchObject({ code: 'ERR_CONNECTION' });
    expect(error!.message).toMatch(/certificate is .*signed.*tls\.ca/);
  });

  it('is refused when the certificate is for another host', async () => {
    const { port } = await listening();
    const { status, error } = await send(port, { ca, servername: 'elsewhere.example' });
    expect(status).toBe('aborted');
    expect(error!.message).toMatch(/certificate is for another host/);
  });

  it('is not refused when nothing is to be verified', async () => {
    const { receiver, port } = await listening();
    const sender = createTrackingMessenger({ tls: { rejectUnauthorized: false } });
    sender.put({ address: `amqps://127.0.0.1:${port}`, body: 1 });
    expect((await receive(receiver, 1))[0]!.message.body).toBe(1);
  });

  it('fails the message when the options make no sense', async () => {
    const { status, error } = await send(5671, { cert: 'no certificate', key: 'no key' });
    expect(status).toBe('aborted');
    expect(error).toMatchObject({ code: 'ERR_CONNECTION' });
  });

  it('fails the subscription when the certificate makes no sense', async () => {
    const messenger = createTrackingMessenger({ tls: { cert: 'no certificate', key: 'no key' } });
    const subscription = messenger.subscribe('amqps://~127.0.0.1:0');
    await expect(subscription.ready()).rejects.toMatchObject({ code: 'ERR_LISTEN' });
    await expect(messenger.recv()).rejects.toMatchObject({ code: 'ERR_NO_SOURCES' });
  });

  it('does not stop a listener when a client speaks something else', async () => {
    const { receiver, port } = await listening();
    const stranger = await Wire.connect(port);
    stranger.write(Buffer.from('GET / HTTP/1.1\r\n\r\n'));
    await stranger.closed;
    const sender = createTrackingMessenger({ tls: { ca } });
    sender.put({ address: `amqps://127.0.0.1:${port}`, body: 1 });
    expect((await receive(receiver, 1))[0]!.message.body).toBe(1);
  });

  it('does not keep a messenger from stopping while a client hangs in its handshake', async () => {
    const { receiver, port } = await listening();
    const silent = await Wire.connect(port);
    await receiver.stop();
    await silent.closed;
  });
});
