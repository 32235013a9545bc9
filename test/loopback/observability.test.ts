import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { DiagnosticsMessages, Messenger } from 'amqp-messenger';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createMessenger, createTrackingMessenger, listen, receive, startBroker } from '../support/messengers.js';
import { ScriptedPeer } from '../support/scripted-peer.js';
import { uncaught } from '../support/uncaught.js';

/** Gathers what is told on a channel of one messenger, until the test is over. */
function gather<Name extends keyof DiagnosticsMessages>(
  name: Name,
  { name: of }: Messenger,
): DiagnosticsMessages[Name][] {
  const gathered: DiagnosticsMessages[Name][] = [];
  const listener = (message: unknown): void => {
    // The channel is ours, and so is its message.
    const told = message as DiagnosticsMessages[Name];
    if (told.messenger === of) gathered.push(told);
  };
  subscribe(`amqp-messenger:${name}`, listener);
  onTestFinished(() => void unsubscribe(`amqp-messenger:${name}`, listener));
  return gathered;
}

describe('the channels of node:diagnostics_channel', () => {
  it('publish puts, outcomes, received messages and states of connections', async () => {
    const broker = await startBroker();
    const messenger = createTrackingMessenger();
    const put = gather('put', messenger);
    const outcomes = gather('outcome', messenger);
    const received = gather('received', messenger);
    const changes = gather('connection', messenger);
    const url = `${broker.url}/q`.replace('//', '//user@');
    messenger.put({ address: url, body: 'x'.repeat(100) });
    await messenger.send();
    messenger.subscribe(url);
    await receive(messenger, 1);
    await messenger.stop();
    const destination = `amqp://***@127.0.0.1:${broker.port}/q`;
    expect(put).toEqual([{ messenger: messenger.name, destination, size: put[0]!.size }]);
    expect(put[0]!.size).toBeGreaterThan(100);
    expect(outcomes).toEqual([{ messenger: messenger.name, destination, status: 'accepted', error: undefined }]);
    expect(received).toEqual([{ messenger: messenger.name, source: destination, size: received[0]!.size }]);
    const endpoint = `127.0.0.1:${broker.port}`;
    expect(changes.map(({ from, to }) => `${from} → ${to}`)).toEqual([
      'closed → connecting',
      'connecting → open',
      'open → closing',
      'closing → closed',
    ]);
    expect(new Set(changes.map((change) => change.endpoint))).toEqual(new Set([endpoint]));
  });

  it('tell why a message or a connection has failed', async () => {
    const messenger = createTrackingMessenger();
    const outcomes = gather('outcome', messenger);
    const changes = gather('connection', messenger);
    await messenger.put({ address: 'amqp://127.0.0.1:1/q' }).outcome();
    expect(outcomes).toMatchObject([{ status: 'aborted', error: { code: 'ERR_CONNECTION' } }]);
    expect(changes.at(-1)).toMatchObject({ to: 'closed', error: { code: 'ERR_CONNECTION' } });
  });

  it('make no message without a subscriber, and a subscriber that throws does no harm', async () => {
    const messenger = createTrackingMessenger();
    const address = await listen(messenger);
    const thrown: unknown[] = [];
    const keep = (error: unknown): void => void thrown.push(error);
    process.on('uncaughtException', keep);
    onTestFinished(() => void process.off('uncaughtException', keep));
    const listener = (): void => {
      throw new Error('a tracer that fails');
    };
    subscribe('amqp-messenger:put', listener);
    const sender = createTrackingMessenger();
    const tracker = sender.put({ address, body: 1 });
    unsubscribe('amqp-messenger:put', listener);
    await receive(messenger, 1);
    messenger.accept();
    expect(await tracker.outcome()).toBe('accepted');
    // Node gives what it throws to the process.
    expect(thrown).toHaveLength(1);
  });
});

describe('stats()', () => {
  it('counts queued messages, and ended ones by outcome', async () => {
    const peer = await ScriptedPeer.listen();
    const messenger = createTrackingMessenger({ name: 'counted' });
    const empty = { pending: 0, bytes: 0, put: 0 };
    expect(messenger.stats()).toMatchObject({ name: 'counted', outgoing: empty, connections: [] });
    for (let body = 0; body < 5; body++) messenger.put({ address: peer.address('q'), body });
    const { bytes } = messenger.stats().outgoing;
    expect(messenger.stats()).toMatchObject({
      outgoing: { pending: 5, put: 5, ended: { accepted: 0 } },
      connections: [
        {
          endpoint: `127.0.0.1:${peer.port}`,
          host: `127.0.0.1:${peer.port}`,
          direction: 'dialled',
          state: 'connecting',
        },
      ],
    });
    const wire = await peer.accept();
    const link = await wire.answerLink();
    wire.grant(link, 5);
    await wire.readAll('transfer', 5);
    wire.accept(link, 0);
    while (messenger.outgoing === 5) await messenger.work();
    expect(messenger.stats().outgoing).toMatchObject({ pending: 4, put: 5, ended: { accepted: 1 } });
    expect(messenger.stats().outgoing.bytes).toBeLessThan(bytes);
    await messenger.stop();
    expect(messenger.stats().outgoing).toMatchObject({ pending: 0, bytes: 0, ended: { accepted: 1, aborted: 4 } });
  });

  it('shows the connections of peers by their container names', async () => {
    const listener = createTrackingMessenger();
    const address = await listen(listener);
    const sender = createMessenger({ name: 'a-peer' });
    sender.put({ address, body: 1 });
    await receive(listener, 1);
    expect(listener.stats()).toMatchObject({
      incoming: { queued: 0, bytes: 0, received: 1 },
      connections: [
        { endpoint: 'a-peer', host: expect.stringMatching(/^127\.0\.0\.1:\d+$/) as string, direction: 'accepted' },
      ],
    });
  });

  it('is a snapshot: what happens afterwards does not change it', async () => {
    const broker = await startBroker();
    const messenger = createTrackingMessenger();
    messenger.put({ address: `${broker.url}/q`, body: 1 });
    const before = messenger.stats();
    await messenger.send();
    expect(before.outgoing).toMatchObject({ pending: 1, ended: { accepted: 0 } });
    expect(messenger.stats().outgoing).toMatchObject({ pending: 0, ended: { accepted: 1 } });
  });
});

describe('a listener of a messenger that throws', () => {
  it('disturbs neither the messages nor the other listeners', async () => {
    const { url } = await startBroker();
    const messenger = createTrackingMessenger();
    const told: unknown[] = [];
    messenger.once('status', () => {
      throw new Error('a listener that fails');
    });
    messenger.on('status', ({ status }) => told.push(status));
    const errors = await uncaught(async () => {
      for (const body of [1, 2]) messenger.put({ address: `${url}/q`, body });
      await messenger.send();
    });
    expect(errors).toEqual(['a listener that fails']);
    expect(told).toEqual(['accepted', 'accepted']);
  });
});
