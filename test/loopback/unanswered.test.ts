import type { ConnectionChange, Messenger, MessengerOptions, MessagingError } from 'amqp-messenger';
import { describe, expect, it, vi } from 'vitest';
import { FakeClock } from '../support/fake-clock.js';
import { createTrackingMessenger } from '../support/messengers.js';
import { ScriptedPeer } from '../support/scripted-peer.js';
import { state } from '../support/wire-frames.js';
import type { Wire, WireLink } from '../support/wire.js';

/** A messenger whose time the test turns. It reconnects without a delay. */
function createStill(options: MessengerOptions = {}): { messenger: Messenger; clock: FakeClock; errors: string[] } {
  const clock = new FakeClock();
  const messenger = createTrackingMessenger({
    timeout: -1,
    idleTimeout: 0,
    reconnect: { delay: 0 },
    environment: { clock },
    ...options,
  });
  const errors: string[] = [];
  messenger.on('error', (error: MessagingError) => errors.push(error.message));
  return { messenger, clock, errors };
}

/** Two peers that stand for the hosts of one broker. */
async function twoHosts(): Promise<{ first: ScriptedPeer; second: ScriptedPeer; options: MessengerOptions }> {
  const [first, second] = [await ScriptedPeer.listen(), await ScriptedPeer.listen()];
  return { first, second, options: { failover: { '127.0.0.1': [`127.0.0.1:${second.port}`] } } };
}

/** Answers up to the attach of a sender, and takes the messages that come. */
async function take(wire: Wire, count: number): Promise<WireLink> {
  const link = await wire.answerLink();
  wire.grant(link, 100);
  await wire.readAll('transfer', count);
  return link;
}

describe('a peer that gives no outcome', () => {
  it('is left for the next host after six seconds, and its messages go out there', async () => {
    const { first, second, options } = await twoHosts();
    const { messenger, clock, errors } = createStill(options);
    const changes: ConnectionChange[] = [];
    messenger.on('connection', (change) => changes.push(change));
    const trackers = [1, 2].map((body) => messenger.put({ address: first.address('q'), body }));
    const frozen = await first.accept();
    const link = await take(frozen, 2);
    frozen.accept(link, 0);
    expect(await trackers[0]!.outcome()).toBe('accepted');
    clock.advance(5900);
    expect(messenger.stats().connections).toMatchObject([{ state: 'open' }]);
    // That it has come so far is no outcome (AMQP 1.0 §3.4.1).
    const received = { section_number: 0, section_offset: 0 };
    frozen.send(
      'disposition',
      { role: true, first: 1, settled: false, state: state('received', received) },
      link.channel,
    );
    frozen.grant(link, 7, { delivery_count: 2 });
    await vi.waitFor(() => expect(messenger.stats().outgoing).toBeDefined());
    await new Promise(setImmediate);
    clock.advance(1200);
    expect((await frozen.read('close')).fields).toMatchObject({ error: { condition: 'amqp:connection:forced' } });
    const next = await second.accept();
    const again = await take(next, 1);
    next.accept(again, 0);
    expect(await trackers[1]!.outcome()).toBe('accepted');
    expect(changes.find(({ to }) => to === 'reconnecting')?.error?.message).toMatch(
      /^127\.0\.0\.1:\d+: The peer has answered no message for 6000 ms/,
    );
    expect(errors).toEqual([]);
  });

  it('stays as long as it answers any message', async () => {
    const { first, options } = await twoHosts();
    const { messenger, clock, errors } = createStill(options);
    messenger.put({ address: first.address('q'), body: 'slow' });
    const wire = await first.accept();
    const link = await take(wire, 1);
    for (let id = 1; id <= 10; id++) {
      const tracker = messenger.put({ address: first.address('q'), body: id });
      await wire.read('transfer');
      clock.advance(3000);
      wire.accept(link, id);
      expect(await tracker.outcome()).toBe('accepted');
    }
    expect(messenger.stats().connections).toMatchObject([{ state: 'open' }]);
    // But the one message is told, once.
    expect(errors).toEqual([expect.stringContaining('has let a message wait for its outcome for 6000 ms')]);
  });

  it('is left later each round while no host answers, and soon again after an outcome', async () => {
    const { first, second, options } = await twoHosts();
    const { messenger, clock } = createStill(options);
    const tracker = messenger.put({ address: first.address('q'), body: 1 });
    const leftAfter: number[] = [];
    const stay = async (peer: ScriptedPeer): Promise<void> => {
      const wire = await peer.accept();
      await take(wire, 1);
      const isOpen = (): boolean => messenger.stats().connections[0]?.state === 'open';
      let time = 0;
      for (; isOpen(); time += 1000) {
        clock.advance(1000);
        await new Promise(setImmediate);
        await new Promise(setImmediate);
      }
      leftAfter.push(time);
      clock.advance(1);
    };
    for (let round = 0; round < 3; round++) {
      await stay(first);
      await stay(second);
    }
    const wire = await first.accept();
    const link = await take(wire, 1);
    wire.accept(link, 0);
    await tracker.outcome();
    messenger.put({ address: first.address('q'), body: 2 });
    await wire.read('transfer');
    clock.advance(7100);
    await wire.read('close');
    expect(leftAfter).toEqual([7000, 7000, 13_000, 13_000, 25_000, 25_000]);
  });

  it('without other hosts is told once a connection, and left alone', async () => {
    const peer = await ScriptedPeer.listen();
    const { messenger, clock, errors } = createStill();
    const trackers = Array.from({ length: 10 }, (_, index) =>
      messenger.put({ address: peer.address(`q${index}`), body: 1 }),
    );
    const wire = await peer.accept();
    await wire.answerOpen();
    const links: WireLink[] = [];
    for (let count = 0; count < 10; count++) {
      await wire.answerBegin();
      const link = await wire.answerAttach();
      links.push(link);
      wire.grant(link, 1);
    }
    await wire.readAll('transfer', 10);
    clock.advance(59_000);
    expect(errors).toEqual([]);
    clock.advance(600_000);
    expect(errors).toEqual([expect.stringContaining('wait for its outcome for 60000 ms')]);
    for (const link of links) wire.accept(link, 0);
    expect(await Promise.all(trackers.map((tracker) => tracker.outcome()))).toEqual(Array(10).fill('accepted'));
    expect(peer.connections).toBe(1);
  });

  it('without other hosts is connected to anew where answerTimeout is set', async () => {
    const peer = await ScriptedPeer.listen();
    const { messenger, clock } = createStill({ answerTimeout: 300 });
    const tracker = messenger.put({ address: peer.address('q'), body: 1 });
    await take(await peer.accept(), 1);
    clock.advance(350);
    const wire = await peer.accept();
    wire.accept(await take(wire, 1), 0);
    expect(await tracker.outcome()).toBe('accepted');
  });

  it.each([0, Infinity])('is waited for without end with an answerTimeout of %s', async (answerTimeout) => {
    const { first, options } = await twoHosts();
    const { messenger, clock, errors } = createStill({ ...options, answerTimeout });
    messenger.put({ address: first.address('q'), body: 1 });
    await take(await first.accept(), 1);
    clock.advance(3_600_000);
    expect([errors, messenger.stats().connections[0]?.state]).toEqual([[], 'open']);
  });

  it('is not blamed while this process sleeps', async () => {
    const { first, options } = await twoHosts();
    const { messenger, clock } = createStill(options);
    const tracker = messenger.put({ address: first.address('q'), body: 1 });
    const wire = await first.accept();
    const link = await take(wire, 1);
    clock.stall(60_000);
    clock.advance(0);
    wire.accept(link, 0);
    expect(await tracker.outcome()).toBe('accepted');
    expect(first.connections).toBe(1);
  });

  it('costs no message, however often it is left with the same one under way', async () => {
    const { first, second, options } = await twoHosts();
    const { messenger, clock } = createStill({ ...options, answerTimeout: 60 });
    const tracker = messenger.put({ address: first.address('q'), body: 1 });
    for (let round = 0; round < 5; round++) {
      await take(await (round % 2 === 0 ? first : second).accept(), 1);
      clock.advance(1000);
    }
    const wire = await second.accept();
    wire.accept(await take(wire, 1), 0);
    expect(await tracker.outcome()).toBe('accepted');
  });
});

describe('a peer that does not answer an attach', () => {
  it('is told, and the link attached anew on another session', async () => {
    const peer = await ScriptedPeer.listen();
    const { messenger, clock, errors } = createStill({ answerTimeout: 600 });
    const tracker = messenger.put({ address: peer.address('q'), body: 1 });
    const wire = await peer.accept();
    await wire.answerOpen();
    const ignored = await wire.read('begin');
    await wire.read('attach');
    clock.advance(700);
    expect((await wire.read('detach')).channel).toBe(ignored.channel);
    const begin = await wire.answerBegin();
    expect(begin.channel).not.toBe(ignored.channel);
    const link = await wire.answerAttach();
    wire.grant(link, 1);
    await wire.read('transfer');
    wire.accept(link, 0);
    expect(await tracker.outcome()).toBe('accepted');
    expect(errors).toEqual([
      expect.stringMatching(/has not answered the attach of the sender link to q for 600 ms. It is attached anew/),
    ]);
    // The detach of the first attempt is nobody's to wait for, and what is asked for next gets no more time than that.
    clock.advance(5000);
    expect(errors).toHaveLength(1);
    messenger.subscribe(peer.address('other'));
    await wire.read('attach');
    clock.advance(750);
    expect(errors).toEqual([expect.anything(), expect.stringContaining('of the receiver link to other for 600 ms')]);
    expect(peer.connections).toBe(1);
  });

  it('and answers it after all is not confused by the link that has taken its place', async () => {
    const peer = await ScriptedPeer.listen();
    const { messenger, clock } = createStill({ answerTimeout: 600 });
    const subscription = messenger.subscribe(peer.address('q'));
    const wire = await peer.accept();
    await wire.answerOpen();
    const late = await wire.answerBegin();
    const attach = await wire.read('attach');
    clock.advance(700);
    await wire.answerBegin();
    const { name, source, target } = attach.fields;
    wire.send('attach', { name, handle: 77, role: false, source, target, initial_delivery_count: 0 }, late.channel);
    wire.send('detach', { handle: 77, closed: true }, late.channel);
    // The session has no link any more.
    expect((await wire.read('end')).channel).toBe(late.channel);
    wire.send('end', {}, late.channel);
    expect(subscription.state).toBe('opening');
    await wire.answerAttach();
    await subscription.ready();
  });

  it('and allows no other session is asked again once it has answered the first attach', async () => {
    const peer = await ScriptedPeer.listen();
    const { messenger, clock } = createStill({ answerTimeout: 600 });
    const ready = messenger.subscribe(peer.address('q0')).ready();
    const wire = await peer.accept();
    await wire.answerLink({ open: { channel_max: 0 } });
    await ready;
    const subscription = messenger.subscribe(peer.address('q1'));
    const attach = await wire.read('attach');
    clock.advance(700);
    await wire.read('detach');
    const { name, source, target } = attach.fields;
    wire.send('attach', { name, handle: 77, role: false, source, target, initial_delivery_count: 0 });
    wire.send('detach', { handle: 77, closed: true });
    await wire.answerAttach();
    await subscription.ready();
  });

  it('of ten links is one event', async () => {
    const peer = await ScriptedPeer.listen();
    const { messenger, clock, errors } = createStill({ answerTimeout: 600 });
    for (let index = 0; index < 10; index++) messenger.subscribe(peer.address(`q${index}`));
    const wire = await peer.accept();
    await wire.answerOpen();
    await wire.readAll('attach', 10);
    clock.advance(700);
    await wire.readAll('attach', 10);
    expect(errors).toEqual([expect.stringContaining('of the receiver link to q0 and 9 others')]);
  });

  it('is left for the next host where there is one, also on the first connection', async () => {
    const { first, second, options } = await twoHosts();
    const { messenger, clock } = createStill({ ...options, answerTimeout: 600 });
    const tracker = messenger.put({ address: first.address('q'), body: 1 });
    const wire = await first.accept();
    await wire.answerOpen();
    await wire.read('attach');
    clock.advance(700);
    await wire.closed;
    await vi.waitFor(() => expect(clock.timers).toBeGreaterThan(0));
    clock.advance(1);
    const next = await second.accept();
    next.accept(await take(next, 1), 0);
    expect(await tracker.outcome()).toBe('accepted');
  });
});

describe('a peer that does not answer a detach', () => {
  it('is told once', async () => {
    const peer = await ScriptedPeer.listen();
    const { messenger, clock, errors } = createStill();
    const subscription = messenger.subscribe(peer.address('q'));
    const wire = await peer.accept();
    const link = await wire.answerLink();
    await subscription.ready();
    const ended = subscription.unsubscribe();
    await wire.read('detach');
    clock.advance(300_000);
    expect(errors).toEqual([expect.stringContaining('has not answered the detach of a link for 60000 ms')]);
    wire.send('detach', { handle: link.handle, closed: true }, link.channel);
    await ended;
  });
});

describe('one failure is one error event', () => {
  /** Ten senders and ten receivers on one connection. */
  async function many(peer: ScriptedPeer, messenger: Messenger, channelMax?: number): Promise<Wire> {
    for (let index = 0; index < 10; index++) messenger.subscribe(peer.address(`q${index}`));
    const trackers = Array.from({ length: 10 }, (_, index) => messenger.put({ address: peer.address(`q${index}`) }));
    const wire = await peer.accept();
    await wire.answerOpen(channelMax === undefined ? {} : { channel_max: channelMax });
    if (channelMax !== undefined) await wire.answerBegin();
    for (let count = 0; count < 20; count++) {
      if (channelMax === undefined) await wire.answerBegin();
      const link = await wire.answerAttach();
      if (link.attach.fields['role'] === false) wire.grant(link, 1);
    }
    const transfers = await wire.readAll('transfer', 10);
    for (const { channel, fields } of transfers) {
      const disposition = { role: true, first: fields['delivery_id'], settled: true, state: state('accepted') };
      wire.send('disposition', disposition, channel);
    }
    await Promise.all(trackers.map((tracker) => tracker.outcome()));
    return wire;
  }

  it('when a connection with twenty links is given up', async () => {
    const peer = await ScriptedPeer.listen();
    const { messenger, errors } = createStill({ reconnect: false });
    const wire = await many(peer, messenger);
    const closed = new Promise((resolve) => messenger.on('connection', ({ to }) => to === 'closed' && resolve(to)));
    wire.destroy();
    await closed;
    await new Promise(setImmediate);
    expect(errors).toEqual([expect.stringContaining('The peer dropped the connection')]);
  });

  it('when a session with twenty links ends', async () => {
    const peer = await ScriptedPeer.listen();
    const { messenger, errors } = createStill({ reconnect: { delay: 1000 } });
    const wire = await many(peer, messenger, 0);
    wire.send('end', { error: { condition: 'amqp:internal-error', description: 'oops' } });
    await wire.read('end');
    await new Promise(setImmediate);
    expect(errors).toEqual([expect.stringMatching(/ended the session of the link to q\d and 19 more .*oops/)]);
  });
});
