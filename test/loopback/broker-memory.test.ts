import { once } from 'node:events';
import type { EmbeddedBroker } from 'amqp-messenger/broker';
import rhea from 'rhea';
import type { Connection, Receiver } from 'rhea';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createTrackingMessenger, receive, startBroker } from '../support/messengers.js';
import { memoryInUse } from '../support/memory.js';
import { payload } from '../support/wire-frames.js';
import { Wire } from '../support/wire.js';

/** A scripted client with a session. */
async function client(broker: EmbeddedBroker): Promise<Wire> {
  const wire = await Wire.dial(broker.port);
  await wire.begin();
  return wire;
}

/** Sends messages one after the other. Returns what became of each. */
async function send(address: string, ...bodies: unknown[]): Promise<string[]> {
  const messenger = createTrackingMessenger();
  const trackers = bodies.map((body) => messenger.put({ address, body: body as string }));
  await messenger.send();
  const outcomes = trackers.map(({ status, error }) => (error === undefined ? status : `${status}: ${error.message}`));
  await messenger.close();
  return outcomes;
}

/** rhea, connected with frames as small as they may be. */
async function connectRhea(broker: EmbeddedBroker, options: object = {}): Promise<Connection> {
  const container = rhea.create_container();
  const connection = container.connect({ port: broker.port, host: '127.0.0.1', reconnect: false, ...options });
  onTestFinished(() => connection.close());
  await once(connection, 'connection_open');
  return connection;
}

/** A subscription of rhea that has no credit yet. */
async function subscribe(connection: Connection, source: string | object): Promise<Receiver> {
  const receiver = connection.open_receiver({ source, credit_window: 0, autoaccept: false } as object);
  await once(receiver, 'receiver_open');
  return receiver;
}

/** The next message of a subscription, dealt with by `settle`. */
async function next(
  receiver: Receiver,
  settle: (delivery: NonNullable<rhea.EventContext['delivery']>) => void = (delivery) => delivery.accept(),
): Promise<{ body: unknown; delivery_count?: number; ttl?: number; durable?: boolean }> {
  const arrived = once(receiver, 'message') as Promise<[rhea.EventContext]>;
  receiver.add_credit(1);
  const [{ message, delivery }] = await arrived;
  settle(delivery!);
  return { ...message!, body: message!.body as unknown };
}

/** Consumers come to the queue `q`, give credit, and leave: so many, fifty at a time. */
async function comeAndGo(wire: Wire, count: number): Promise<void> {
  for (let gone = 0; gone < count; gone += 50) {
    const links = await Promise.all(Array.from({ length: 50 }, () => wire.attach('receiver', 'q')));
    for (const link of links) wire.grant(link, 10, { echo: true });
    await wire.readAll('flow', 50);
    for (const { handle } of links) wire.send('detach', { handle, closed: true });
    await wire.readAll('detach', 50);
  }
}

describe('the embedded broker keeps nothing in memory', () => {
  it('for consumers that have left a queue without messages', async () => {
    const broker = await startBroker();
    const wire = await client(broker);
    await comeAndGo(wire, 300);
    const before = memoryInUse();
    await comeAndGo(wire, 2000);
    expect((memoryInUse() - before) / 2000).toBeLessThan(1000);
    expect(broker.queue('q').consumers).toBe(0);
  });
});

describe('the subscriptions of a topic', () => {
  it('share one copy of a message', async () => {
    const broker = await startBroker();
    const wire = await client(broker);
    for (let index = 0; index < 100; index++) await wire.attach('receiver', 'topic/t');
    const producer = await wire.attach('sender', 'topic/t');
    await wire.read('flow', ({ fields }) => fields['link_credit'] !== 0);
    const before = memoryInUse();
    const message = payload('x'.repeat(1_000_000));
    wire.transfer(producer, 0, message);
    wire.transfer(producer, 1, message);
    await wire.readAll('disposition', 1);
    await expect.poll(() => broker.topic('topic/t').received).toBe(2);
    expect(memoryInUse() - before).toBeLessThan(6_000_000);
    expect(broker.bytes).toBeLessThan(2_100_000);
    expect(broker.topic('topic/t').subscriptions[99]).toMatchObject({ depth: 2 });
    wire.destroy();
    await expect.poll(() => broker.topic('topic/t').subscriptions).toEqual([]);
    expect(broker.bytes).toBe(0);
  });

  it.each([100, 5000, 200_000])('each get %d bytes with a header of their own, in frames of any size', async (size) => {
    const broker = await startBroker();
    const body = Array.from({ length: size / 10 }, (_, index) => String(index).padStart(10, '.')).join('');
    const small = await connectRhea(broker, { max_frame_size: 512 });
    const large = await connectRhea(broker);
    const [slow, quick] = [await subscribe(small, 'topic/t'), await subscribe(large, 'topic/t')];
    const messenger = createTrackingMessenger();
    const tracker = messenger.put({ address: `${broker.url}/topic/t`, body, ttl: 60_000, durable: true });
    await messenger.send();
    expect(tracker.status).toBe('accepted');
    const fails = { delivery_failed: true, undeliverable_here: false };
    expect(await next(slow, (delivery) => delivery.modified(fails))).toMatchObject({ body, durable: true });
    expect(await next(quick)).toMatchObject({ body, durable: true });
    const again = await next(slow, (delivery) => delivery.modified({ ...fails, message_annotations: { tried: 1 } }));
    expect(again).toMatchObject({ body, durable: true, delivery_count: 1 });
    expect(again.ttl).toBeGreaterThan(0);
    expect(again.ttl).toBeLessThanOrEqual(60_000);
    expect(await next(slow)).toMatchObject({ body, delivery_count: 2, message_annotations: { tried: 1 } });
    await expect.poll(() => broker.bytes).toBe(0);
  });

  it('leave dead letters that are whole', async () => {
    const broker = await startBroker();
    const connection = await connectRhea(broker);
    const receivers = [await subscribe(connection, 'topic/t'), await subscribe(connection, 'topic/t')];
    const body = 'x'.repeat(50_000);
    await send(`${broker.url}/topic/t`, body);
    for (const receiver of receivers) await next(receiver, (delivery) => delivery.reject());
    const dead = await subscribe(connection, 'dead-letter');
    const letter = { body, message_annotations: { 'x-opt-death-queue': 'topic/t' } };
    expect([await next(dead), await next(dead)]).toMatchObject([letter, letter]);
  });
});

describe('the memory of all messages of a broker', () => {
  const full = /^rejected: .*resource-limit-exceeded The broker keeps 100000 bytes of messages.*maxTotalBytes/;

  it('is bounded, whatever queue they are in, and comes back', async () => {
    const broker = await startBroker({ maxTotalBytes: 100_000, overflow: 'drop-head' });
    const body = 'x'.repeat(40_000);
    expect(await send(`${broker.url}/a`, body, 'small')).toEqual(['accepted', 'accepted']);
    expect(await send(`${broker.url}/b`, body, body)).toEqual(['accepted', expect.stringMatching(full)]);
    expect(broker.queue('b')).toMatchObject({ depth: 1, overflowed: 1 });
    const messenger = createTrackingMessenger();
    messenger.subscribe(`${broker.url}/a`);
    for (const delivery of await receive(messenger, 2)) delivery.accept();
    await expect.poll(() => broker.queue('a').bytes).toBe(0);
    expect(await send(`${broker.url}/b`, body)).toEqual(['accepted']);
    broker.delete('b');
    expect(broker.bytes).toBe(0);
  });

  it('counts what the subscriptions of a topic share once, and refuses the publisher', async () => {
    const broker = await startBroker({ maxTotalBytes: 100_000 });
    const wire = await client(broker);
    for (let index = 0; index < 20; index++) await wire.attach('receiver', 'topic/t');
    const body = 'x'.repeat(30_000);
    const outcomes = await send(`${broker.url}/topic/t`, body, body, body, body);
    expect(outcomes).toEqual(['accepted', 'accepted', expect.stringMatching(full), expect.stringMatching(full)]);
    expect(new Set(broker.topic('topic/t').subscriptions.map(({ depth }) => depth))).toEqual(new Set([2]));
    // Many small messages take more memory than their bytes.
    const small = await send(`${broker.url}/topic/t`, ...Array<string>(20).fill('x'));
    expect(small.filter((outcome) => outcome === 'accepted').length).toBeLessThan(8);
  });

  it('closes a link that browses when there is none for it', async () => {
    const broker = await startBroker({ maxTotalBytes: 100_000 });
    await send(`${broker.url}/q`, ...Array<string>(20).fill('x'.repeat(3000)));
    const wire = await client(broker);
    const source = { address: 'q', distribution_mode: 'copy' };
    const link = await wire.attach('receiver', 'q', { source });
    wire.grant(link, 1000);
    const { fields } = await wire.read('detach');
    expect(fields).toMatchObject({ error: { condition: 'amqp:resource-limit-exceeded' } });
    expect(broker.queue('q')).toMatchObject({ depth: 20, browsers: 0 });
    expect(broker.bytes).toBeLessThan(70_000);
  });

  it('is not taken by those who browse large messages', async () => {
    const broker = await startBroker();
    await send(`${broker.url}/q`, 'x'.repeat(500_000));
    const wire = await client(broker);
    for (let index = 0; index < 50; index++) {
      const link = await wire.attach('receiver', 'q', { source: { address: 'q', distribution_mode: 'copy' } });
      wire.grant(link, 1);
    }
    await expect.poll(() => wire.received).toBeGreaterThan(50 * 500_000);
    expect(broker.bytes).toBeLessThan(550_000);
  });

  it('has no room for dead letters beyond that', async () => {
    const broker = await startBroker({ maxTotalBytes: 100_000 });
    const dead: (string | undefined)[] = [];
    broker.on('dead', ({ to }) => dead.push(to));
    const messenger = createTrackingMessenger();
    const wire = await client(broker);
    for (let index = 0; index < 4; index++) await wire.attach('receiver', 'topic/t');
    messenger.put({ address: `${broker.url}/topic/t`, body: 'x'.repeat(40_000), ttl: 50 });
    await messenger.send();
    await expect.poll(() => dead).toHaveLength(4);
    // The first and the last: once that has died, its bytes are no longer shared.
    expect(dead).toEqual(['dead-letter', undefined, undefined, 'dead-letter']);
  });
});
