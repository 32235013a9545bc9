import { EmbeddedBroker } from 'amqp-messenger/broker';
import type { InjectOptions, MessageEvent } from 'amqp-messenger/broker';
import { describe, expect, it, vi } from 'vitest';
import { FakeClock } from '../support/fake-clock.js';
import { createTrackingMessenger, receive, startBroker } from '../support/messengers.js';

describe('a broker that misbehaves on purpose', () => {
  it('rejects the given number of messages', async () => {
    const broker = await startBroker();
    const error = { condition: 'amqp:resource-limit-exceeded', description: 'full' };
    const injection = broker.inject({ reject: error, address: 'q', times: 2 });
    const messenger = createTrackingMessenger();
    const trackers = ['q', 'other', 'q', 'q'].map((node) =>
      messenger.put({ address: `${broker.url}/${node}`, body: 1 }),
    );
    await messenger.send();
    expect(trackers.map(({ status }) => status)).toEqual(['rejected', 'accepted', 'rejected', 'accepted']);
    expect(trackers[0]!.error).toMatchObject({ condition: 'amqp:resource-limit-exceeded' });
    expect(injection).toMatchObject({ count: 2, isOver: true });
  });

  it('chooses messages by a predicate, until it is stopped', async () => {
    const broker = await startBroker();
    const messenger = createTrackingMessenger();
    const send = async (subject: string): Promise<string> => {
      const tracker = messenger.put({ address: `${broker.url}/q`, subject });
      await messenger.send();
      return tracker.status;
    };
    {
      using injection = broker.inject({ reject: true, when: ({ subject }) => subject === 'bad' });
      expect([await send('good'), await send('bad'), await send('bad')]).toEqual(['accepted', 'rejected', 'rejected']);
      expect(injection.count).toBe(2);
    }
    expect(await send('bad')).toBe('accepted');
  });

  it('drops messages silently, and a client that connects again sends them again', async () => {
    const broker = await startBroker();
    broker.inject({ drop: true, times: 1 });
    const messenger = createTrackingMessenger({ reconnect: { delay: 1 } });
    const trackers = [1, 2].map((body) => messenger.put({ address: `${broker.url}/q`, body }));
    await trackers[1]!.outcome();
    expect(trackers[0]!.status).toBe('pending');
    expect(broker.queue('q').depth).toBe(1);
    broker.inject({ close: 'socket', times: 1 });
    messenger.put({ address: `${broker.url}/q`, body: 3 });
    await messenger.send();
    expect(trackers[0]!.status).toBe('accepted');
    expect(broker.queue('q').depth).toBe(3);
  });

  it('delays messages, and keeps their order', async () => {
    const clock = new FakeClock();
    const broker = await startBroker({ environment: { clock } });
    broker.inject({ delay: 1000, times: 1 });
    const messenger = createTrackingMessenger();
    const trackers = [1, 2].map((body) => messenger.put({ address: `${broker.url}/q`, body }));
    await vi.waitFor(() => expect(clock.nextTimer).toBeLessThanOrEqual(1000));
    await vi.waitFor(() => expect(clock.timers).toBeGreaterThan(1));
    clock.advance(999);
    expect(trackers.map(({ status }) => status)).toEqual(['pending', 'pending']);
    clock.advance(1);
    await messenger.send();
    expect(trackers.map(({ status }) => status)).toEqual(['accepted', 'accepted']);
    messenger.subscribe(`${broker.url}/q`);
    expect((await receive(messenger, 2)).map(({ message }) => message.body)).toEqual([1, 2]);
  });

  it.each(['link', 'connection', 'socket'] as const)('closes the %s of a producer', async (close) => {
    const broker = await startBroker();
    broker.inject({ close, times: 1 });
    const messenger = createTrackingMessenger({ reconnect: { delay: 1 } });
    const tracker = messenger.put({ address: `${broker.url}/q`, body: 1 });
    const told: unknown[] = [];
    messenger.on('error', (error) => told.push(error));
    await messenger.send();
    expect([tracker.status, broker.queue('q').depth]).toEqual(['accepted', 1]);
    // The link comes back as the connection does; a link that a peer closes is an event of its own.
    expect(told).toMatchObject(close === 'link' ? [{ code: 'ERR_LINK', condition: 'amqp:internal-error' }] : []);
  });

  it.each(['link', 'connection', 'socket'] as const)(
    'closes the %s of a consumer, whose message comes back',
    async (close) => {
      const broker = await startBroker();
      const messenger = createTrackingMessenger();
      messenger.put({ address: `${broker.url}/q`, body: 1 });
      await messenger.send();
      const injection = broker.inject({ close, on: 'delivery', times: 1 });
      const consumer = createTrackingMessenger({ reconnect: { retries: 0 } });
      consumer.subscribe(`${broker.url}/q`);
      await consumer.recv().catch(() => undefined);
      await vi.waitFor(() => expect(injection.isOver).toBe(true));
      await vi.waitFor(() => expect(broker.queue('q')).toMatchObject({ depth: 1, outstanding: 0, consumers: 0 }));
    },
  );

  it('refuses links', async () => {
    const broker = await startBroker();
    broker.inject({ reject: { condition: 'amqp:unauthorized-access' }, on: 'attach', address: 'q', times: 1 });
    const messenger = createTrackingMessenger();
    const refused = messenger.subscribe(`${broker.url}/q`);
    await expect(refused.ready()).rejects.toMatchObject({ code: 'ERR_LINK', condition: 'amqp:unauthorized-access' });
    await messenger.subscribe(`${broker.url}/q`).ready();
  });

  it.each<[string, InjectOptions]>([
    ['nothing', {}],
    ['two things', { reject: true, drop: true }],
    ['a delay of a link', { delay: 1, on: 'attach' }],
    ['a rejection of what goes out', { reject: true, on: 'delivery' }],
    ['what to choose links by', { reject: true, on: 'attach', when: () => true }],
    ['no times', { drop: true, times: 0 }],
    ['a negative delay', { delay: -1 }],
    ['something to close that nobody knows', { close: 'door' as 'link' }],
    ['a point that nobody knows', { drop: true, on: 'nowhere' as 'message' }],
    ['an option that nobody knows', { dorp: true } as InjectOptions],
  ])('does not take %s', (_what, options) => {
    expect(() => new EmbeddedBroker().inject(options)).toThrow(expect.objectContaining({ code: 'ERR_OPTION' }));
  });
});

describe('the events of the embedded broker', () => {
  it('tell what becomes of connections, links and messages', async () => {
    const broker = await startBroker({ createNodes: false, queues: { q: {} } });
    const told: unknown[] = [];
    broker.on('connection', ({ state, container }) => told.push(['connection', state, container]));
    broker.on('link', ({ state, role, address, error }) => told.push(['link', state, role, address, error?.condition]));
    broker.on('received', ({ address, message }) => told.push(['received', address, message.body]));
    broker.on('delivered', ({ address, message }) => told.push(['delivered', address, message.body]));
    broker.on('settled', ({ message, outcome }) => told.push(['settled', message.body, outcome?.type]));
    broker.on('dead', ({ message, reason, error, to }) =>
      told.push(['dead', message.body, reason, error?.condition, to]),
    );
    const messenger = createTrackingMessenger({ name: 'client' });
    messenger.put({ address: `${broker.url}/q`, body: 1 });
    await messenger.send();
    messenger.subscribe(`${broker.url}/q`);
    const [delivery] = await receive(messenger, 1);
    delivery!.reject({ condition: 'amqp:not-allowed' });
    await vi.waitFor(() => expect(broker.queue('dead-letter').depth).toBe(1));
    await expect(messenger.subscribe(`${broker.url}/unknown`).ready()).rejects.toThrow();
    await messenger.close();
    await vi.waitFor(() => expect(told.at(-1)).toEqual(['connection', 'closed', 'client']));
    expect(told).toEqual([
      ['connection', 'open', 'client'],
      ['link', 'attached', 'sender', 'q', undefined],
      ['received', 'q', 1],
      ['link', 'attached', 'receiver', 'q', undefined],
      ['delivered', 'q', 1],
      ['settled', 1, 'rejected'],
      ['received', 'dead-letter', 1],
      ['dead', 1, 'rejected', 'amqp:not-allowed', 'dead-letter'],
      ['link', 'refused', 'receiver', 'unknown', 'amqp:not-found'],
      expect.arrayContaining(['link', 'ended']),
      expect.arrayContaining(['link', 'ended']),
      ['connection', 'closed', 'client'],
    ]);
  });

  it('reach a listener until it is removed', async () => {
    const broker = await startBroker();
    const messenger = createTrackingMessenger();
    const send = async (body: number): Promise<void> => {
      messenger.put({ address: `${broker.url}/q`, body });
      await messenger.send();
    };
    const seen: unknown[] = [];
    const listener = ({ message }: MessageEvent): void => void seen.push(message.body);
    broker.on('received', listener);
    await send(1);
    broker.off('received', listener);
    await send(2);
    broker.once('received', listener);
    await send(3);
    await send(4);
    expect(seen).toEqual([1, 3]);
  });
});

describe('the embedded broker', () => {
  it('starts again on its port with its messages, like a broker that has stored them', async () => {
    const broker = await startBroker();
    const { port } = broker;
    const address = `${broker.url}/q`;
    const messenger = createTrackingMessenger({ reconnect: { delay: 1 } });
    messenger.put({ address, body: 1 });
    await messenger.send();
    await expect(broker.start()).rejects.toMatchObject({ code: 'ERR_STATE' });
    await Promise.all([broker.stop(), broker.stop()]);
    expect(broker.queue('q').depth).toBe(1);
    const stopping = broker.stop();
    await broker.start();
    await stopping;
    expect(broker.port).toBe(port);
    messenger.put({ address, body: 2 });
    await messenger.send();
    messenger.subscribe(address);
    expect((await receive(messenger, 2)).map(({ message }) => message.body)).toEqual([1, 2]);
  });

  it('can be started after its port was in use', async () => {
    const first = await startBroker();
    const second = new EmbeddedBroker({ port: first.port });
    await expect(second.start()).rejects.toMatchObject({ code: 'ERR_LISTEN' });
    await first.stop();
    await second.start();
    await second.stop();
  });

  it('tells a sender that its message exceeds a limit', async () => {
    const broker = await startBroker({ queues: { small: { maxMessages: 1 } } });
    const messenger = createTrackingMessenger();
    const trackers = [1, 2].map((body) => messenger.put({ address: `${broker.url}/small`, body }));
    await messenger.send();
    expect(trackers.map(({ status }) => status)).toEqual(['accepted', 'rejected']);
    expect(trackers[1]!.error).toMatchObject({ condition: 'amqp:resource-limit-exceeded' });
  });

  it('expires messages, and takes them to the dead', async () => {
    const clock = new FakeClock();
    const broker = await startBroker({ environment: { clock } });
    const messenger = createTrackingMessenger();
    messenger.put({ address: `${broker.url}/q`, body: 'x', ttl: 1000 });
    await messenger.send();
    clock.advance(1000);
    expect(broker.queue('q')).toMatchObject({ depth: 0, expired: 1, deadLettered: 1 });
    messenger.subscribe(`${broker.url}/dead-letter`);
    const [dead] = await receive(messenger, 1);
    expect(dead!.message.ttl).toBeUndefined();
    expect(dead!.message.annotations).toMatchObject({ 'x-opt-death-reason': 'expired', 'x-opt-death-queue': 'q' });
  });

  it('keeps at most as many dead letters as fit, however they chase each other', async () => {
    const small = { maxMessages: 2, overflow: 'drop-head' } as const;
    const broker = await startBroker({
      queues: { a: { ...small, deadLetterAddress: 'b' }, b: { ...small, deadLetterAddress: 'a' } },
    });
    const messenger = createTrackingMessenger();
    for (let body = 0; body < 20; body++) messenger.put({ address: `${broker.url}/a`, body });
    await messenger.send();
    expect([broker.queue('a').depth, broker.queue('b').depth]).toEqual([2, 2]);
  });

  it('measures the rates of its queues', async () => {
    const clock = new FakeClock();
    const broker = await startBroker({ environment: { clock } });
    const messenger = createTrackingMessenger();
    for (let body = 0; body < 30; body++) messenger.put({ address: `${broker.url}/q`, body });
    await messenger.send();
    clock.advance(3000);
    expect(broker.queue('q').rates).toEqual({ received: 10, delivered: 0, accepted: 0 });
    clock.advance(10_000);
    expect(broker.queue('q').rates.received).toBe(0);
    expect(broker.queue('unknown').rates).toEqual({ received: 0, delivered: 0, accepted: 0 });
  });

  it('makes, empties and deletes nodes', async () => {
    const broker = new EmbeddedBroker({ maxNodes: 2 });
    broker.createQueue('q');
    broker.createQueue('q');
    broker.createTopic('t');
    expect(() => broker.createTopic('q')).toThrow(/is a queue/);
    expect(() => broker.createQueue('more')).toThrow(expect.objectContaining({ code: 'ERR_STATE' }));
    expect(broker.queues.map(({ name }) => name)).toEqual(['q']);
    expect(broker.topics.map(({ name }) => name)).toEqual(['t']);
    expect(broker.purge('q')).toBe(0);
    expect(broker.purge('t')).toBe(0);
    expect(broker.delete('q')).toBe(true);
    expect(broker.queues).toEqual([]);
    await broker.stop();
  });

  it.each([
    [{ prot: 1 }, /no option prot of a broker/],
    [{ port: 70_000 }, /port/],
    [{ maxFrameSize: 100 }, /maxFrameSize/],
    [{ overflow: 'explode' }, /overflow/],
    [{ maxMessages: 0 }, /maxMessages/],
    [{ deadLetterAddress: '' }, /deadLetterAddress/],
    [{ queues: { q: { maxMesages: 1 } } }, /no option maxMesages of a queue/],
    [{ maxSessions: 100_000 }, /maxSessions/],
  ])('does not take %j', (options, message) => {
    expect(() => new EmbeddedBroker(options as object)).toThrow(message);
  });
});
