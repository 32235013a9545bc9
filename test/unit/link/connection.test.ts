import { describe, expect, it, onTestFinished } from 'vitest';
import { parseAddress } from '../../../src/address/address.js';
import { resolveEndpoint } from '../../../src/address/endpoint.js';
import { Connection } from '../../../src/link/connection/connection.js';
import type { ConnectionSettings } from '../../../src/link/connection/connection-settings.js';
import type { SaslOptions, Token } from '../../../src/link/security/credentials.js';
import { ByteBudget } from '../../../src/link/wire/byte-budget.js';
import { DEFAULT_LIMITS } from '../../../src/link/wire/limits.js';
import { DEFAULT_RECONNECT } from '../../../src/link/connection/retries.js';
import { createContainer } from '../../../src/link/rhea/rhea-seam.js';
import { SenderLink } from '../../../src/link/session/sender-link.js';
import { SYSTEM_ENVIRONMENT } from '../../../src/link/connection/environment.js';
import { FakeClock } from '../../support/fake-clock.js';
import { ScriptedPeer } from '../../support/scripted-peer.js';
import type { Fields } from '../../support/wire-frames.js';
import type { Wire } from '../../support/wire.js';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

interface Setup {
  clock: FakeClock;
  connection: Connection;
  /** The states it was in, with why it left the one before. */
  states: string[];
  /** A link that wants the connection, and why it was closed. */
  link: SenderLink;
  closed: string[];
}

/** A connection to a peer, whose time stands still. */
function connect(port: number, settings: Partial<ConnectionSettings> = {}): Setup {
  const clock = new FakeClock();
  const states: string[] = [];
  const closed: string[] = [];
  const connection = new Connection(
    resolveEndpoint(parseAddress(`amqp://127.0.0.1:${port}`)),
    {
      container: createContainer('test'),
      limits: { ...DEFAULT_LIMITS, idleTimeout: 0 },
      budget: new ByteBudget(Infinity),
      reconnect: { ...DEFAULT_RECONNECT, initial: true },
      connectTimeout: 1000,
      answerTimeout: 0,
      tls: {},
      allowInsecureMechs: false,
      dialPeerHosts: true,
      environment: { ...SYSTEM_ENVIRONMENT, clock, random: () => 0.5 },
      ...settings,
    },
    {
      stateChanged: (_connection, _from, to, error) =>
        states.push(error === undefined ? to : `${to}: ${error.message}`),
      linkRequested: () => undefined,
      failed: () => undefined,
    },
  );
  const options = { name: 'link', address: 'q', dynamic: false, presettled: false, maxMessageSize: 0 };
  const link = new SenderLink(options, { closed: (_link, error) => closed.push(error.message) });
  // The clock of the test does not go on by itself, which closing may have to wait for.
  onTestFinished(async () => {
    const stopped = connection.stop();
    await turn();
    clock.advance(60_000);
    await stopped;
  });
  return { clock, connection, states, link, closed };
}

/** A source of tokens that are given out by hand. */
function tokens(): { sasl: SaslOptions; asked: ((token: string | Token) => void)[] } {
  const asked: ((token: string | Token) => void)[] = [];
  return { sasl: { token: () => new Promise((resolve) => asked.push(resolve)) }, asked };
}

/** Answers the open of a client that logs in with a token, and gives the token. */
async function answerToken(wire: Wire, open: Fields = {}): Promise<string> {
  const init = await wire.answerSasl(['XOAUTH2'], 0);
  await wire.read('header');
  wire.write(Buffer.from('AMQP\x00\x01\x00\x00', 'latin1'));
  wire.send('open', { container_id: 'scripted', ...open });
  await wire.read('open');
  return /Bearer (.*?)\x01/.exec(String(init.fields['initial_response']))?.[1] ?? '';
}

describe('a connection that waits for a token', () => {
  it('is closed at once when it is stopped, and the token that comes then is for nobody', async () => {
    const peer = await ScriptedPeer.listen();
    const { sasl, asked } = tokens();
    const { connection, clock, link, closed, states } = connect(peer.port, { sasl });
    connection.open(link);
    await connection.stop();
    expect(closed).toHaveLength(1);
    asked[0]!('late');
    await turn();
    expect([states, peer.connections, clock.timers]).toEqual([['connecting', 'closing', 'closed'], 0, 0]);
  });

  it('waits no longer than for a peer, and takes no token that comes between two attempts', async () => {
    const peer = await ScriptedPeer.listen();
    const { sasl, asked } = tokens();
    const { connection, clock, link, states } = connect(peer.port, { sasl });
    connection.open(link);
    clock.advance(1000);
    expect(states.at(-1)).toMatch(/^reconnecting: .*No token could be had within 1000 ms/);
    asked[0]!('late');
    await turn();
    expect(peer.connections).toBe(0);
    clock.advance(500);
    expect(asked).toHaveLength(2);
    asked[1]!('in time');
    expect(await answerToken(await peer.accept())).toBe('in time');
    expect(peer.connections).toBe(1);
  });

  it('goes on with its schedule when nobody has one to give, and asks again', async () => {
    const peer = await ScriptedPeer.listen();
    let asked = 0;
    const token = (): string => {
      if (++asked < 3) throw new Error('no network');
      return 'third';
    };
    const { connection, clock, link, states } = connect(peer.port, { sasl: { token } });
    connection.open(link);
    await turn();
    expect(states.at(-1)).toMatch(/^reconnecting: .*No token could be had: no network/);
    clock.advance(500);
    await turn();
    clock.advance(1000);
    expect(await answerToken(await peer.accept())).toBe('third');
  });

  it('is given up when it is given nonsense', async () => {
    const { connection, link, closed, states } = connect(1, { sasl: { token: () => ({}) as Token } });
    connection.open(link);
    await turn();
    expect(states.at(-1)).toMatch(/^closed: sasl\.token must give/);
    expect(closed).toHaveLength(1);
  });

  it('that cannot be dialled and is opened again meanwhile is not ended by the first failure', async () => {
    let attempts = 0;
    const sasl = {
      get passwordFile(): string {
        attempts++;
        return '/nowhere';
      },
    };
    const { connection, link, closed } = connect(1, { sasl });
    connection.open(link);
    void connection.stop();
    const opened = connection.opened();
    await expect(opened).rejects.toMatchObject({ code: 'ERR_OPTION' });
    expect([attempts, closed.length, connection.state]).toEqual([2, 1, 'closed']);
  });
});

describe('a token that expires', () => {
  it('is asked for again in time, and the connection made anew with its links', async () => {
    const peer = await ScriptedPeer.listen();
    const { sasl, asked } = tokens();
    const { connection, clock, link, states } = connect(peer.port, { sasl });
    connection.open(link);
    asked[0]!({ value: 'first', expires: clock.wallNow() + 3_600_000 });
    const first = await peer.accept();
    expect(await answerToken(first)).toBe('first');
    await first.answerBegin();
    await first.answerAttach();
    // Half a minute before, but for the time that logging in took.
    expect(clock.nextTimer).toBeGreaterThan(3_500_000);
    expect(clock.nextTimer).toBeLessThanOrEqual(3_570_000);
    clock.advance(clock.nextTimer ?? 0);
    await first.read('close');
    first.send('close', {});
    while (asked.length < 2) await turn();
    asked[1]!({ value: 'second', expires: clock.wallNow() + 3_600_000 });
    const second = await peer.accept();
    expect(await answerToken(second)).toBe('second');
    await second.answerBegin();
    await second.answerAttach();
    expect(states).toEqual(['connecting', 'open', 'reconnecting', 'open']);
  });

  it('that has expired when it comes is no reason to ask again and again', async () => {
    const peer = await ScriptedPeer.listen();
    const { connection, clock, link } = connect(peer.port, { sasl: { token: () => ({ value: 'old', expires: 1 }) } });
    connection.open(link);
    const wire = await peer.accept();
    await answerToken(wire);
    await wire.read('begin');
    clock.advance(3_600_000);
    await turn();
    expect([connection.state, peer.connections]).toEqual(['open', 1]);
  });

  it('is not asked for again when the connection is stopped while it is made anew', async () => {
    const peer = await ScriptedPeer.listen();
    const { sasl, asked } = tokens();
    const { connection, clock, link, states } = connect(peer.port, { sasl });
    connection.open(link);
    asked[0]!({ value: 'first', expires: clock.wallNow() + 60_000 });
    const wire = await peer.accept();
    await answerToken(wire);
    while (connection.state !== 'open') await turn();
    clock.advance(clock.nextTimer ?? 0);
    await wire.read('close');
    const stopped = connection.stop();
    wire.send('close', {});
    await stopped;
    expect([asked.length, clock.timers, states.at(-1)]).toEqual([1, 0, 'closed']);
  });
});

describe('a peer that sends its clients on', () => {
  const redirect = (port: number): Fields => ({
    error: { condition: 'amqp:connection:redirect', info: { 'network-host': '127.0.0.1', port } },
  });

  it('is left for the other at once, and the links with it', async () => {
    const [first, second] = [await ScriptedPeer.listen(), await ScriptedPeer.listen()];
    const { connection, link, states } = connect(first.port);
    connection.open(link);
    const wire = await first.accept();
    await wire.answerOpen();
    wire.send('close', redirect(second.port));
    await (await second.accept()).answerLink();
    while (connection.state !== 'open') await turn();
    expect(states.map((state) => state.split(':')[0])).toEqual(['connecting', 'open', 'reconnecting', 'open']);
  });

  it('is come back to when nobody is there, and then the next host has its turn', async () => {
    const [first, third] = [await ScriptedPeer.listen(), await ScriptedPeer.listen()];
    const { connection, clock, link } = connect(first.port, {
      failover: { '127.0.0.1': [`127.0.0.1:${third.port}`] },
    });
    connection.open(link);
    const wire = await first.accept();
    await wire.answerOpen();
    wire.send('close', redirect(1));
    // Back at the first, which now drops whoever comes.
    (await first.accept()).destroy();
    await (await third.accept()).answerOpen();
    expect(clock.now()).toBe(0);
  });
});

describe('hosts that a peer names in its open frame', () => {
  it('are used when it is lost, and nonsense among them is passed over', async () => {
    const [first, second] = [await ScriptedPeer.listen(), await ScriptedPeer.listen()];
    const { connection, clock, link, states } = connect(first.port);
    connection.open(link);
    const wire = await first.accept();
    const named = [{ hostname: 'no host\n' }, { 'network-host': '127.0.0.1', port: second.port }];
    await wire.answerLink({ open: { properties: { 'failover-server-list': named } } });
    while (!states.includes('open')) await turn();
    wire.destroy();
    while (connection.state !== 'reconnecting') await turn();
    clock.advance(1000);
    await (await second.accept()).answerLink();
    expect(first.connections).toBe(1);
  });
});

describe('a session that the peer has ended', () => {
  it('leaves its channel alone for a while, since the peer may not be done with it', async () => {
    const peer = await ScriptedPeer.listen();
    const { connection, link } = connect(peer.port);
    connection.open(link);
    const wire = await peer.accept();
    const first = await wire.answerLink();
    wire.send('end', { error: { condition: 'amqp:unauthorized-access' } }, first.channel);
    await wire.read('end');
    await turn();
    const options = { name: 'next', address: 'q', dynamic: false, presettled: false, maxMessageSize: 0 };
    connection.open(new SenderLink(options, { closed: () => undefined }));
    expect([first.channel, (await wire.read('begin')).channel]).toEqual([0, 1]);
  });

  it('leaves it for the next when there is no other', async () => {
    const peer = await ScriptedPeer.listen();
    const { connection, link } = connect(peer.port);
    connection.open(link);
    const wire = await peer.accept();
    const first = await wire.answerLink({ open: { channel_max: 0 } });
    wire.send('end', {}, first.channel);
    await wire.read('end');
    await turn();
    const options = { name: 'next', address: 'q', dynamic: false, presettled: false, maxMessageSize: 0 };
    connection.open(new SenderLink(options, { closed: () => undefined }));
    expect((await wire.read('begin')).channel).toBe(0);
  });
});
