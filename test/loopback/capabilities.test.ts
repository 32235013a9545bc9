import type { MessengerOptions } from 'amqp-messenger';
import { Messenger } from 'amqp-messenger';
import { describe, expect, it } from 'vitest';
import { createTrackingMessenger } from '../support/messengers.js';
import { ScriptedPeer } from '../support/scripted-peer.js';
import type { Fields } from '../support/wire-frames.js';
import type { Wire, WireLink } from '../support/wire.js';

const ARTEMIS = { properties: { product: 'apache-activemq-artemis', version: '2.44.0' } };

function capabilitiesOf({ attach }: WireLink, end: 'source' | 'target'): unknown {
  return [(attach.fields[end] as Fields | undefined)?.['capabilities'] ?? []].flat();
}

/** A messenger that puts to a node of a peer, which has opened the connection. */
async function putting(node: string, open: Fields, options: MessengerOptions = {}) {
  const peer = await ScriptedPeer.listen();
  const messenger = createTrackingMessenger(options);
  messenger.on('error', () => undefined);
  const tracker = messenger.put({ address: peer.address(node), body: 'a' });
  const wire = await peer.accept();
  await wire.answerOpen(open);
  return { peer, messenger, tracker, wire };
}

/** Refuses the next link, as brokers do: an attach without a node, and a detach with the reason. */
async function refuse(wire: Wire, condition: string): Promise<WireLink> {
  await wire.answerBegin();
  const link = await wire.answerAttach({ source: null, target: null });
  wire.send('detach', { handle: link.handle, closed: true, error: { condition, description: 'no' } }, link.channel);
  await wire.read('detach');
  return link;
}

async function answer(wire: Wire): Promise<WireLink> {
  await wire.answerBegin();
  return wire.answerAttach();
}

describe('the capabilities of nodes', () => {
  const capabilities = { 'news/%': ['topic'], '*': ['queue'] };

  it.each([
    ['news/sport', ['topic']],
    ['orders', ['queue']],
    ['news/sport/today', ['queue']],
  ])('of %s go by the first pattern that matches, for senders and receivers', async (node, expected) => {
    const { peer, messenger, wire } = await putting(node, {}, { capabilities });
    expect(capabilitiesOf(await answer(wire), 'target')).toEqual(expected);
    messenger.subscribe(peer.address(node));
    expect(capabilitiesOf(await answer(wire), 'source')).toEqual(expected);
    messenger.subscribe(peer.address(node), { capabilities: ['own'] });
    expect(capabilitiesOf(await answer(wire), 'source')).toEqual(['own']);
  });

  it('go for no node that the peer makes: that is a temporary queue', async () => {
    const { peer, messenger, wire } = await putting('', {}, { capabilities });
    expect(capabilitiesOf(await answer(wire), 'target')).toEqual([]);
    messenger.subscribe(peer.address('#'));
    expect(capabilitiesOf(await answer(wire), 'source')).toEqual(['temporary-queue']);
  });

  it.each(['queue', 5, [5], [''], { a: 'queue' }, { a: [5] }])('%j is refused', (wrong) => {
    // Callers without types may give anything.
    const options = { capabilities: wrong } as unknown as MessengerOptions;
    expect(() => new Messenger(options)).toThrow(expect.objectContaining({ code: 'ERR_OPTION' }) as Error);
  });
});

describe('a sender to a broker that makes nodes by their use', () => {
  it('has a look by a receiver without credit, then wants a queue, and lets the receiver go', async () => {
    const { wire, tracker } = await putting('q', ARTEMIS, { capabilities: [] });
    const probe = await answer(wire);
    expect([probe.attach.fields['role'], capabilitiesOf(probe, 'source')]).toEqual([true, ['queue']]);
    const link = await answer(wire);
    expect([link.attach.fields['role'], capabilitiesOf(link, 'target')]).toEqual([false, ['queue']]);
    wire.grant(link, 1);
    const { fields } = await wire.read('transfer');
    wire.accept(link, fields['delivery_id'] as number);
    expect(await tracker.outcome()).toBe('accepted');
    const gone = await wire.read('detach');
    expect(gone.channel).toBe(probe.channel);
    const flows = wire.unread.filter(({ name, fields: flow }) => name === 'flow' && Number(flow['link_credit']) > 0);
    expect(flows).toEqual([]);
  });

  it('takes a topic as it is when nobody has stated anything', async () => {
    const { wire } = await putting('t', ARTEMIS);
    await refuse(wire, 'amqp:illegal-state');
    expect(capabilitiesOf(await answer(wire), 'target')).toEqual([]);
  });

  it('gives its messages up where the node is of another kind than was stated', async () => {
    const { wire, tracker } = await putting('t', ARTEMIS, { capabilities: ['queue'] });
    await refuse(wire, 'amqp:illegal-state');
    expect(await tracker.outcome()).toBe('aborted');
    expect(tracker.error).toMatchObject({
      code: 'ERR_LINK',
      message: expect.stringContaining('t is no queue') as string,
    });
  });

  it('is believed by what it states when it may not receive, and otherwise has to state it', async () => {
    const stated = await putting('q', ARTEMIS, { capabilities: ['queue'] });
    await refuse(stated.wire, 'amqp:unauthorized-access');
    expect(capabilitiesOf(await answer(stated.wire), 'target')).toEqual(['queue']);

    const open = await putting('q', ARTEMIS);
    await refuse(open.wire, 'amqp:unauthorized-access');
    expect(await open.tracker.outcome()).toBe('aborted');
    expect(open.tracker.error?.message).toContain('state its capability');
  });

  it('has another look on each new connection', async () => {
    const { peer, wire } = await putting('q', ARTEMIS, { reconnect: { delay: 0 } });
    await answer(wire);
    await answer(wire);
    wire.destroy();
    const again = await peer.accept();
    await again.answerOpen(ARTEMIS);
    expect((await answer(again)).attach.fields['role']).toBe(true);
  });

  it('can be closed while it looks', async () => {
    const { messenger, wire, tracker } = await putting('q', ARTEMIS);
    await answer(wire);
    const stopped = messenger.stop();
    expect(await tracker.outcome()).toBe('aborted');
    await wire.read('close');
    wire.send('close');
    await stopped;
    expect(wire.unread.filter(({ name }) => name === 'attach').length).toBeLessThanOrEqual(1);
  });

  it.each(['address::queue', 'activemq.management', '$management'])('does not look at %s', async (node) => {
    const { wire } = await putting(node, ARTEMIS);
    expect((await answer(wire)).attach.fields['role']).toBe(false);
  });
});

describe('a receiver from a broker that makes nodes by their use', () => {
  it('wants a queue, and takes a topic as it is', async () => {
    const peer = await ScriptedPeer.listen();
    const messenger = createTrackingMessenger();
    const subscription = messenger.subscribe(peer.address('t'));
    const wire = await peer.accept();
    await wire.answerOpen(ARTEMIS);
    expect(capabilitiesOf(await refuse(wire, 'amqp:illegal-state'), 'source')).toEqual(['queue']);
    expect(capabilitiesOf(await answer(wire), 'source')).toEqual([]);
    await subscription.ready();
  });
});
