import type { EmbeddedBroker, EmbeddedBrokerOptions } from 'amqp-messenger/broker';
import { describe, expect, it, vi } from 'vitest';
import { createTrackingMessenger, receive, startBroker } from '../support/messengers.js';
import { encodeFrame, payload, rawFrame, state, uint32 } from '../support/wire-frames.js';
import { Wire } from '../support/wire.js';
import type { WireLink } from '../support/wire.js';

/** A broker, and a scripted client with a session. */
async function attacked(options: EmbeddedBrokerOptions = {}): Promise<{ broker: EmbeddedBroker; wire: Wire }> {
  const broker = await startBroker(options);
  const wire = await Wire.dial(broker.port);
  await wire.begin();
  return { broker, wire };
}

/** Checks that somebody else is served still. */
async function stillServes(broker: EmbeddedBroker): Promise<void> {
  const messenger = createTrackingMessenger();
  messenger.put({ address: `${broker.url}/others`, body: 'here' });
  messenger.subscribe(`${broker.url}/others`);
  const [delivery] = await receive(messenger, 1);
  expect(delivery!.message.body).toBe('here');
  delivery!.accept();
  await messenger.close();
}

async function producer(wire: Wire, node = 'q'): Promise<WireLink> {
  const link = await wire.attach('sender', node);
  await wire.read('flow');
  return link;
}

describe('a client of the embedded broker is cut off, and only it, when it', () => {
  it.each<[string, (wire: Wire) => void]>([
    ['sends a frame that is too large', (wire) => wire.write(uint32(0x7fff_ffff))],
    ['sends what is no AMQP', (wire) => wire.write(rawFrame([0x00, 0x53, 0x12, 0xc1, 0xff]))],
    [
      'begins more sessions than it may',
      (wire) => wire.send('begin', { next_outgoing_id: 0, incoming_window: 1, outgoing_window: 1 }, 9),
    ],
    [
      'attaches a link twice',
      (wire) => {
        const attach = { name: 'twice', handle: 5, role: false, target: { address: 'q' }, initial_delivery_count: 0 };
        wire.write(encodeFrame('attach', attach), encodeFrame('attach', { ...attach, handle: 6 }));
      },
    ],
    [
      'sends on a link that is not there',
      (wire) => wire.transfer({ channel: 0, handle: 77 } as WireLink, 0, payload('x')),
    ],
  ])('%s', async (_what, attack) => {
    const { broker, wire } = await attacked({ maxSessions: 2 });
    attack(wire);
    await wire.read('close');
    await wire.closed;
    await stillServes(broker);
  });

  it('sends without credit', async () => {
    const { broker, wire } = await attacked();
    const link = await producer(wire);
    broker.inject({ delay: 1e6 }); // the broker takes nothing, and gives no new credit
    for (let id = 0; id < 3000; id++) wire.transfer(link, id, payload('x'));
    await wire.read('close');
    await stillServes(await startBroker());
  });
});

describe('a client of the embedded broker', () => {
  it('has an invalid message rejected', async () => {
    const { broker, wire } = await attacked();
    const link = await producer(wire);
    const messages = [
      Buffer.from('no message'),
      Buffer.from([0x00, 0x53, 0x99, 0x45]),
      Buffer.concat([payload('x'), Buffer.from([0x00, 0x53, 0x70, 0x45])]),
      Buffer.from([0x00, 0x53, 0x70, 0xc0, 0x04, 0x03, 0x41, 0x41, 0x41]),
    ];
    messages.forEach((message, id) => wire.transfer(link, id, message));
    wire.transfer(link, messages.length, payload('good'));
    const outcomes: string[] = [];
    while (outcomes.length <= messages.length) {
      const {
        first,
        last = first,
        state: outcome,
      } = (await wire.read('disposition')).fields as {
        first: number;
        last?: number;
        state: { type: string; error?: { condition: string } };
      };
      for (let id = first; id <= last; id++) outcomes.push(outcome.error?.condition ?? outcome.type);
    }
    expect(outcomes).toEqual([...messages.map(() => 'amqp:decode-error'), 'accepted']);
    expect(broker.queue('q').depth).toBe(1);
    wire.transfer(link, messages.length + 1, Buffer.from('settled rubbish'), { settled: true });
    await stillServes(broker);
    expect(broker.queue('q').depth).toBe(1);
  });

  it('may send a message without any section', async () => {
    const { broker, wire } = await attacked();
    const link = await producer(wire);
    wire.transfer(link, 0, Buffer.alloc(0));
    await wire.read('disposition');
    const messenger = createTrackingMessenger();
    messenger.subscribe(`${broker.url}/q`);
    const [delivery] = await receive(messenger, 1);
    expect(delivery!.message.body).toBeNull();
  });

  it('holds no more than its credit when it does not read, and the rest goes to others', async () => {
    const { broker, wire } = await attacked();
    const slow = await wire.attach('receiver', 'q');
    wire.grant(slow, 10);
    await vi.waitFor(() => expect(broker.queue('q').consumers).toBe(1));
    wire.socket.pause();
    const messenger = createTrackingMessenger();
    for (let body = 0; body < 1000; body++) messenger.put({ address: `${broker.url}/q`, body });
    await messenger.send();
    messenger.subscribe(`${broker.url}/q`);
    for (const delivery of await receive(messenger, 990)) delivery.accept();
    await vi.waitFor(() => expect(broker.queue('q')).toMatchObject({ accepted: 990, outstanding: 10 }));
    wire.destroy();
    expect((await receive(messenger, 10)).map(({ message }) => message.body)).toHaveLength(10);
  });

  it('gives back what it had when it vanishes, in order and once, part of a message included', async () => {
    const { broker, wire } = await attacked();
    const messenger = createTrackingMessenger();
    messenger.put({ address: `${broker.url}/q`, body: Buffer.alloc(3_000_000, 1) });
    for (let body = 1; body < 20; body++) messenger.put({ address: `${broker.url}/q`, body });
    await messenger.send();
    const link = await wire.attach('receiver', 'q');
    wire.grant(link, 10);
    await wire.readAll('transfer', 2);
    wire.destroy();
    await vi.waitFor(() => expect(broker.queue('q')).toMatchObject({ depth: 20, outstanding: 0, consumers: 0 }));
    messenger.subscribe(`${broker.url}/q`);
    const bodies = (await receive(messenger, 20)).map(({ message }) => message.body);
    expect(bodies.slice(1)).toEqual(Array.from({ length: 19 }, (_, index) => index + 1));
  });

  it('may settle any ids repeatedly: only its own deliveries are affected', async () => {
    const { broker, wire } = await attacked();
    const messenger = createTrackingMessenger();
    for (let body = 0; body < 5; body++) messenger.put({ address: `${broker.url}/q`, body });
    await messenger.send();
    const link = await wire.attach('receiver', 'q');
    wire.grant(link, 2);
    await wire.readAll('transfer', 2);
    for (const last of [0xffff_ffff, 1, 0xffff_ffff]) {
      wire.send('disposition', { role: true, first: 0, last, settled: true, state: state('accepted') });
    }
    await vi.waitFor(() => expect(broker.queue('q')).toMatchObject({ accepted: 2, outstanding: 0, depth: 3 }));
    await stillServes(broker);
  });

  it('cannot fill the broker with nodes, nor with connections', async () => {
    const { broker, wire } = await attacked({ maxNodes: 3, maxConnections: 2 });
    for (let number = 0; number < 3; number++) await wire.attach('sender', `q${number}`);
    await wire.attach('sender', 'one-more');
    expect((await wire.read('detach')).fields).toMatchObject({ error: { condition: 'amqp:resource-limit-exceeded' } });
    const second = await Wire.dial(broker.port);
    const third = await Wire.connect(broker.port);
    await third.closed;
    second.destroy();
  });

  it('cannot fill it with subscriptions that last, nor with links that are refused', async () => {
    const { broker, wire } = await attacked({ maxNodes: 2, maxLinks: 10 });
    const source = { address: 'topic/t', expiry_policy: 'never' };
    for (let number = 0; number < 2; number++) {
      const { handle } = await wire.attach('receiver', '', { source });
      wire.send('detach', { handle, closed: false });
      await wire.read('detach');
    }
    await wire.attach('receiver', '', { source });
    expect((await wire.read('detach')).fields).toMatchObject({ error: { condition: 'amqp:resource-limit-exceeded' } });
    expect(broker.topic('topic/t').subscriptions).toHaveLength(2);
    for (let number = 0; number < 130; number++) {
      wire.send('attach', { name: `refused-${number}`, handle: 100 + number, role: true, source: null });
    }
    expect((await wire.read('close')).fields).toMatchObject({ error: { condition: 'amqp:resource-limit-exceeded' } });
  });

  it('may be refused any number of times if it detaches each time', async () => {
    const { broker, wire } = await attacked({ maxLinks: 2 });
    for (let number = 0; number < 200; number++) {
      const { handle } = await wire.attach('receiver', '', { source: null });
      wire.send('detach', { handle, closed: true });
      await wire.read('detach');
    }
    await wire.attach('sender', 'q');
    await stillServes(broker);
  });

  it('may end sessions with links any number of times', async () => {
    const { broker, wire } = await attacked({ maxLinks: 2 });
    for (let number = 0; number < 200; number++) {
      await wire.begin({}, 1);
      await wire.attach('sender', 'q', {}, 1);
      wire.send('end', {}, 1);
      await wire.read('end');
    }
    await stillServes(broker);
  });

  it('that falls silent is disconnected, and its messages are queued again', async () => {
    const { broker, wire } = await attacked({ idleTimeout: 50 });
    await wire.attach('receiver', 'q');
    expect((await wire.read('close')).fields).toMatchObject({ error: { condition: 'amqp:resource-limit-exceeded' } });
    await wire.closed;
    await vi.waitFor(() => expect(broker.queue('q').consumers).toBe(0));
  });
});
