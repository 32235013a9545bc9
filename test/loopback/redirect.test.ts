import type { ConnectionChange, Messenger } from 'amqp-messenger';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:tls';
import { once } from 'node:events';
import { inspect } from 'node:util';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createTrackingMessenger, startBroker } from '../support/messengers.js';
import { ScriptedPeer } from '../support/scripted-peer.js';
import { SASL_HEADER } from '../support/wire-frames.js';
import { Wire } from '../support/wire.js';

const TLS = new URL('../fixtures/tls/', import.meta.url);
const file = (name: string): string => readFileSync(new URL(name, TLS), 'utf8');

/** Sends a client on. */
function sendOn(wire: Wire, info: object): void {
  wire.send('close', { error: { condition: 'amqp:connection:redirect', description: 'go on', info } });
}

const to = (port: number): object => ({ 'network-host': '127.0.0.1', port });

/** Sends every client that comes on, and counts them. */
function sendingOn(peer: ScriptedPeer, info: () => object): { readonly count: number } {
  const seen = { count: 0 };
  void (async () => {
    for (;;) {
      const wire = await peer.accept();
      seen.count++;
      await wire.answerOpen().then(
        () => sendOn(wire, info()),
        () => undefined,
      );
    }
  })();
  return seen;
}

function changesOf(messenger: Messenger): ConnectionChange[] {
  const changes: ConnectionChange[] = [];
  messenger.on('connection', (change) => changes.push(change));
  return changes;
}

describe('a redirect', () => {
  it('is followed, with all that is queued and subscribed to', async () => {
    const broker = await startBroker();
    const peer = await ScriptedPeer.listen();
    const messenger = createTrackingMessenger({ dialPeerHosts: true });
    const changes = changesOf(messenger);
    messenger.subscribe(peer.address('q'));
    const tracker = messenger.put({ address: peer.address('q'), body: 'a' });
    const wire = await peer.accept();
    await wire.answerOpen();
    sendOn(wire, { ...to(broker.port), hostname: 'elsewhere' });
    await messenger.send();
    await messenger.recv();
    expect([tracker.status, messenger.get()!.message.body]).toEqual(['accepted', 'a']);
    // It goes by the address that was asked for, for as long as it is open.
    expect(new Set(changes.map(({ endpoint }) => endpoint))).toEqual(new Set([`127.0.0.1:${peer.port}`]));
    messenger.put({ address: peer.address('q'), body: 'b' });
    await messenger.send();
    expect(broker.queue('q').received).toBe(2);
  });

  it('in the middle of transfers loses nothing', async () => {
    const broker = await startBroker();
    const peer = await ScriptedPeer.listen();
    const messenger = createTrackingMessenger({ dialPeerHosts: true });
    const trackers = ['a', 'b'].map((body) => messenger.put({ address: peer.address('q'), body }));
    const wire = await peer.accept();
    const link = await wire.answerLink();
    wire.grant(link, 1);
    await wire.read('transfer');
    sendOn(wire, to(broker.port));
    await messenger.send();
    expect(trackers.map(({ status }) => status)).toEqual(['accepted', 'accepted']);
    expect(broker.queue('q').received).toBe(2);
  });

  it('in a circle is followed only MAX_REDIRECTS times', async () => {
    const peer = await ScriptedPeer.listen();
    const seen = sendingOn(peer, () => to(peer.port));
    const messenger = createTrackingMessenger({ dialPeerHosts: true });
    const tracker = messenger.put({ address: peer.address('q') });
    await expect(messenger.send()).rejects.toMatchObject({ code: 'ERR_SEND', condition: 'amqp:connection:redirect' });
    expect([tracker.status, seen.count]).toEqual(['aborted', 6]);
    expect(messenger.stopped).toBe(true);
  });

  it('is followed again after the next attempt, however often that is', async () => {
    const broker = await startBroker();
    const front = await ScriptedPeer.listen();
    const back = await ScriptedPeer.listen();
    let target = back.port;
    const seen = sendingOn(front, () => to(target));
    const messenger = createTrackingMessenger({ dialPeerHosts: true, reconnect: { delay: 0 } });
    const tracker = messenger.put({ address: front.address('q'), body: 'a' });
    for (let round = 0; round < 8; round++) {
      const wire = await back.accept();
      await wire.answerLink();
      wire.destroy();
    }
    target = broker.port;
    // Whoever the one before sent to the old target finds nobody there.
    await back.close();
    expect(await tracker.outcome()).toBe('accepted');
    expect(seen.count).toBeGreaterThan(8);
  });

  it.each<[string, object | undefined]>([
    ['nothing', undefined],
    ['no host', { port: 5672 }],
    ['no port', { 'network-host': '127.0.0.1' }],
    ['a host that is none', { 'network-host': 5, port: 5672 }],
    ['an empty host', { 'network-host': '', port: 5672 }],
    ['a port that is none', { 'network-host': '127.0.0.1', port: 'amqp' }],
    ['a port beyond the last', { 'network-host': '127.0.0.1', port: 70_000 }],
    ['a list for a port', { 'network-host': '127.0.0.1', port: [5672] }],
  ])('that names %s is an error like others', async (_title, info) => {
    const peer = await ScriptedPeer.listen();
    const messenger = createTrackingMessenger({ dialPeerHosts: true });
    messenger.put({ address: peer.address('q') });
    const wire = await peer.accept();
    await wire.answerOpen();
    wire.send('close', { error: { condition: 'amqp:connection:redirect', ...(info === undefined ? {} : { info }) } });
    await expect(messenger.send()).rejects.toMatchObject({ code: 'ERR_SEND', condition: 'amqp:connection:redirect' });
  });

  it('to a host that does not listen fails with an error that names it', async () => {
    const gone = await ScriptedPeer.listen();
    await gone.close();
    const peer = await ScriptedPeer.listen();
    const messenger = createTrackingMessenger({ dialPeerHosts: true });
    messenger.put({ address: peer.address('q') });
    const wire = await peer.accept();
    await wire.answerOpen();
    sendOn(wire, to(gone.port));
    await expect(messenger.send()).rejects.toThrow(`127.0.0.1:${gone.port}: nothing listens there`);
  });

  it('of a link is an error of the link', async () => {
    const peer = await ScriptedPeer.listen();
    const messenger = createTrackingMessenger({ dialPeerHosts: true });
    const tracker = messenger.put({ address: peer.address('q') });
    const wire = await peer.accept();
    const link = await wire.answerLink();
    const error = { condition: 'amqp:link:redirect', info: { 'network-host': '127.0.0.1', port: 1, address: 'other' } };
    wire.send('detach', { handle: link.handle, closed: true, error }, link.channel);
    expect(await tracker.outcome()).toBe('aborted');
    expect(tracker.error).toMatchObject({ condition: 'amqp:link:redirect' });
  });
});

describe('credentials', () => {
  it('stay behind TLS: a redirect from TLS is followed by TLS', async () => {
    const plain = await ScriptedPeer.listen();
    const server = createServer({ cert: file('server.pem'), key: file('server.key') }, (socket) => {
      const wire = new Wire(socket);
      void wire.answerOpen({}, ['PLAIN']).then(
        () => sendOn(wire, { ...to(plain.port), scheme: 'amqp' }),
        () => undefined,
      );
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    onTestFinished(() => void server.close());
    const { port } = server.address() as AddressInfo;
    const messenger = createTrackingMessenger({
      dialPeerHosts: true,
      tls: { ca: file('ca.pem') },
      connectTimeout: 5000,
    });
    messenger.put({ address: `amqps://user:secret@localhost:${port}/q` });
    const wire = await plain.accept();
    const [hello] = (await once(wire.socket, 'data')) as [Buffer];
    // A TLS handshake: record type 22, version 3.
    expect([...hello.subarray(0, 2)]).toEqual([22, 3]);
    expect(hello.toString('latin1')).not.toContain('secret');
    wire.destroy();
  });

  it('do not go to a host that a peer names, by whatever mechanism it asks for them', async () => {
    const [peer, other] = [await ScriptedPeer.listen(), await ScriptedPeer.listen()];
    const messenger = createTrackingMessenger({
      dialPeerHosts: true,
      sasl: { user: 'common', password: 'secret' },
      allowInsecureMechs: true,
    });
    messenger.put({ address: `amqp://user:secret@127.0.0.1:${peer.port}/q` });
    const wire = await peer.accept();
    await wire.answerOpen({}, ['PLAIN']);
    sendOn(wire, to(other.port));
    const second = await other.accept();
    second.write(SASL_HEADER);
    second.send('sasl_mechanisms', { sasl_server_mechanisms: ['PLAIN', 'XOAUTH2', 'ANONYMOUS'] });
    const { fields } = await second.read('sasl_init');
    expect(fields).toMatchObject({ mechanism: 'ANONYMOUS' });
    expect(inspect(fields)).not.toMatch(/secret|user|common/);
  });

  it('go to a host that a peer names when they were given for that host', async () => {
    const [peer, other] = [await ScriptedPeer.listen(), await ScriptedPeer.listen()];
    const messenger = createTrackingMessenger({
      dialPeerHosts: true,
      credentials: { [`127.0.0.1:${other.port}`]: { user: 'theirs', password: 'other' } },
    });
    messenger.put({ address: `amqp://user:secret@127.0.0.1:${peer.port}/q` });
    const wire = await peer.accept();
    await wire.answerOpen({}, ['PLAIN']);
    sendOn(wire, to(other.port));
    const { fields } = await (await other.accept()).answerSasl(['PLAIN'], 0);
    expect(Buffer.from(fields['initial_response'] as Buffer).toString()).toBe('\0theirs\0other');
  });
});

describe('without dialPeerHosts', () => {
  it('a redirect is an error that names the host, and nobody goes there', async () => {
    const [peer, other] = [await ScriptedPeer.listen(), await ScriptedPeer.listen()];
    const messenger = createTrackingMessenger({ reconnect: false });
    const tracker = messenger.put({ address: peer.address('q') });
    const wire = await peer.accept();
    await wire.answerOpen();
    sendOn(wire, to(other.port));
    await expect(messenger.send()).rejects.toMatchObject({ condition: 'amqp:connection:redirect' });
    expect(tracker.error?.message).toMatch(new RegExp(`127.0.0.1:${other.port}.*dialPeerHosts`));
    expect(other.connections).toBe(0);
  });

  it('failover hosts that a peer names are not dialled when it is lost', async () => {
    const [peer, other] = [await ScriptedPeer.listen(), await ScriptedPeer.listen()];
    const messenger = createTrackingMessenger({ reconnect: { delay: 0 } });
    const tracker = messenger.put({ address: peer.address('q') });
    const wire = await peer.accept();
    await wire.answerLink({ open: { properties: { 'failover-server-list': [to(other.port)] } } });
    wire.destroy();
    const again = await peer.accept();
    const link = await again.answerLink();
    again.grant(link, 1);
    await again.read('transfer');
    again.accept(link, 0);
    expect(await tracker.outcome()).toBe('accepted');
    expect(other.connections).toBe(0);
  });
});

describe('a host that a peer names and that may not be used is passed over, back to the own one', () => {
  it.each<[string, (other: ScriptedPeer) => Promise<void>]>([
    ['when it is not there', (other) => other.close()],
    ['when it refuses who comes', async (other) => void (await (await other.accept()).answerSasl(['ANONYMOUS'], 1))],
    ['when it asks for a password', async (other) => void (await (await other.accept()).answerSasl(['PLAIN'], 0))],
    [
      'when it speaks something else',
      async (other) => (await other.accept()).write(Buffer.from('HTTP/1.1 400\r\n\r\n')),
    ],
  ])('%s', async (_title, refuse) => {
    const [peer, other] = [await ScriptedPeer.listen(), await ScriptedPeer.listen()];
    const messenger = createTrackingMessenger({ dialPeerHosts: true, reconnect: { delay: 0 } });
    const tracker = messenger.put({ address: peer.address('q') });
    const wire = await peer.accept();
    await wire.answerLink({ open: { properties: { 'failover-server-list': [to(other.port)] } } });
    const refused = refuse(other).catch(() => undefined);
    wire.destroy();
    const again = await peer.accept();
    await refused;
    const link = await again.answerLink();
    again.grant(link, 1);
    await again.read('transfer');
    again.accept(link, 0);
    expect(await tracker.outcome()).toBe('accepted');
  });
});
