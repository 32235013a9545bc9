import { describe, expect, it } from 'vitest';
import { encodeMessage } from '../../src/codec/encode-message.js';
import { Output } from '../../src/codec/output.js';
import { createTrackingMessenger, startBroker } from '../support/messengers.js';
import { ScriptedPeer } from '../support/scripted-peer.js';
import type { Fields } from '../support/wire-frames.js';

/** The bytes of a message with this `replyTo`. */
function question(replyTo: string): Buffer {
  const output = new Output();
  output.open(0);
  encodeMessage(output, { replyTo, body: '?' }, undefined);
  return Buffer.from(output.buffer.subarray(output.start, output.position));
}

// As ActiveMQ Classic, routers and others name the nodes that they make.
const NAMES = ['temp-queue://ID:vm-37163-1:5', 'amqp:/_topo/0/R1/temp.X', 'TempQueue3ef525dc'];

describe('a node that a peer has made', () => {
  it.each(NAMES)('called %s is put to over the connection it came by', async (node) => {
    const peer = await ScriptedPeer.listen();
    const messenger = createTrackingMessenger({ sasl: { user: 'u', password: 'p' } });
    const subscription = messenger.subscribe(`amqp://127.0.0.1:${peer.port}/#`);
    const wire = await peer.accept();
    await wire.answerOpen({}, ['PLAIN']);
    await wire.answerBegin();
    await wire.answerAttach({ source: { address: node, dynamic: true } });
    const { address } = await subscription.ready();
    messenger.put({ address: address!, body: 'a' });
    await wire.answerBegin();
    const { attach } = await wire.answerAttach();
    expect((attach.fields['target'] as Fields)['address']).toBe(node);
    expect(peer.connections).toBe(1);
  });

  it.each(NAMES)('called %s is replied to over the connection of the question', async (node) => {
    const peer = await ScriptedPeer.listen();
    const messenger = createTrackingMessenger();
    messenger.subscribe(peer.address('work'), { credit: 1 });
    const wire = await peer.accept();
    const link = await wire.answerLink();
    await wire.read('flow');
    wire.transfer(link, 0, question(node));
    await messenger.recv(1);
    messenger.reply(messenger.get()!, { body: '!' });
    await wire.answerBegin();
    const { attach } = await wire.answerAttach();
    expect((attach.fields['target'] as Fields)['address']).toBe(node);
    expect(peer.connections).toBe(1);
  });

  it('is reached with the credentials of its connection, and not when its subscription has ended', async () => {
    const broker = await startBroker({ users: { u: 'p' } });
    const messenger = createTrackingMessenger({ reconnect: false });
    messenger.on('error', () => undefined);
    const subscription = messenger.subscribe(`amqp://u:p@127.0.0.1:${broker.port}/#`);
    const { address } = await subscription.ready();
    expect(await messenger.put({ address: address!, body: 'a' }).outcome()).toBe('accepted');
    await subscription.unsubscribe();
    const late = messenger.put({ address: address!, body: 'b' });
    expect(await late.outcome()).toBe('aborted');
  });

  it('has another name after a lost connection, by which it is known then', async () => {
    const peer = await ScriptedPeer.listen();
    const messenger = createTrackingMessenger({ reconnect: { delay: 0 } });
    const subscription = messenger.subscribe(`amqp://127.0.0.1:${peer.port}/#`);
    const first = await peer.accept();
    await first.answerLink({ attach: { source: { address: 'one', dynamic: true } } });
    await subscription.ready();
    first.destroy();
    const second = await peer.accept();
    await second.answerLink({ attach: { source: { address: 'two', dynamic: true } } });
    await subscription.ready();
    expect(subscription.address).toBe(`amqp://127.0.0.1:${peer.port}/two`);
    messenger.put({ address: subscription.address!, body: 'a' });
    await second.answerBegin();
    const { attach } = await second.answerAttach();
    expect((attach.fields['target'] as Fields)['address']).toBe('two');
  });
});
