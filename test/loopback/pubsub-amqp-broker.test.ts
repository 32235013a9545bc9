import { Messenger } from 'amqp-messenger';
import type { EmbeddedBroker } from 'amqp-messenger/broker';
import {
  AmqpBroker,
  HandlerError,
  InvalidMessageError,
  PoisonMessageError,
  TopologyError,
  defineMessage,
  embedded,
  rabbitmq4,
} from 'amqp-messenger/pubsub';
import type { AmqpBrokerOptions, AmqpPeer, DeadLetter, PubSubError } from 'amqp-messenger/pubsub';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { z } from 'zod';
import { startBroker } from '../support/messengers.js';

const Order = defineMessage('order', z.object({ id: z.number().positive(), currency: z.string().default('EUR') }));
const order = (id: number): InstanceType<typeof Order> => new Order({ id, currency: 'EUR' });

function connect(peer: EmbeddedBroker, options: Partial<AmqpBrokerOptions> = {}): AmqpBroker {
  const broker = new AmqpBroker({ url: peer.url, peer: 'embedded', ...options });
  onTestFinished(() => broker.close());
  return broker;
}

/** Everything that a broker tells. */
function listen(broker: AmqpBroker): { errors: PubSubError[]; dead: DeadLetter[] } {
  const told: { errors: PubSubError[]; dead: DeadLetter[] } = { errors: [], dead: [] };
  broker.on('error', (error) => told.errors.push(error));
  broker.on('dead', (letter) => told.dead.push(letter));
  return told;
}

/** Sends something to the topic of orders that no broker of pub/sub would. */
async function sendRaw(peer: EmbeddedBroker, message: object): Promise<void> {
  await using messenger = new Messenger({ outgoingWindow: 1 });
  messenger.put({ address: `${peer.url}/topic/order`, ...message });
  await messenger.send();
}

describe('AmqpBroker', () => {
  it.each<[string, object, string]>([
    ['is not what the schema lets pass', { body: Buffer.from('{"id":-1}') }, 'id: '],
    ['is not JSON', { body: Buffer.from('{') }, 'cannot be read'],
    ['is not UTF-8', { body: Buffer.from([0x22, 0xff, 0x22]) }, 'cannot be read'],
    ['is not an object', { body: '[1]' }, 'JSON text of an object'],
    ['has no text', { body: 7 }, 'JSON text of an object'],
    ['has another subject', { subject: 'invoice', body: '{"id":1}' }, 'subject invoice'],
  ])('rejects what it receives and %s, tells why, and goes on', async (_what, message, problem) => {
    const peer = await startBroker();
    const broker = connect(peer);
    const told = listen(broker);
    const [direct, queued] = [vi.fn(), vi.fn()];
    await broker.subscribe(Order, direct).ready();
    await broker.subscribeAsync(Order, queued, 'work').ready();
    await sendRaw(peer, { id: 'bad', ...message });
    await sendRaw(peer, { id: 'good', body: '{"id":1}' });
    await expect.poll(() => [direct.mock.calls.length, queued.mock.calls.length]).toEqual([1, 1]);
    expect(direct).toHaveBeenCalledWith(order(1)); // with the default of the schema
    expect(told.errors).toEqual([expect.any(InvalidMessageError), expect.any(InvalidMessageError)]);
    expect(told.errors[0]?.message).toContain(problem);
    expect(told.dead.map(({ reason, messageId }) => [reason, messageId])).toEqual([
      ['rejected', 'bad'],
      ['rejected', 'bad'],
    ]);
    await expect.poll(() => peer.queue('dead-letter').depth).toBeGreaterThan(0);
  });

  it('sends rejected messages, and those that failed too often, to the dead-letter queue of the peer', async () => {
    const peer = await startBroker();
    const broker = connect(peer);
    const told = listen(broker);
    const handler = (): never => {
      throw new RangeError('on purpose');
    };
    await broker.subscribeAsync(Order, handler, 'work', { maxDeliveries: 2, backoff: { delay: 1 } }).ready();
    await broker.publish(order(1));
    await expect.poll(() => peer.queue('dead-letter').depth).toBe(1);
    expect(told.errors).toEqual([expect.any(HandlerError), expect.any(HandlerError)]);
    expect(told.dead).toMatchObject([{ reason: 'failed', deliveryCount: 2, queueName: 'work' }]);
  });

  it('takes a message for dead that was delivered maxDeliveries times, and never decided on', async () => {
    const peer = await startBroker();
    const broker = connect(peer);
    const told = listen(broker);
    const handler = vi.fn();
    await broker.subscribeAsync(Order, handler, 'work', { maxDeliveries: 1 }).ready();
    const other = connect(peer);
    await using crashing = new Messenger({ incomingWindow: -1 });
    await broker.subscriptions[0]?.unsubscribe();
    const options = {
      name: 'order.work',
      durable: true,
      shared: 'global',
      capabilities: ['topic'],
      credit: 1,
    } as const;
    await crashing.subscribe(`${peer.url}/topic/order`, options).ready();
    await other.publish(order(1));
    await expect.poll(() => crashing.incoming).toBe(1);
    crashing.modify(crashing.get()?.tracker, { deliveryFailed: true });
    await crashing.close();
    await broker.subscribeAsync(Order, handler, 'work', { maxDeliveries: 1 }).ready();
    await expect.poll(() => told.dead).toMatchObject([{ reason: 'failed', message: { id: 1 } }]);
    expect(told.errors).toEqual([expect.any(PoisonMessageError)]);
    expect(handler).not.toHaveBeenCalled();
  });

  it('reports that the peer knows no selectors, and sends the properties that others can select by', async () => {
    const peer = await startBroker();
    const broker = connect(peer, { properties: () => ({ region: 'eu' }) });
    await expect(broker.subscribe(Order, vi.fn(), { selector: "region = 'eu'" }).ready()).rejects.toThrow('selector');
    await using messenger = new Messenger();
    await messenger.subscribe(`${peer.url}/topic/order`, { capabilities: ['topic'] }).ready();
    await broker.publish(order(1));
    await messenger.recv(1);
    expect(messenger.get()?.message).toMatchObject({ properties: { region: 'eu' }, subject: 'order', durable: true });
  });

  it('goes on with one subscription of a queue name when another of the process ends', async () => {
    const peer = await startBroker();
    const broker = connect(peer);
    const [first, second] = [vi.fn(), vi.fn()];
    const subscription = await broker.subscribeAsync(Order, first, 'work').ready();
    await broker.subscribeAsync(Order, second, 'work').ready();
    await subscription.unsubscribe();
    await broker.publish(order(1));
    await expect.poll(() => second.mock.calls.length).toBe(1);
    expect(first).not.toHaveBeenCalled();
  });

  it('lets a subscription take the queue of one that has ended, whose handler still runs', async () => {
    const peer = await startBroker();
    const broker = connect(peer);
    const seen: string[] = [];
    let finish = (): void => undefined;
    const first = await broker
      .subscribeAsync(
        Order,
        async ({ id }) => {
          seen.push(`first ${id}`);
          await new Promise<void>((resolve) => (finish = resolve));
        },
        'work',
      )
      .ready();
    await broker.publish(order(1));
    await expect.poll(() => seen).toEqual(['first 1']);
    const ended = first.unsubscribe();
    await broker.subscribeAsync(Order, ({ id }) => void seen.push(`second ${id}`), 'work').ready();
    finish();
    await ended;
    await broker.publish(order(2));
    await expect.poll(() => seen).toEqual(['first 1', 'second 2']);
  });

  it('lets the next attempt use the queue of a subscription that failed to begin', async () => {
    const peer = await startBroker();
    const broker = connect(peer);
    await peer.stop();
    const failed = broker.subscribeAsync(Order, vi.fn(), 'work');
    await expect(failed.ready()).rejects.toThrow('nothing listens there');
    await peer.start();
    const handler = vi.fn();
    const subscription = await broker.subscribeAsync(Order, handler, 'work').ready();
    expect([failed.state, subscription.queueName]).toEqual(['failed', 'work']);
    await failed.unsubscribe();
    await broker.publish(order(1));
    await expect.poll(() => handler.mock.calls.length).toBe(1);
    expect((await broker.subscribeAsync(Order, vi.fn(), 'work').ready()).queueName).toBe('work~2');
  });

  it('opens a subscription again that the peer has ended, and declares its queue again', async () => {
    const peer = await startBroker();
    let made = 0;
    const ways: AmqpPeer = {
      ...embedded(),
      direct: (name) => {
        const prepare = (): Promise<void> => {
          made++;
          return Promise.resolve();
        };
        return { ...embedded().direct(name, undefined), prepare };
      },
    };
    const broker = connect(peer, { peer: ways });
    const told = listen(broker);
    const handler = vi.fn();
    await broker.subscribe(Order, handler).ready();
    peer.delete('topic/order');
    await expect.poll(() => made, { timeout: 10_000 }).toBe(2);
    await expect
      .poll(
        async () => {
          await broker.publish(order(1)).catch(() => undefined); // the way out may have been closed, too
          return handler.mock.calls.length;
        },
        { timeout: 10_000 },
      )
      .toBeGreaterThan(0);
    expect(told.errors[0]?.message).toContain('Nothing comes from topic/order any more');
  });

  it('loses no message of a queue when the peer is gone for a while', async () => {
    const peer = await startBroker();
    const broker = connect(peer, { connection: { reconnect: { delay: 1, maxDelay: 20 } } });
    const seen = new Set<number>();
    await broker.subscribeAsync(Order, ({ id }) => void seen.add(id), 'work', { concurrency: 5 }).ready();
    await broker.publish(order(1));
    await peer.stop();
    const published = Promise.all([2, 3, 4].map((id) => broker.publish(order(id))));
    await peer.start();
    await published;
    await expect.poll(() => [...seen].sort()).toEqual([1, 2, 3, 4]);
  });

  it('reports its health and the changes of its connection', async () => {
    const peer = await startBroker();
    const broker = connect(peer, { connection: { reconnect: { delay: 1, maxDelay: 20 } } });
    const changes: string[] = [];
    broker.on('connection', ({ to, host }) => changes.push(`${host} ${to}`));
    const before = broker.health();
    expect(before).toEqual({ status: 'up', reason: undefined, since: expect.any(Date) as Date });
    expect(broker.stats()).toMatchObject({ publishing: 0, subscriptions: { opening: 0, open: 0, failed: 0 } });
    const opening = broker.subscribe(Order, vi.fn()).ready();
    expect(broker.stats().subscriptions).toEqual({ opening: 1, open: 0, failed: 0 });
    await opening;
    expect(broker.health()).toMatchObject({ status: 'up', reason: undefined });
    await peer.stop();
    await expect.poll(() => broker.health().status).toBe('down');
    expect(broker.health().reason).toMatch(/^The connection to 127\.0\.0\.1:\d+ is reconnecting\. /);
    expect(broker.health().since.getTime()).toBeGreaterThanOrEqual(before.since.getTime());
    const published = broker.publish(order(1));
    expect(broker.stats().publishing).toBe(1);
    await peer.start();
    await published;
    await expect.poll(() => broker.health().status).toBe('up');
    const host = new URL(peer.url).host;
    expect(changes.slice(0, 3)).toEqual([`${host} connecting`, `${host} open`, `${host} reconnecting`]);
    expect(broker.stats().messenger.outgoing.ended.accepted).toBe(1);
    await broker.close();
    expect(broker.health()).toMatchObject({ status: 'down', reason: 'The broker is closed.' });
  });

  it('is degraded while a subscription is down', async () => {
    const peer = await startBroker();
    const broker = connect(peer);
    await broker.publish(order(1));
    const selected = broker.subscribe(Order, vi.fn(), { selector: 'id = 1' });
    await expect(selected.ready()).rejects.toThrow('selector');
    expect(broker.health()).toMatchObject({
      status: 'degraded',
      reason: expect.stringContaining('selector') as string,
    });
    expect(broker.stats().subscriptions).toEqual({ opening: 0, open: 0, failed: 1 });
    await selected.unsubscribe();
    expect(broker.health()).toMatchObject({ status: 'up', reason: undefined });
    await broker.subscribe(Order, vi.fn()).ready();
    peer.delete('topic/order');
    await expect
      .poll(() => broker.health())
      .toMatchObject({
        status: 'degraded',
        reason: expect.stringContaining('Nothing comes from topic/order any more') as string,
      });
    await expect.poll(() => broker.health().status, { timeout: 10_000 }).toBe('up');
  });

  it('rejects publish and subscribe when the peer is not there', async () => {
    const peer = await startBroker();
    const { url } = peer;
    await peer.stop();
    await using broker = new AmqpBroker({ url: url.replace('amqp://', 'amqp://user:secret@'), peer: 'embedded' });
    const told = listen(broker);
    const subscription = broker.subscribe(Order, vi.fn());
    await expect(subscription.ready()).rejects.toThrow('nothing listens there');
    expect([subscription.state, subscription.error?.message]).toEqual(['failed', expect.stringContaining('listens')]);
    expect(told.errors[0]?.message).toContain('Subscription order#1 cannot begin');
    const error: unknown = await broker.publish(order(1)).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'ERR_PUBSUB' });
    expect(String(error)).toContain('has not taken "order": aborted');
    expect(String(error)).not.toContain('secret');
  });

  it('can be closed while the peer is gone, and reports the queues that it could not delete', async () => {
    const peer = await startBroker();
    const ways: AmqpPeer = {
      ...embedded(),
      direct: (name) => ({
        ...embedded().direct(name, undefined),
        remove: () => Promise.reject(new TopologyError('nobody is there')),
      }),
    };
    const broker = connect(peer, { peer: ways });
    const told = listen(broker);
    await broker.subscribe(Order, vi.fn()).ready();
    await broker.subscribeAsync(Order, vi.fn(), 'work').ready();
    await peer.stop();
    await broker.close();
    expect(told.errors).toContainEqual(new TopologyError('nobody is there'));
  });

  it('can be closed while it is still trying to reach the peer', async () => {
    const peer = await startBroker();
    const broker = connect(peer, { connection: { reconnect: { initial: true, delay: 1000 } } });
    await peer.stop();
    const subscription = broker.subscribe(Order, vi.fn());
    const published = broker.publish(order(1));
    await broker.close({ drain: false });
    await expect(subscription.ready()).rejects.toThrow();
    await expect(published).rejects.toThrow();
  });

  it('rejects with what the management node of a peer refuses', async () => {
    const peer = await startBroker();
    const broker = connect(peer, { peer: rabbitmq4(), connection: { connectTimeout: 500 } });
    await expect(broker.subscribeAsync(Order, vi.fn(), 'work').ready()).rejects.toThrow(TopologyError);
    const unmanaged = connect(peer, { peer: { ...rabbitmq4(), managementNode: undefined } });
    await expect(unmanaged.subscribeAsync(Order, vi.fn(), 'work').ready()).rejects.toThrow('no management node');
  });

  it('waits for running handlers when it is closed, and releases the other messages', async () => {
    const peer = await startBroker();
    const broker = connect(peer);
    const other = connect(peer);
    const events: unknown[] = [];
    let began = (): void => undefined;
    const beginning = new Promise<void>((resolve) => (began = resolve));
    await broker
      .subscribeAsync(
        Order,
        async ({ id }, { signal }) => {
          events.push(`${id} begins`);
          began();
          await new Promise((resolve) => signal.addEventListener('abort', resolve));
          events.push(`${id} ends`);
        },
        'work',
      )
      .ready();
    for (const id of [1, 2]) await other.publish(order(id));
    await beginning;
    await broker.close();
    expect(events).toEqual(['1 begins', '1 ends']);
    await other.subscribeAsync(Order, ({ id }) => void events.push(id), 'work').ready();
    await expect.poll(() => events).toEqual(['1 begins', '1 ends', 2]);
  });

  it('delivers nothing twice, and keeps the order, for one handler at a time', async () => {
    const peer = await startBroker();
    const broker = connect(peer);
    const seen: number[] = [];
    await broker.subscribeAsync(Order, ({ id }) => void seen.push(id), 'work').ready();
    const all = Array.from({ length: 500 }, (_, index) => index + 1);
    await Promise.all(all.map((id) => broker.publish(order(id))));
    await expect.poll(() => seen.length, { timeout: 15_000 }).toBe(500);
    expect(seen).toEqual(all);
  });
});
