import { execFile, spawn } from 'node:child_process';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { ConnectionState } from 'amqp-messenger';
import { Messenger } from 'amqp-messenger';
import { describe, expect, it, onTestFinished } from 'vitest';
import { FaultProxy } from '../support/fault-proxy.js';
import { createTrackingMessenger, startBroker } from '../support/messengers.js';
import { ScriptedPeer } from '../support/scripted-peer.js';
import { payload } from '../support/wire-frames.js';

const program = fileURLToPath(new URL('../support/programs/stop.ts', import.meta.url));
const listeners = fileURLToPath(new URL('../support/programs/stop-listening.ts', import.meta.url));
const commandLine = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('a process whose messengers have been stopped', () => {
  it('has no timer and no socket left, however they were used, and ends', async () => {
    const broker = await startBroker();
    const proxy = await FaultProxy.listen(broker.port, {
      cuts: (connection) => (connection === 0 ? { way: 'out', after: 2000 } : undefined),
    });
    const run = promisify(execFile)(
      process.execPath,
      ['--import', 'tsx', program, `amqp://127.0.0.1:${proxy.port}/q`],
      { timeout: 15_000 },
    );
    const { stdout } = await run;
    const lines = stdout.trimEnd().split('\n');
    expect(lines.at(-1)).toBe('done');
    expect(lines.filter((line) => /: (?!nothing left)/.test(line) && !line.startsWith('SendError'))).toEqual([]);
    expect(lines.some((line) => line.startsWith('SendError: A message could not be sent.'))).toBe(true);
    expect(proxy.cutConnections).toBe(1);
  });
});

describe('a broker or a listener', () => {
  it('stops whatever its peers do, in a process that nothing else keeps alive', { timeout: 30_000 }, async () => {
    // One that waits for what never comes ends with exit code 13.
    const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', listeners], { timeout: 25_000 });
    const lines = stdout.trimEnd().split('\n');
    expect(lines).toHaveLength(14);
    for (const line of lines) expect(line).toMatch(/: stopped$/);
  });
});

describe('a stop without drain', () => {
  it('tells with an error event how many messages it has given up, and nothing when there were none', async () => {
    const sender = createTrackingMessenger({ reconnect: { initial: true, delay: 60_000 } });
    const errors: string[] = [];
    sender.on('error', ({ code, message }) => errors.push(`${code} ${message}`));
    await sender.stop();
    for (let body = 0; body < 3; body++) sender.put({ address: 'amqp://127.0.0.1:1/q', body });
    await sender.close();
    expect(errors).toHaveLength(1);
    expect(errors[0]).toMatch(/^ERR_STATE 3 messages were given up/);
  });
});

describe('stop({ drain: true })', () => {
  it('waits for every outcome, and closes then', async () => {
    const peer = await ScriptedPeer.listen();
    const sender = createTrackingMessenger();
    const trackers = [1, 2].map((body) => sender.put({ address: peer.address('q'), body }));
    const wire = await peer.accept();
    const link = await wire.answerLink();
    const stopped = sender.stop({ drain: true });
    wire.grant(link, 2);
    await wire.readAll('transfer', 2);
    expect(wire.unread.map(({ name }) => name)).not.toContain('close');
    wire.accept(link, 0);
    wire.accept(link, 1);
    await stopped;
    expect(trackers.map(({ status }) => status)).toEqual(['accepted', 'accepted']);
    expect(sender.stopped).toBe(true);
  });

  it('names the messages that are left at its timeout, even while not connected', async () => {
    const sender = createTrackingMessenger({ reconnect: { initial: true, delay: 60_000 } });
    const trackers = [1, 2, 3].map((body) => sender.put({ address: 'amqp://127.0.0.1:1/q', body }));
    await expect(sender.stop({ drain: true, timeout: 20 })).rejects.toMatchObject({ code: 'ERR_SEND', trackers });
    expect(trackers.map(({ status }) => status)).toEqual(['aborted', 'aborted', 'aborted']);
    expect([sender.stopped, sender.outgoing]).toEqual([true, 0]);
    // Told once.
    await sender.send();
  });

  it('names the messages that are left when its signal is aborted', async () => {
    const sender = createTrackingMessenger({ reconnect: { initial: true, delay: 60_000 } });
    const tracker = sender.put({ address: 'amqp://127.0.0.1:1/q', body: 1 });
    const stopped = sender.stop({ drain: true, signal: AbortSignal.abort() });
    await expect(stopped).rejects.toMatchObject({ code: 'ERR_SEND', trackers: [tracker] });
  });

  it('names the messages that are left without blocking', async () => {
    const sender = createTrackingMessenger({ blocking: false });
    const tracker = sender.put({ address: 'amqp://127.0.0.1:1/q', body: 1 });
    await expect(sender.stop({ drain: true })).rejects.toMatchObject({ code: 'ERR_SEND', trackers: [tracker] });
  });

  it('names the messages that were put while it waited', async () => {
    const peer = await ScriptedPeer.listen();
    const sender = createTrackingMessenger();
    sender.put({ address: peer.address('q'), body: 1 });
    const wire = await peer.accept();
    const link = await wire.answerLink();
    const stopped = sender.stop({ drain: true });
    const late = sender.put({ address: peer.address('q'), body: 2 });
    wire.grant(link, 1);
    await wire.read('transfer');
    wire.accept(link, 0);
    await expect(stopped).rejects.toMatchObject({ code: 'ERR_SEND', trackers: [late] });
    expect(late.status).toBe('aborted');
  });

  it('leaves the messenger closed after close({ drain: true })', async () => {
    const broker = await startBroker();
    const sender = createTrackingMessenger();
    const tracker = sender.put({ address: `${broker.url}/q`, body: 1 });
    await sender.close({ drain: true });
    expect(tracker.status).toBe('accepted');
    expect(sender.stopped).toBe(true);
    expect(() => sender.put({ address: `${broker.url}/q`, body: 2 })).toThrow(
      expect.objectContaining({ code: 'ERR_STATE' }),
    );
    await sender.stop();
    expect(() => sender.put({ address: `${broker.url}/q`, body: 2 })).toThrow();
  });

  it('aborts messages without an outcome when it does not drain, without an error', async () => {
    const sender = createTrackingMessenger({ reconnect: { initial: true, delay: 60_000 } });
    const tracker = sender.put({ address: 'amqp://127.0.0.1:1/q', body: 1 });
    await sender.stop();
    expect(tracker.status).toBe('aborted');
    await sender.send();
  });
});

describe('a connection that closes because it is idle', () => {
  it('does not take a message with it that is put meanwhile', async () => {
    const peer = await ScriptedPeer.listen();
    const sender = createTrackingMessenger({ closeIdleAfter: 5 });
    const states: ConnectionState[] = [];
    sender.on('connection', ({ to }) => states.push(to));
    sender.put({ address: peer.address('q'), body: 1 });
    const first = await peer.accept();
    const link = await first.answerLink();
    first.grant(link, 1);
    await first.read('transfer');
    first.accept(link, 0);
    await first.read('detach');
    first.send('detach', { handle: link.handle, closed: true }, link.channel);
    while (!states.includes('closing')) await turn();
    // The peer has not answered the close yet.
    const tracker = sender.put({ address: peer.address('q'), body: 2 });
    const second = await peer.accept();
    const again = await second.answerLink();
    second.grant(again, 1);
    await second.read('transfer');
    second.accept(again, 0);
    expect(await tracker.outcome()).toBe('accepted');
  });
});

describe('the command line, interrupted', () => {
  function run(...commandArguments: string[]): { child: ChildProcessWithoutNullStreams; output: () => string } {
    const child = spawn(process.execPath, [commandLine, ...commandArguments]);
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (text: Buffer) => (output += text.toString()));
    onTestFinished(() => void child.kill('SIGKILL'));
    return { child, output: () => output };
  }

  it('send stops reading, waits for what it has put, and says so', async () => {
    const peer = await ScriptedPeer.listen();
    const { child, output } = run('send', peer.address('q'));
    child.stdin.write('first\nsecond\n');
    const wire = await peer.accept();
    const link = await wire.answerLink();
    wire.grant(link, 10);
    await wire.readAll('transfer', 2);
    child.kill('SIGINT');
    const ended = once(child, 'close');
    wire.accept(link, 0);
    wire.accept(link, 1);
    const [code] = (await ended) as [number];
    expect(output()).toBe('2 accepted\n');
    expect(code).toBe(130);
  });

  it('send reports the messages that it could not deliver', async () => {
    const peer = await ScriptedPeer.listen();
    const { child, output } = run('send', '--timeout', '50', peer.address('q'));
    child.stdin.write('first\n');
    const wire = await peer.accept();
    const link = await wire.answerLink();
    wire.grant(link, 10);
    await wire.read('transfer');
    child.kill('SIGINT');
    const [code] = (await once(child, 'close')) as [number];
    expect(output()).toMatch(/A message could not be sent[^]*1 aborted/);
    expect(code).toBe(130);
  });

  it('recv accepts what it has printed, and leaves the rest', async () => {
    const broker = await startBroker();
    const sender = createTrackingMessenger();
    for (const body of ['one', 'two']) sender.put({ address: `${broker.url}/q`, body });
    await sender.send();
    const { child, output } = run('recv', `${broker.url}/q`);
    while (!output().includes('two')) await turn();
    child.kill('SIGINT');
    const [code] = (await once(child, 'close')) as [number];
    expect([code, output()]).toEqual([0, 'one\ntwo\n']);
    expect(broker.queue('q')).toMatchObject({ accepted: 2, depth: 0, outstanding: 0 });
  });
});

describe('what was prefetched', () => {
  it.each([
    ['stop', async (messenger: Messenger) => messenger.stop()],
    ['close', async (messenger: Messenger) => messenger.close()],
    ['close after draining', async (messenger: Messenger) => messenger.close({ drain: true, timeout: 1000 })],
  ])('is released by %s, before the connection is closed, and ends as aborted', async (_how, end) => {
    const peer = await ScriptedPeer.listen();
    const messenger = new Messenger({ incomingWindow: 10 });
    messenger.subscribe(peer.address('q'), { credit: 5 });
    const wire = await peer.accept();
    const link = await wire.answerLink();
    await wire.read('flow');
    for (let id = 0; id < 3; id++) wire.transfer(link, id, payload('a'));
    while (messenger.incoming < 3) await messenger.work();
    const got = messenger.get()!;
    const ended = end(messenger);
    const { fields } = await wire.read('disposition');
    expect(fields).toMatchObject({ first: 0, last: 2, settled: true, state: { type: 'released' } });
    got.accept();
    expect(got.tracker.status).toBe('aborted');
    await wire.read('close');
    wire.send('close');
    await ended;
    expect(wire.unread.map(({ name }) => name)).not.toContain('disposition');
  });
});

describe('a message without an outcome, at a messenger that listens and stops', () => {
  it('is kept by its sender, which sends it to the next that listens there', async () => {
    const first = new Messenger({ incomingWindow: 10 });
    const subscription = await first.subscribe('amqp://~127.0.0.1:0').ready();
    const address = `amqp://127.0.0.1:${subscription.port!}`;
    const sender = createTrackingMessenger({ reconnect: { delay: 1, maxDelay: 20 } });
    sender.on('error', () => undefined);
    const tracker = sender.put({ address, body: 'a' });
    await first.recv(1);
    await first.close();
    expect(tracker.status).toBe('pending');
    const second = createTrackingMessenger({ incomingWindow: 10 });
    await second.subscribe(`amqp://~127.0.0.1:${subscription.port!}`).ready();
    await second.recv(1);
    second.get()!.accept();
    expect(await tracker.outcome()).toBe('accepted');
  });
});
