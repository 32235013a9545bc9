import type { ConnectionChange, Messenger } from 'amqp-messenger';
import { describe, expect, it } from 'vitest';
import { FaultProxy } from '../support/fault-proxy.js';
import { createTrackingMessenger, startBroker } from '../support/messengers.js';
import { ScriptedPeer } from '../support/scripted-peer.js';

const QUICK = { initial: true, delay: 1, maxDelay: 2 };

function becomes(messenger: Messenger, state: ConnectionChange['to']): Promise<ConnectionChange> {
  return new Promise((resolve) => {
    messenger.on('connection', (change) => {
      if (change.to === state) resolve(change);
    });
  });
}

describe('a half-open peer', () => {
  it('is detected although the socket stays, and messages without an outcome are sent again', async () => {
    const broker = await startBroker();
    const proxy = await FaultProxy.listen(broker.port);
    const sender = createTrackingMessenger({ idleTimeout: 100, reconnect: QUICK });
    const address = `amqp://127.0.0.1:${proxy.port}/q`;
    sender.put({ address, body: 'first' });
    await sender.send();
    const lost = becomes(sender, 'reconnecting');
    proxy.swallow();
    const tracker = sender.put({ address, body: 'second' });
    const { error } = await lost;
    expect(error).toMatchObject({ code: 'ERR_CONNECTION' });
    expect(error!.message).toContain('has sent nothing for twice the idle time-out of 100 ms');
    proxy.passOn();
    expect(await tracker.outcome()).toBe('accepted');
    expect(broker.queue('q').received).toBe(2);
  });

  it('is detected by a listener, too', async () => {
    const listener = createTrackingMessenger({ idleTimeout: 100 });
    const { port } = await listener.subscribe('amqp://~127.0.0.1:0').ready();
    const proxy = await FaultProxy.listen(port!);
    const sender = createTrackingMessenger({ reconnect: QUICK });
    sender.put({ address: `amqp://127.0.0.1:${proxy.port}`, body: 1 });
    await listener.recv();
    expect(listener.stats().connections).toHaveLength(1);
    const gone = new Promise<void>((resolve) => {
      const look = (): void => (listener.stats().connections.length === 0 ? resolve() : void setImmediate(look));
      look();
    });
    proxy.swallow();
    await gone;
  });

  it('that never opens the connection is given up after connectTimeout', async () => {
    const peer = await ScriptedPeer.listen();
    const sender = createTrackingMessenger({ connectTimeout: 20 });
    const tracker = sender.put({ address: peer.address('q'), body: 1 });
    const wire = await peer.accept();
    await wire.closed;
    expect(await tracker.outcome()).toBe('aborted');
    expect(tracker.error!.message).toContain('did not answer within 20 ms');
  });
});

describe('a peer with an idle time-out', () => {
  it('gets heartbeats within it', async () => {
    const peer = await ScriptedPeer.listen();
    const sender = createTrackingMessenger();
    sender.put({ address: peer.address('q'), body: 1 });
    const wire = await peer.accept();
    await wire.answerLink({ open: { idle_time_out: 20 } });
    const before = wire.received;
    // No time is asserted: without heartbeats this waits until the test gives up.
    await wire.until(() => wire.received - before >= 24);
  });
});
