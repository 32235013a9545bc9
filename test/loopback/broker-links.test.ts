import rhea from 'rhea';
import { describe, expect, it } from 'vitest';
import type { EmbeddedBroker } from 'amqp-messenger/broker';
import { createTrackingMessenger, receive, startBroker } from '../support/messengers.js';
import { attachWithTarget, payload, state } from '../support/wire-frames.js';
import { Wire } from '../support/wire.js';

/** A scripted client with a session. */
async function client(broker: EmbeddedBroker): Promise<Wire> {
  const wire = await Wire.dial(broker.port);
  await wire.begin();
  return wire;
}

describe('an attach is answered by the embedded broker', () => {
  it('with the properties of the node, as far as the client gets what it asked for', async () => {
    const wire = await client(await startBroker({ ignoreFilters: true }));
    const filter = { selector: 'colour = green' };
    const source = {
      address: 'q',
      filter,
      capabilities: ['queue', 'shared', 'flying'],
      distribution_mode: 'copy',
      durable: 2,
    };
    const { attach } = await wire.attach('receiver', 'q', { source, snd_settle_mode: 0, rcv_settle_mode: 1 });
    expect(attach.fields).toMatchObject({
      snd_settle_mode: 0,
      rcv_settle_mode: 1,
      source: { address: 'q', distribution_mode: 'copy', capabilities: ['queue'] },
    });
    const { durable, filter: honoured } = attach.fields['source'] as Record<string, unknown>;
    // A queue outlives every link, so it keeps what it is asked to keep.
    expect([durable, honoured ?? null]).toEqual([2, null]);
    const outcomes = ['accepted', 'rejected', 'released', 'modified'].map((name) => `amqp:${name}:list`);
    expect(attach.fields['source']).toMatchObject({ outcomes });
    const producer = await wire.attach('sender', 'q', { rcv_settle_mode: 1, snd_settle_mode: 1 });
    expect(producer.attach.fields).toMatchObject({ snd_settle_mode: 1, max_message_size: 16 << 20 });
    expect(producer.attach.fields['rcv_settle_mode'] ?? 0).toBe(0);
  });

  it('with the lifetime of a subscription', async () => {
    const wire = await client(await startBroker());
    const ask = async (source: object): Promise<unknown> => {
      const { attach } = await wire.attach('receiver', '', { source: { address: 'topic/t', ...source } });
      return attach.fields['source'];
    };
    expect(await ask({ durable: 2, expiry_policy: 'never' })).toMatchObject({ durable: 2, expiry_policy: 'never' });
    const timed = await ask({ durable: 1, expiry_policy: 'connection-close', timeout: 30 });
    expect(timed).toMatchObject({ durable: 1, expiry_policy: 'link-detach', timeout: 30 });
    expect(await ask({ capabilities: ['topic', 'shared', 'global'] })).toMatchObject({
      distribution_mode: 'move',
      capabilities: ['topic', 'shared', 'global'],
    });
  });

  it('with an error for a transaction coordinator or an unknown kind of target', async () => {
    const wire = await client(await startBroker());
    wire.write(attachWithTarget(0x30));
    expect((await wire.read('attach')).fields['target']).toBeUndefined();
    expect((await wire.read('detach')).fields).toMatchObject({
      closed: true,
      error: { condition: 'amqp:not-implemented' },
    });
    wire.send('detach', { handle: 0, closed: true });
    const other = attachWithTarget(0x77);
    other.write('ty', other.indexOf('tx'));
    wire.write(other);
    expect((await wire.read('detach')).fields).toMatchObject({ error: { condition: 'amqp:not-implemented' } });
  });

  it.each([
    ['receives from nowhere', 'receiver', { source: null }, 'amqp:not-found'],
    ['names no node', 'sender', { target: { address: '' } }, 'amqp:invalid-field'],
    ['names a node that is not there', 'sender', { target: { address: 'unknown' } }, 'amqp:not-found'],
  ] as const)('with an error when a client %s', async (_what, role, fields, condition) => {
    const wire = await client(await startBroker({ createNodes: false }));
    await wire.attach(role, 'x', fields);
    expect((await wire.read('detach')).fields).toMatchObject({ closed: true, error: { condition } });
  });

  it.each([
    ['is asked to manage itself', '$management'],
    ['is given a token for its users', '$cbs'],
  ])('with an error when it %s', async (_what, address) => {
    const broker = await startBroker();
    const wire = await client(broker);
    for (const role of ['sender', 'receiver'] as const) {
      await wire.attach(role, address);
      expect((await wire.read('detach')).fields).toMatchObject({ error: { condition: 'amqp:not-found' } });
    }
    expect(broker.queues).toEqual([]);
    broker.createQueue(address);
    await wire.attach('sender', address);
    await wire.read('flow');
  });

  it.each([
    ['amqp://somewhere.example:5672/orders', 'orders'],
    ['amqps://user@somewhere.example/topic/prices', 'topic/prices'],
    ['http://somewhere.example/orders', 'http://somewhere.example/orders'],
  ])('for the node that the address %s names', async (address, node) => {
    const broker = await startBroker();
    const wire = await client(broker);
    const receiver = await wire.attach('receiver', address);
    expect(receiver.attach.fields['source']).toMatchObject({ address: node });
    const sender = await wire.attach('sender', address);
    expect(sender.attach.fields['target']).toMatchObject({ address: node });
    expect([...broker.queues, ...broker.topics].map(({ name }) => name)).toEqual([node]);
  });

  it.each([
    ['selector', 'apache.org:selector-filter:string'],
    ['no-local', 'apache.org:no-local-filter:list'],
    ['anything', 'example:filter'],
  ])('with an error when it asks for a filter (%s), unless the broker ignores them', async (key, name) => {
    const filter = { [key]: rhea.types.wrap_described("colour = 'red'", rhea.types.wrap_symbol(name) as never) };
    const source = { address: 'q', filter };
    const wire = await client(await startBroker());
    await wire.attach('receiver', 'q', { source });
    expect((await wire.read('detach')).fields).toMatchObject({ error: { condition: 'amqp:not-implemented' } });
    const other = await client(await startBroker({ ignoreFilters: true }));
    const { attach } = await other.attach('receiver', 'q', { source });
    expect(attach.fields['source']).toMatchObject({ address: 'q' });
    expect((attach.fields['source'] as Record<string, unknown>)['filter'] ?? null).toBeNull();
  });

  it('for a sender and a receiver of one name on one session', async () => {
    const wire = await client(await startBroker());
    const sender = await wire.attach('sender', 'q', { name: 'pair' });
    const receiver = await wire.attach('receiver', 'q', { name: 'pair' });
    expect([sender, receiver].map(({ attach }) => attach.fields['name'])).toEqual(['pair', 'pair']);
    expect([sender, receiver].map(({ attach }) => attach.fields['role'])).toEqual([true, false]);
    await wire.read('flow');
    wire.transfer(sender, 0, payload('x'));
    wire.grant(receiver, 1);
    expect((await wire.read('transfer')).payload.includes('x')).toBe(true);
    for (const link of [sender, receiver]) wire.send('detach', { handle: link.handle, closed: true });
    await wire.readAll('detach', 2);
    await wire.attach('receiver', 'q', { name: 'pair', handle: 7 });
  });

  it('until it has too many links', async () => {
    const wire = await client(await startBroker({ maxLinks: 2 }));
    await wire.attach('sender', 'q');
    await wire.attach('sender', 'q');
    const { handle } = await wire.attach('sender', 'q');
    const { fields } = await wire.read('detach');
    expect(fields).toMatchObject({ error: { condition: 'amqp:resource-limit-exceeded' } });
    wire.send('detach', { handle, closed: true });
  });

  it('with a node of its own, which is gone with its link', async () => {
    const broker = await startBroker();
    const wire = await client(broker);
    const { attach, handle } = await wire.attach('receiver', '', { source: { dynamic: true } });
    const { address, dynamic, dynamic_node_properties } = attach.fields['source'] as Record<string, unknown>;
    expect(dynamic).toBe(true);
    expect(Object.keys(dynamic_node_properties as object)).toEqual(['lifetime-policy']);
    const producer = createTrackingMessenger();
    producer.put({ address: `${broker.url}/${String(address)}`, body: 'x' });
    await producer.send();
    expect(broker.queue(String(address)).depth).toBe(1);
    const closed = new Promise((resolve) => producer.on('error', resolve));
    wire.send('detach', { handle, closed: true });
    await wire.read('detach');
    expect(broker.queues).toEqual([]);
    expect(await closed).toMatchObject({ condition: 'amqp:resource-deleted' });
  });
});

describe('the message-format', () => {
  const FORMAT = 0x8013_0a00;

  it.each([
    ['a queue, in one frame', 'q', 100, {}],
    ['a topic, in one frame', 'topic/t', 1000, {}],
    ['a queue, in many frames', 'q', 40_000, { max_frame_size: 512 }],
  ])('is that of its sender behind %s, and again when the message comes back', async (_what, node, size, open) => {
    const broker = await startBroker();
    const sending = await client(broker);
    const wire = await Wire.dial(broker.port, open);
    await wire.begin();
    const receivers = [await wire.attach('receiver', node), await wire.attach('receiver', node)];
    const sender = await sending.attach('sender', node);
    await sending.read('flow');
    const message = payload('x'.repeat(size));
    const half = message.length / 2;
    sending.transfer(sender, 0, message.subarray(0, half), { message_format: FORMAT, more: true });
    sending.send('transfer', { handle: sender.handle }, 0, message.subarray(half));
    await sending.read('disposition');
    for (const receiver of receivers) {
      wire.grant(receiver, 1);
      const first = await wire.read('transfer');
      expect(first.fields).toMatchObject({ message_format: FORMAT });
      let { more } = first.fields;
      while (more === true) ({ more } = (await wire.read('transfer')).fields);
      const id = first.fields['delivery_id'];
      wire.send('disposition', { role: true, first: id, last: id, settled: true, state: state('released') });
      wire.send('detach', { handle: receiver.handle, closed: true });
      await wire.read('detach');
    }
  });

  it('is 0 unless its sender has said another', async () => {
    const wire = await client(await startBroker());
    const [sender, receiver] = [await wire.attach('sender', 'q'), await wire.attach('receiver', 'q')];
    await wire.read('flow');
    wire.transfer(sender, 0, payload('x'), { message_format: undefined });
    wire.grant(receiver, 1);
    expect((await wire.read('transfer')).fields).toMatchObject({ message_format: 0 });
  });
});

describe('the anonymous terminus of the embedded broker', () => {
  it('is offered, and takes messages to wherever they say', async () => {
    const broker = await startBroker();
    const wire = await Wire.connect(broker.port);
    wire.write(Buffer.from('AMQP\x00\x01\x00\x00', 'latin1'));
    wire.send('open', { container_id: 'c' });
    expect((await wire.read('open')).fields['offered_capabilities']).toContain('ANONYMOUS-RELAY');
    wire.destroy();

    const rhea = createTrackingMessenger();
    rhea.put({ address: `${broker.url}/direct`, body: 'there' });
    await rhea.send();
    expect(broker.queue('direct').depth).toBe(1);
  });

  it('rejects messages for no node or an unknown node, and goes on', async () => {
    const broker = await startBroker({ createNodes: false, queues: { known: {} } });
    const wire = await client(broker);
    const link = await wire.attach('sender', '', { target: {} });
    await wire.read('flow');
    const to = (address: string): Buffer =>
      Buffer.concat([
        Buffer.from([0, 0x53, 0x73, 0xc0, address.length + 5, 3, 0x40, 0x40, 0xa1, address.length]),
        Buffer.from(address),
        payload('x'),
      ]);
    wire.transfer(link, 0, payload('nowhere'));
    wire.transfer(link, 1, to('unknown'));
    wire.transfer(link, 2, to('known'));
    wire.transfer(link, 3, to('amqp://h/known'));
    const answers: unknown[] = [];
    while (answers.length < 4) {
      const {
        first,
        last,
        state: outcome,
      } = (await wire.read('disposition')).fields as { first: number; last?: number; state: unknown };
      for (let id = first; id <= (last ?? first); id++) answers.push([id, outcome]);
    }
    expect(answers).toMatchObject([
      [0, { type: 'rejected', error: { condition: 'amqp:invalid-field' } }],
      [1, { type: 'rejected', error: { condition: 'amqp:not-found' } }],
      [2, { type: 'accepted' }],
      [3, { type: 'accepted' }],
    ]);
    expect(broker.queue('known').depth).toBe(2);
  });

  it('closes the link where it cannot reject: a settled message, or a client that takes no such outcome', async () => {
    const broker = await startBroker({ createNodes: false });
    const wire = await client(broker);
    const settled = await wire.attach('sender', '', { target: {} });
    wire.transfer(settled, 0, payload('x'), { settled: true });
    expect((await wire.read('detach')).fields).toMatchObject({ error: { condition: 'amqp:invalid-field' } });
    wire.send('detach', { handle: settled.handle, closed: true });
    const source = { address: null, outcomes: ['amqp:accepted:list'] };
    const plain = await wire.attach('sender', '', { target: {}, source });
    wire.transfer(plain, 1, payload('x'));
    expect((await wire.read('detach')).fields).toMatchObject({ error: { condition: 'amqp:invalid-field' } });
  });
});

describe('the embedded broker', () => {
  it('passes the priority of a message on, and keeps the order of the queue', async () => {
    const broker = await startBroker();
    const address = `${broker.url}/q`;
    const messenger = createTrackingMessenger({ outgoingWindow: 10 });
    const priorities = [0, 9, undefined, 9, 1];
    for (const [body, priority] of priorities.entries()) messenger.put({ address, body, priority });
    await messenger.send();
    messenger.subscribe(address);
    const received = (await receive(messenger, priorities.length)).map(({ message }) => message);
    expect(received.map(({ body, priority }) => ({ body, priority }))).toEqual(
      priorities.map((priority, body) => ({ body, priority: priority ?? 4 })),
    );
  });

  it('fills a drained link with what there is before it takes the credit back', async () => {
    const broker = await startBroker();
    const sender = createTrackingMessenger();
    for (const body of ['one', 'two']) sender.put({ address: `${broker.url}/q`, body });
    await sender.send();
    const wire = await client(broker);
    const link = await wire.attach('receiver', 'q');
    wire.grant(link, 10, { drain: true });
    await wire.readAll('transfer', 2);
    expect((await wire.read('flow')).fields).toMatchObject({ drain: true, delivery_count: 10 });
  });

  it('settles when a client in mode second has sent the outcome', async () => {
    const broker = await startBroker();
    const sender = createTrackingMessenger();
    sender.put({ address: `${broker.url}/q`, body: 'x' });
    await sender.send();
    const wire = await client(broker);
    const link = await wire.attach('receiver', 'q', { rcv_settle_mode: 1 });
    wire.grant(link, 1);
    await wire.read('transfer');
    wire.send('disposition', { role: true, first: 0, settled: false, state: state('accepted') });
    expect((await wire.read('disposition')).fields).toMatchObject({ first: 0, settled: true });
    expect(broker.queue('q')).toMatchObject({ accepted: 1, outstanding: 0 });
  });

  it('sends pre-settled messages to a client that asks for them', async () => {
    const broker = await startBroker();
    const sender = createTrackingMessenger();
    sender.put({ address: `${broker.url}/q`, body: 'x' });
    await sender.send();
    const wire = await client(broker);
    const link = await wire.attach('receiver', 'q', { snd_settle_mode: 1 });
    wire.grant(link, 1);
    expect((await wire.read('transfer')).fields).toMatchObject({ settled: true });
    await expect.poll(() => broker.queue('q').accepted).toBe(1);
  });

  it('lets a messenger browse, answer to a dynamic source, and get what was rejected from the dead-letter queue', async () => {
    const broker = await startBroker();
    const both = createTrackingMessenger();
    const address = `${broker.url}/q`;
    both.put({ address, body: 'x' });
    await both.send();
    const browser = createTrackingMessenger();
    browser.subscribe(address, { distributionMode: 'copy' });
    const [seen] = await receive(browser, 1);
    expect(seen!.message.body).toBe('x');
    seen!.accept();
    expect(broker.queue('q')).toMatchObject({ depth: 1, browsers: 1 });

    const { address: answers } = await both.subscribe(`${broker.url}/#`).ready();
    const other = createTrackingMessenger();
    other.put({ address: answers, body: 'answer' });
    const [answer] = await receive(both, 1);
    expect(answer!.message.body).toBe('answer');

    other.subscribe(address);
    const [bad] = await receive(other, 1);
    bad!.reject({ condition: 'amqp:not-allowed', description: 'bad' });
    const undertaker = createTrackingMessenger();
    undertaker.subscribe(`${broker.url}/dead-letter`);
    const [dead] = await receive(undertaker, 1);
    expect(dead!.message).toMatchObject({
      body: 'x',
      annotations: {
        'x-opt-death-queue': 'q',
        'x-opt-death-reason': 'rejected',
        'x-opt-death-condition': 'amqp:not-allowed',
        'x-opt-death-description': 'bad',
        'x-opt-death-time': expect.any(Date) as Date,
      },
    });
  });

  it('does not honour a selector, and a messenger that needs it is told', async () => {
    const broker = await startBroker();
    const subscription = createTrackingMessenger().subscribe(`${broker.url}/q`, { selector: "colour = 'green'" });
    await expect(subscription.ready()).rejects.toMatchObject({ code: 'ERR_LINK', condition: 'amqp:not-implemented' });
  });
});
