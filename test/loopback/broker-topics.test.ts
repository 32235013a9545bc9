import type { Messenger, MessengerOptions, SubscribeOptions, Subscription } from 'amqp-messenger';
import { describe, expect, it, vi } from 'vitest';
import { createTrackingMessenger, receive, startBroker } from '../support/messengers.js';
import { Wire } from '../support/wire.js';

/** A messenger that has subscribed. */
async function subscribe(
  address: string,
  options: SubscribeOptions = {},
  messengerOptions: MessengerOptions = {},
): Promise<{ messenger: Messenger; subscription: Subscription }> {
  const messenger = createTrackingMessenger(messengerOptions);
  const subscription = await messenger.subscribe(address, options).ready();
  return { messenger, subscription };
}

async function publish(address: string, ...bodies: (string | number)[]): Promise<void> {
  const messenger = createTrackingMessenger();
  const trackers = bodies.map((body) => messenger.put({ address, body }));
  await messenger.send();
  expect(new Set(trackers.map(({ status }) => status))).toEqual(new Set(['accepted']));
  await messenger.close();
}

async function bodies(messenger: Messenger, count: number): Promise<unknown[]> {
  return (await receive(messenger, count)).map((delivery) => {
    delivery.accept();
    return delivery.message.body;
  });
}

describe('a topic of the embedded broker', () => {
  it('gives every subscription each message that is published while it is there', async () => {
    const broker = await startBroker();
    const address = `${broker.url}/topic/prices`;
    await publish(address, 'before');
    const first = await subscribe(address);
    await publish(address, 1);
    const second = await subscribe(address);
    await publish(address, 2, 3);
    expect(await bodies(first.messenger, 3)).toEqual([1, 2, 3]);
    expect(await bodies(second.messenger, 2)).toEqual([2, 3]);
    expect(broker.topic('topic/prices')).toMatchObject({ received: 4, subscriptions: [{}, {}] });
    await first.messenger.close();
    await vi.waitFor(() => expect(broker.topic('topic/prices').subscriptions).toHaveLength(1));
  });

  it('is made for a client that asks for it with a capability, at any address', async () => {
    const broker = await startBroker();
    const { messenger } = await subscribe(`${broker.url}/news`, { capabilities: ['topic'] });
    await publish(`${broker.url}/news`, 'x');
    expect(await bodies(messenger, 1)).toEqual(['x']);
    const refused = createTrackingMessenger().subscribe(`${broker.url}/news`, { capabilities: ['queue'] });
    await expect(refused.ready()).rejects.toMatchObject({ code: 'ERR_LINK', condition: 'amqp:not-allowed' });
  });

  it('shares a subscription among all links of its name, in one container or in any', async () => {
    const broker = await startBroker();
    const address = `${broker.url}/topic/work`;
    const [first, second, alone] = [
      await subscribe(address, { name: 'crew', shared: 'global' }, { name: 'one' }),
      await subscribe(address, { name: 'crew', shared: 'global' }, { name: 'two' }),
      await subscribe(address, { name: 'other', shared: true }, { name: 'three' }),
    ];
    expect(broker.topic('topic/work').subscriptions).toMatchObject([
      { name: 'crew', shared: true, container: undefined, consumers: 2 },
      { shared: true, container: 'three', consumers: 1 },
    ]);
    for (const { messenger } of [first, second, alone]) void messenger.recv(10).catch(() => undefined);
    await vi.waitFor(() => expect(first.messenger.receiving + second.messenger.receiving).toBe(20));
    await publish(address, 1, 2, 3, 4);
    expect(await bodies(alone.messenger, 4)).toEqual([1, 2, 3, 4]);
    await vi.waitFor(() => expect(first.messenger.incoming + second.messenger.incoming).toBe(4));
    expect(first.messenger.incoming).toBe(2);
  });

  it('keeps a durable subscription, and what is published meanwhile, until it is unsubscribed', async () => {
    const broker = await startBroker();
    const address = `${broker.url}/topic/orders`;
    const options = { name: 'audit', durable: true };
    const first = await subscribe(address, options, { name: 'auditor' });
    await first.subscription.close();
    await publish(address, 1);
    await first.messenger.close();
    await publish(address, 2);
    expect(broker.topic('topic/orders').subscriptions).toMatchObject([{ depth: 2, consumers: 0, lasting: true }]);

    // Another container has another subscription, though it has the same name.
    const other = await subscribe(address, options, { name: 'stranger' });
    const again = await subscribe(address, options, { name: 'auditor' });
    expect(await bodies(again.messenger, 2)).toEqual([1, 2]);
    await again.subscription.unsubscribe();
    await vi.waitFor(() => expect(broker.topic('topic/orders').subscriptions).toHaveLength(1));
    await other.messenger.close();
    expect(broker.topic('topic/orders').subscriptions).toMatchObject([{ container: 'stranger' }]);
  });

  it.each([
    ['of a container', [], 'audit'],
    ['that a container shares', ['shared'], 'audit|volatile2'],
    ['that all share', ['shared', 'global'], 'audit|global'],
  ])(
    'ends a durable subscription %s when a link of its name, without a source, is closed',
    async (_whose, sharing, name) => {
      const broker = await startBroker();
      const wire = await Wire.dial(broker.port);
      await wire.begin();
      const source = {
        address: 'topic/orders',
        durable: 2,
        expiry_policy: 'never',
        capabilities: ['topic', ...sharing],
      };
      const first = await wire.attach('receiver', '', { name, source });
      wire.send('detach', { handle: first.handle });
      await wire.read('detach');
      const subscriptions = (): readonly object[] => broker.topic('topic/orders').subscriptions;
      expect(subscriptions()).toHaveLength(1);
      // Another container does not reach what is not for all.
      const stranger = await Wire.dial(broker.port, { container_id: 'stranger' });
      await stranger.begin();
      if (!sharing.includes('global')) {
        await stranger.attach('receiver', '', { name, source: null });
        expect((await stranger.read('detach')).fields).toMatchObject({ error: { condition: 'amqp:not-found' } });
      }
      const again = await wire.attach('receiver', '', { name, source: null });
      expect(again.attach.fields['source']).toMatchObject({
        address: 'topic/orders',
        durable: 2,
        expiry_policy: 'never',
      });
      wire.send('detach', { handle: again.handle, closed: true });
      await wire.read('detach');
      expect(subscriptions()).toEqual([]);
      await wire.attach('receiver', '', { name, source: null });
      expect((await wire.read('detach')).fields).toMatchObject({ error: { condition: 'amqp:not-found' } });
    },
  );

  it('gives back what a durable subscriber had and did not settle', async () => {
    const broker = await startBroker();
    const address = `${broker.url}/topic/orders`;
    const options = { name: 'audit', durable: true };
    const first = await subscribe(address, options, { name: 'auditor' });
    await publish(address, 1, 2);
    await receive(first.messenger, 2);
    await first.messenger.close();
    const again = await subscribe(address, options, { name: 'auditor' });
    const [delivery] = await receive(again.messenger, 2);
    expect(delivery!.message).toMatchObject({ body: 1, firstAcquirer: false });
  });

  it('hands a durable subscription over to its client that has come back', async () => {
    const broker = await startBroker();
    const address = `${broker.url}/topic/orders`;
    const options = { name: 'audit', durable: true };
    const first = await subscribe(address, options, { name: 'auditor' });
    const stolen = new Promise((resolve) => first.messenger.on('error', resolve));
    const again = await subscribe(address, options, { name: 'auditor' });
    expect(await stolen).toMatchObject({ condition: 'amqp:link:stolen' });
    await publish(address, 'x');
    expect(await bodies(again.messenger, 1)).toEqual(['x']);
    expect(broker.topic('topic/orders').subscriptions).toMatchObject([{ consumers: 1 }]);
  });

  it('keeps a subscription for as long as it was asked to', async () => {
    const broker = await startBroker();
    const address = `${broker.url}/topic/orders`;
    const { subscription } = await subscribe(address, { name: 'brief', ttl: 1000 });
    await subscription.close();
    expect(broker.topic('topic/orders').subscriptions).toMatchObject([{ consumers: 0 }]);
    await vi.waitFor(() => expect(broker.topic('topic/orders').subscriptions).toEqual([]), { timeout: 5000 });
  });

  it('drops the oldest for a subscriber that does not read, and stops nobody', async () => {
    const broker = await startBroker({ maxMessages: 10 });
    const address = `${broker.url}/topic/flood`;
    const slow = await subscribe(address);
    await publish(address, ...Array.from({ length: 25 }, (_, number) => number));
    expect(broker.queue('dead-letter').depth).toBe(10);
    expect(await bodies(slow.messenger, 10)).toEqual(Array.from({ length: 10 }, (_, number) => number + 15));
  });

  it('is deleted with its subscriptions, whose links are closed', async () => {
    const broker = await startBroker();
    const { messenger } = await subscribe(`${broker.url}/topic/gone`);
    const closed = new Promise((resolve) => messenger.on('error', resolve));
    expect(broker.delete('topic/gone')).toBe(true);
    expect(broker.delete('topic/gone')).toBe(false);
    expect(await closed).toMatchObject({ condition: 'amqp:resource-deleted' });
  });
});
