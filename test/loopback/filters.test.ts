import type { SubscribeOptions, Subscription } from 'amqp-messenger';
import { described, symbol, ulong } from 'amqp-messenger';
import { describe, expect, it } from 'vitest';
import { createMessenger } from '../support/messengers.js';
import { ScriptedPeer } from '../support/scripted-peer.js';
import type { Fields } from '../support/wire-frames.js';
import type { Wire, WireLink } from '../support/wire.js';

const SELECTOR = 'apache.org:selector-filter:string';

/** A subscription on these terms, which a peer answers with this source. */
async function answered(
  terms: SubscribeOptions,
  source: ((asked: Fields) => unknown) | undefined,
): Promise<{ wire: Wire; link: WireLink; subscription: Subscription; asked: Fields }> {
  const peer = await ScriptedPeer.listen();
  const messenger = createMessenger();
  const subscription = messenger.subscribe(peer.address('q'), terms);
  const wire = await peer.accept();
  await wire.answerOpen();
  await wire.answerBegin();
  const { fields, channel } = await wire.read('attach');
  const asked = fields['source'] as Fields;
  const { name } = fields;
  const answer = { name, handle: 0, role: false, initial_delivery_count: 0, target: fields['target'] };
  wire.send('attach', source === undefined ? answer : { ...answer, source: source(asked) }, channel);
  return {
    wire,
    link: { handle: 0, channel, attach: { name: 'attach', channel, fields, payload: Buffer.alloc(0) } },
    subscription,
    asked,
  };
}

describe('a selector', () => {
  it('is sent as the filter that brokers know, and is in effect when they confirm it', async () => {
    const { subscription, asked } = await answered({ selector: "colour = 'red'" }, (source) => source);
    const { descriptor, value } = (asked['filter'] as Record<string, { descriptor: unknown; value: unknown }>)[
      SELECTOR
    ]!;
    expect([Number(descriptor), value]).toEqual([0x468c_0000_0004, "colour = 'red'"]);
    await subscription.ready();
  });

  it.each<[string, ((asked: Fields) => unknown) | undefined]>([
    ['leaves out', ({ address }) => ({ address })],
    ['answers with other filters than', ({ address }) => ({ address, filter: { other: 'a' } })],
    ['answers with no source to', undefined],
  ])('that a peer %s fails the subscription, since it would deliver everything', async (_title, source) => {
    const { subscription, wire } = await answered({ selector: 'a = 1' }, source);
    await expect(subscription.ready()).rejects.toMatchObject({
      code: 'ERR_LINK',
      condition: 'amqp:not-implemented',
      message: expect.stringContaining('selector') as string,
    });
    expect((await wire.read('detach')).fields).toMatchObject({ closed: true });
    expect(wire.unread.map(({ name }) => name)).not.toContain('flow');
  });

  it('stands beside other filters, each as exactly the type it was given', async () => {
    const filters = { 'no-local': described(symbol('apache.org:no-local-filter:list'), []), level: ulong(5) };
    const { subscription, asked } = await answered({ selector: 'a = 1', filters }, (source) => source);
    expect(Object.keys(asked['filter'] as object).sort()).toEqual([SELECTOR, 'level', 'no-local'].sort());
    await subscription.ready();
  });
});

describe('browsing', () => {
  it('is what a subscription does when the peer agrees', async () => {
    const { subscription, asked } = await answered({ distributionMode: 'copy' }, (source) => source);
    expect(asked).toMatchObject({ distribution_mode: 'copy' });
    await subscription.ready();
  });

  it.each<[string, ((asked: Fields) => unknown) | undefined]>([
    ['does not answer it', ({ address }) => ({ address })],
    ['would hand the messages out', ({ address }) => ({ address, distribution_mode: 'move' })],
    ['answers without a source', undefined],
  ])('fails with a peer that %s: messages would be gone', async (_title, source) => {
    const { subscription, wire } = await answered({ distributionMode: 'copy' }, source);
    await expect(subscription.ready()).rejects.toMatchObject({
      code: 'ERR_LINK',
      message: expect.stringContaining('browse') as string,
    });
    await wire.read('detach');
    expect(wire.unread.map(({ name }) => name)).not.toContain('flow');
  });
});

describe('a subscription without terms', () => {
  it.each([undefined, () => ({})])('holds with a peer that tells nothing of its source', async (source) => {
    const { subscription } = await answered({}, source);
    expect((await subscription.ready()).address).toBeUndefined();
  });
});
