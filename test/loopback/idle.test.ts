import { describe, expect, it } from 'vitest';
import { FaultProxy } from '../support/fault-proxy.js';
import { createMessenger, createTrackingMessenger, listen, startBroker } from '../support/messengers.js';
import { ScriptedPeer } from '../support/scripted-peer.js';
import type { Messenger } from 'amqp-messenger';

/** Resolves when a connection has come to this state. */
function becomes(messenger: Messenger, state: string): Promise<unknown> {
  return new Promise((resolve) => messenger.on('connection', ({ to }) => to === state && resolve(to)));
}

describe('with closeIdleAfter', () => {
  it('links without messages are closed, then the connection, and both come back', async () => {
    const broker = await startBroker();
    const messenger = createTrackingMessenger({ closeIdleAfter: 5 });
    for (let round = 0; round < 3; round++) {
      messenger.put({ address: `${broker.url}/q`, body: round });
      await messenger.send();
      await becomes(messenger, 'closed');
      expect(messenger.stopped).toBe(true);
    }
    expect(broker.queue('q').received).toBe(3);
  });

  it('a link with messages that the peer does not take stays', async () => {
    const peer = await ScriptedPeer.listen();
    const messenger = createTrackingMessenger({ closeIdleAfter: 5 });
    const tracker = messenger.put({ address: peer.address('q'), body: 'a' });
    const wire = await peer.accept();
    const link = await wire.answerLink();
    messenger.put({ address: `${(await startBroker()).url}/q`, body: 'b' });
    // The other link has come and gone meanwhile, and so did several looks at this one.
    await becomes(messenger, 'closed');
    wire.grant(link, 1);
    await wire.read('transfer');
    wire.accept(link, 0);
    expect(await tracker.outcome()).toBe('accepted');
    expect((await wire.read('detach')).fields).toMatchObject({ closed: true });
  });

  it('a subscription keeps its connection', async () => {
    const broker = await startBroker();
    const messenger = createTrackingMessenger({ closeIdleAfter: 1 });
    const subscription = await messenger.subscribe(`${broker.url}/q`).ready();
    const other = createTrackingMessenger({ closeIdleAfter: 1 });
    other.put({ address: `${broker.url}/other` });
    await becomes(other, 'closed');
    expect([subscription.state, messenger.stopped]).toEqual(['open', false]);
    await subscription.unsubscribe();
    await becomes(messenger, 'closed');
  });

  it('a message that is put while the connection closes goes out over the next one', async () => {
    const peer = await ScriptedPeer.listen();
    const messenger = createTrackingMessenger({ closeIdleAfter: 1 });
    const first = messenger.put({ address: peer.address('q'), body: 'first' });
    const wire = await peer.accept();
    const link = await wire.answerLink();
    wire.grant(link, 10);
    await wire.read('transfer');
    wire.accept(link, 0);
    await first.outcome();
    const closing = becomes(messenger, 'closing');
    await wire.read('detach');
    wire.send('detach', { handle: link.handle, closed: true }, link.channel);
    await closing;
    const second = messenger.put({ address: peer.address('q'), body: 'second' });
    const next = await peer.accept();
    const again = await next.answerLink();
    next.grant(again, 1);
    await next.read('transfer');
    next.accept(again, 0);
    expect(await second.outcome()).toBe('accepted');
    await messenger.stop();
    expect(messenger.stopped).toBe(true);
    await Promise.all([wire.closed, next.closed]);
  });

  it('a connection that is closing is still waited for by stop()', async () => {
    const broker = await startBroker();
    const proxy = await FaultProxy.listen(broker.port);
    const messenger = createTrackingMessenger({ closeIdleAfter: 1 });
    await messenger.start();
    messenger.route('q', `amqp://127.0.0.1:${proxy.port}/q`);
    await messenger.start({ checkRoutes: true });
    await becomes(messenger, 'closing');
    proxy.swallow();
    expect(messenger.stopped).toBe(false);
    await messenger.stop();
    expect(messenger.stopped).toBe(true);
  });

  it('with the longest delay there is, nothing is closed at once', async () => {
    const broker = await startBroker();
    const messenger = createTrackingMessenger({ closeIdleAfter: Infinity });
    messenger.put({ address: `${broker.url}/q` });
    await messenger.send();
    const other = createTrackingMessenger({ closeIdleAfter: 1 });
    other.put({ address: `${broker.url}/q` });
    await becomes(other, 'closed');
    expect(messenger.stopped).toBe(false);
  });

  it('answers still come by a connection that the asker only listens on', async () => {
    const server = createMessenger({ incomingWindow: -1 });
    const address = await listen(server);
    const client = createMessenger({ closeIdleAfter: 5 });
    const answer = client.request({ address: `${address}/q`, body: 'a' });
    await server.recv();
    server.reply(server.get()!, { body: 'b' });
    expect((await answer).body).toBe('b');
  });
});
