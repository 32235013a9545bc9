import type { Messenger, MessengerOptions, SubscribeOptions, Tracker } from 'amqp-messenger';
import { described, symbol } from 'amqp-messenger';
import { describe, expect, it } from 'vitest';
import { createMessenger, createTrackingMessenger } from '../support/messengers.js';
import { ScriptedPeer } from '../support/scripted-peer.js';
import { Wire } from '../support/wire.js';
import type { WireLink } from '../support/wire.js';
import type { Fields } from '../support/wire-frames.js';

/** The open frames of the brokers that are known, as they were seen. */
const BROKERS = {
  rabbitmq310: { properties: { product: 'RabbitMQ', version: '3.10.8' } },
  rabbitmq40: { properties: { product: 'RabbitMQ', version: '4.0.5' }, offered_capabilities: ['ANONYMOUS-RELAY'] },
  rabbitmq43: { properties: { product: 'RabbitMQ', version: '4.3.6' }, offered_capabilities: ['ANONYMOUS-RELAY'] },
  artemis: {
    properties: { product: 'apache-activemq-artemis', version: '2.44.0' },
    offered_capabilities: ['SHARED-SUBS', 'ANONYMOUS-RELAY'],
  },
  classic: { properties: { product: 'ActiveMQ', version: '6.3.1' }, offered_capabilities: ['ANONYMOUS-RELAY'] },
  unknown: {},
} satisfies Record<string, Fields>;

type Broker = keyof typeof BROKERS;

/** Answers a subscription: by default with whatever it asks for, as some brokers do. */
async function subscribed(
  broker: Broker,
  terms: SubscribeOptions,
  { node = 'q', options = {}, attach = {} }: { node?: string; options?: MessengerOptions; attach?: Fields } = {},
): Promise<string> {
  const peer = await ScriptedPeer.listen();
  const messenger = createTrackingMessenger({ name: 'reader', ...options });
  const subscription = messenger.subscribe(peer.address(node), terms);
  const wire = await peer.accept();
  await wire.answerOpen(BROKERS[broker]);
  await wire.answerBegin();
  const asked = await wire.read('attach');
  const { name, source, target, snd_settle_mode, rcv_settle_mode } = asked.fields;
  const modes = { snd_settle_mode, rcv_settle_mode };
  const answer = { name, handle: 0, role: false, initial_delivery_count: 0, source, target, ...modes, ...attach };
  wire.send('attach', answer, asked.channel);
  try {
    await subscription.ready();
  } catch (error) {
    expect(error).toMatchObject({ code: 'ERR_LINK', condition: 'amqp:not-implemented' });
    // It never had credit, so nothing was taken away or handed to the wrong receiver.
    await wire.read('detach');
    expect(wire.unread.map((frame) => frame.name)).not.toContain('flow');
    return (error as Error).message;
  }
  return 'granted';
}

const stream = { 'rabbitmq:stream-offset-spec': described(symbol('rabbitmq:stream-offset-spec'), 'first') };
const sql = { 'sql-filter': described(symbol('amqp:sql-filter'), 'a = 1') };

describe('filters that a known broker applies, and those that it only repeats', () => {
  it.each<[Broker, string, SubscribeOptions, string, string?]>([
    // Browsing
    ['rabbitmq310', 'browsing', { distributionMode: 'copy' }, 'RabbitMQ does not let anybody browse'],
    ['rabbitmq40', 'browsing', { distributionMode: 'copy' }, 'RabbitMQ does not let anybody browse'],
    ['rabbitmq40', 'browsing of a stream', { distributionMode: 'copy', filters: stream }, 'granted'],
    ['rabbitmq43', 'browsing of a stream', { distributionMode: 'copy', filters: stream }, 'granted'],
    ['artemis', 'browsing', { distributionMode: 'copy' }, 'granted'],
    ['classic', 'browsing', { distributionMode: 'copy' }, 'granted'],
    ['unknown', 'browsing', { distributionMode: 'copy' }, 'granted'],
    // Filters
    ['rabbitmq310', 'a selector', { selector: 'a = 1' }, 'Only its streams filter'],
    ['rabbitmq40', 'a selector', { selector: 'a = 1' }, 'Only its streams filter'],
    ['rabbitmq40', 'a selector on a stream', { selector: 'a = 1', filters: stream }, 'Only its streams filter'],
    ['rabbitmq40', 'an offset', { filters: stream }, 'granted'],
    ['rabbitmq43', 'SQL on a queue', { filters: sql }, 'rabbitmq:stream-offset-spec'],
    ['rabbitmq43', 'SQL on a stream', { filters: { ...sql, ...stream } }, 'granted'],
    ['artemis', 'a selector', { selector: 'a = 1' }, 'granted'],
    ['classic', 'a selector', { selector: 'a = 1' }, 'granted'],
    ['unknown', 'a selector', { selector: 'a = 1' }, 'granted'],
    // The kind of node
    ['rabbitmq40', 'a topic', { capabilities: ['topic'] }, 'There it is a queue.'],
    ['rabbitmq40', 'a queue', { capabilities: ['queue'] }, 'granted'],
    ['rabbitmq43', 'a topic', { capabilities: ['topic'] }, 'There it is a queue.'],
    ['artemis', 'a topic', { capabilities: ['topic'] }, 'granted'],
    ['artemis', 'what nobody knows', { capabilities: ['teleport'] }, 'does not say that q has the capability teleport'],
    ['classic', 'a topic', { capabilities: ['topic'] }, 'There it is a queue.'],
    ['classic', 'a topic by its name', { capabilities: ['topic'] }, 'granted', 'topic://q'],
    ['classic', 'a queue that is a topic', { capabilities: ['queue'] }, 'There it is a topic.', 'topic://q'],
    ['unknown', 'a topic', { capabilities: ['topic'] }, 'granted'],
    // Sharing
    ['rabbitmq40', 'sharing', { name: 's', shared: true }, 'RabbitMQ has no shared subscriptions'],
    ['classic', 'sharing', { name: 's', shared: true }, 'ActiveMQ Classic has no shared subscriptions'],
    ['artemis', 'sharing', { name: 's', shared: true }, 'granted'],
    ['unknown', 'sharing', { name: 's', shared: 'global' }, 'granted'],
  ])('%s: %s', async (broker, _what, terms, expected, node) => {
    expect(await subscribed(broker, terms, node === undefined ? {} : { node })).toContain(expected);
  });
});

describe('what a peer does not grant fails the subscription', () => {
  const source = { address: 'q' };

  it.each<[string, SubscribeOptions, Fields, string]>([
    ['browsing', { distributionMode: 'copy' }, { source }, 'does not let anybody browse'],
    ['browsing that is moving', { distributionMode: 'copy' }, { source: { ...source, distribution_mode: 'move' } }, ''],
    ['a filter', { filters: sql }, { source }, 'does not support sql-filter'],
    ['a topic', { capabilities: ['topic'] }, { source }, 'does not say that q has the capability topic'],
    ['another kind', { capabilities: ['topic'] }, { source: { ...source, capabilities: ['queue'] } }, 'topic'],
    ['one of two capabilities', { capabilities: ['a', 'b'] }, { source: { ...source, capabilities: ['a'] } }, 'b'],
    ['sharing', { name: 's', shared: true }, { source }, 'has no shared subscriptions'],
    ['lasting', { name: 's', durable: true }, { source }, 'Leave out durable'],
    ['lasting for a time', { name: 's', ttl: 60_000 }, { source }, 'Leave out ttl'],
  ])('%s', async (_what, terms, attach, expected) => {
    expect(await subscribed('unknown', terms, { attach })).toMatch(new RegExp(expected || 'browse'));
  });

  it.each<[string, MessengerOptions, Fields, string]>([
    ['outcomes', { senderSettleMode: 'unsettled' }, { snd_settle_mode: 1 }, 'settled when they are sent'],
    ['settling second', { receiverSettleMode: 'second' }, { rcv_settle_mode: 0 }, 'Leave receiverSettleMode out'],
  ])('%s', async (_what, options, attach, expected) => {
    expect(await subscribed('unknown', {}, { options, attach })).toContain(expected);
  });

  it('even when its attach has no properties', async () => {
    const attach = { snd_settle_mode: undefined, rcv_settle_mode: undefined };
    expect(await subscribed('unknown', {}, { attach })).toBe('granted');
    const second: MessengerOptions = { receiverSettleMode: 'second' };
    expect(await subscribed('unknown', {}, { attach, options: second })).toContain('receiverSettleMode');
  });
});

/** Puts a message to a peer that answers the attach. */
async function put(options: MessengerOptions, attach: Fields): Promise<{ tracker: Tracker; wire: Wire }> {
  const peer = await ScriptedPeer.listen();
  const messenger = createTrackingMessenger(options);
  messenger.on('error', () => undefined);
  const tracker = messenger.put({ address: peer.address('q'), body: 'a' });
  const wire = await peer.accept();
  const link = await wire.answerLink({ attach });
  wire.grant(link, 10);
  return { tracker, wire };
}

describe('a sender', () => {
  it('that wants outcomes aborts a message when the peer demands pre-settled transfers', async () => {
    const { tracker } = await put({ senderSettleMode: 'unsettled' }, { snd_settle_mode: 1 });
    expect(await tracker.outcome()).toBe('aborted');
    expect(tracker.error).toMatchObject({ code: 'ERR_LINK', message: expect.stringContaining('outcomes') as string });
  });

  it('that leaves the settle mode open adopts the one of the peer', async () => {
    const { wire } = await put({}, { snd_settle_mode: 0 });
    expect((await wire.read('transfer')).fields['settled']).not.toBe(true);
  });
});

/** Receives from a listening messenger as a peer that asks for a settle mode. */
async function receiving(messenger: Messenger, snd_settle_mode: number): Promise<{ wire: Wire; link: WireLink }> {
  const subscription = messenger.subscribe('amqp://~127.0.0.1:0');
  await subscription.ready();
  const wire = await Wire.dial(subscription.port!, { container_id: 'reader' });
  await wire.begin();
  const link = await wire.attach('receiver', 'news', { snd_settle_mode, rcv_settle_mode: 0 });
  wire.grant(link, 10);
  return { wire, link };
}

describe('a listening messenger that was asked for a settle mode', () => {
  it.each([
    [0, 'unsettled', false],
    [1, 'settled', true],
  ])('of %i sends messages %s, though nobody asks for their outcomes', async (mode, _words, isSettled) => {
    const messenger = createMessenger({ containerIdsAsHosts: true });
    const { wire, link } = await receiving(messenger, mode);
    expect(link.attach.fields['snd_settle_mode']).toBe(mode);
    messenger.put({ address: 'amqp://reader/news', body: 1 });
    expect((await wire.read('transfer')).fields['settled'] === true).toBe(isSettled);
  });
});

describe('a peer with a small handle-max', () => {
  it('is not sent an attach with a handle beyond its handle-max: the link fails, and says why', async () => {
    const peer = await ScriptedPeer.listen();
    const messenger = createMessenger();
    messenger.on('error', () => undefined);
    const [first, second, third] = ['a', 'b', 'c'].map((node) => messenger.subscribe(peer.address(node)));
    const wire = await peer.accept();
    await wire.answerOpen({ channel_max: 0 });
    await wire.answerBegin({ handle_max: 1 });
    await wire.answerAttach();
    await wire.answerAttach();
    await Promise.all([first!.ready(), second!.ready()]);
    await expect(third!.ready()).rejects.toMatchObject({
      code: 'ERR_LINK',
      condition: 'amqp:resource-limit-exceeded',
      message: expect.stringContaining('takes no more links') as string,
    });
    expect(wire.unread.map(({ name }) => name)).not.toContain('attach');
    // A handle that is free again is used.
    const gone = first!.unsubscribe();
    const { fields, channel } = await wire.read('detach');
    wire.send('detach', { handle: fields['handle'], closed: true }, channel);
    await gone;
    const fourth = messenger.subscribe(peer.address('d'));
    expect((await wire.answerAttach()).attach.fields['handle']).toBe(0);
    await fourth.ready();
  });
});
