import { describe, expect, it } from 'vitest';
import { createMessenger, createTrackingMessenger, listen, receive, startBroker } from '../support/messengers.js';
import { ScriptedPeer } from '../support/scripted-peer.js';
import type { Wire } from '../support/wire.js';
import { encodeFrame, state } from '../support/wire-frames.js';

/** Answers whatever a sender asks for: sessions, links, credit, outcomes. Returns what came, when it is over. */
async function serve(wire: Wire): Promise<{ begins: number; attaches: number; mostAttaching: number }> {
  const seen = { begins: 0, attaches: 0, mostAttaching: 0 };
  const unanswered = new Map<number, number>();
  for (let frame = await wire.next(); frame !== undefined; frame = await wire.next()) {
    const { name, channel, fields } = frame;
    if (name === 'begin') {
      seen.begins++;
      wire.unread.unshift(frame);
      await wire.answerBegin();
    } else if (name === 'attach') {
      seen.attaches++;
      unanswered.set(channel, (unanswered.get(channel) ?? 0) + 1);
      seen.mostAttaching = Math.max(seen.mostAttaching, ...unanswered.values());
      // In a later turn, so that a second attach on the session would be seen.
      setImmediate(() => {
        unanswered.set(channel, 0);
        const { handle, source, target } = fields;
        wire.send('attach', { name: fields['name'], handle, role: true, source, target }, channel);
        wire.grant({ channel, handle: handle as number, attach: frame }, 10);
      });
    } else if (name === 'transfer') {
      const first = fields['delivery_id'];
      wire.send('disposition', { role: true, first, settled: true, state: state('accepted') }, channel);
    }
  }
  return seen;
}

describe('a hundred addresses of one host', () => {
  it('share one connection', async () => {
    const broker = await startBroker();
    const messenger = createTrackingMessenger();
    let opened = 0;
    messenger.on('connection', ({ to }) => (opened += Number(to === 'open')));
    const names = Array.from({ length: 100 }, (_, index) => `q${index}`);
    for (const name of names) messenger.subscribe(`${broker.url}/${name}`);
    const trackers = names.map((name) => messenger.put({ address: `${broker.url}/${name}`, body: name }));
    await messenger.send();
    const received = await receive(messenger, 100);
    expect(trackers.map(({ status }) => status)).toEqual(names.map(() => 'accepted'));
    expect(received.map(({ message }) => message.body).sort()).toEqual([...names].sort());
    expect(opened).toBe(1);
    messenger.accept();
  });

  it('make do with eight sessions when the peer allows no more', async () => {
    const peer = await ScriptedPeer.listen();
    const messenger = createTrackingMessenger();
    const trackers = Array.from({ length: 100 }, (_, index) =>
      messenger.put({ address: peer.address(`q${index}`), body: index }),
    );
    const wire = await peer.accept();
    await wire.answerOpen({ channel_max: 7 });
    const served = serve(wire);
    await messenger.send();
    expect(trackers.every(({ status }) => status === 'accepted')).toBe(true);
    await messenger.stop();
    expect(await served).toEqual({ begins: 8, attaches: 100, mostAttaching: 1 });
  });

  it('make do with one session', async () => {
    const peer = await ScriptedPeer.listen();
    const messenger = createTrackingMessenger();
    const trackers = Array.from({ length: 20 }, (_, index) =>
      messenger.put({ address: peer.address(`q${index}`), body: index }),
    );
    const wire = await peer.accept();
    await wire.answerOpen({ channel_max: 0 });
    const served = serve(wire);
    await messenger.send();
    expect(trackers.every(({ status }) => status === 'accepted')).toBe(true);
    await messenger.stop();
    expect(await served).toMatchObject({ begins: 1, attaches: 20 });
  });
});

describe('an address that is refused', () => {
  it('aborts its messages, and only those, when the peer closes the link', async () => {
    const peer = await ScriptedPeer.listen();
    const messenger = createTrackingMessenger();
    const errors: unknown[] = [];
    messenger.on('error', (error) => errors.push(error));
    const bad = messenger.put({ address: peer.address('bad'), body: 1 });
    const good = messenger.put({ address: peer.address('good'), body: 2 });
    const wire = await peer.accept();
    await wire.answerOpen();
    await wire.answerBegin();
    const refused = await wire.answerAttach({ target: null });
    const error = { condition: 'amqp:not-found', description: 'no node bad' };
    wire.send('detach', { handle: refused.handle, closed: true, error }, refused.channel);
    await wire.answerBegin();
    const link = await wire.answerAttach();
    wire.grant(link, 1);
    await wire.read('transfer');
    wire.accept(link, 0);
    expect(await good.outcome()).toBe('accepted');
    expect(await bad.outcome()).toBe('aborted');
    expect(bad.error).toMatchObject({ code: 'ERR_LINK', condition: 'amqp:not-found' });
    expect(bad.error!.message).toContain('no node bad');
    await expect(messenger.send()).rejects.toMatchObject({
      code: 'ERR_SEND',
      condition: 'amqp:not-found',
      trackers: [bad],
    });
    expect(errors).toMatchObject([{ code: 'ERR_LINK', condition: 'amqp:not-found' }]);
    // Our half of the link is closed too.
    expect((await wire.read('detach')).fields).toMatchObject({ closed: true });
  });

  it('aborts its messages when the peer ends the session, as RabbitMQ does', async () => {
    const peer = await ScriptedPeer.listen();
    const messenger = createTrackingMessenger();
    const bad = messenger.put({ address: peer.address('bad'), body: 1 });
    const wire = await peer.accept();
    await wire.answerOpen();
    const begin = await wire.answerBegin();
    await wire.read('attach');
    wire.send('end', { error: { condition: 'amqp:not-found', description: 'no queue bad' } }, begin.channel);
    expect(await bad.outcome()).toBe('aborted');
    expect(bad.error).toMatchObject({ code: 'ERR_LINK', condition: 'amqp:not-found' });
    await wire.read('end');

    // The next message to it is a new attempt.
    const second = messenger.put({ address: peer.address('bad'), body: 2 });
    await wire.answerBegin();
    const link = await wire.answerAttach();
    wire.grant(link, 1);
    await wire.read('transfer');
    wire.accept(link, 0);
    expect(await second.outcome()).toBe('accepted');
  });

  it('fails its subscription, and recv() when there is no other', async () => {
    const peer = await ScriptedPeer.listen();
    const messenger = createTrackingMessenger();
    const subscription = messenger.subscribe(peer.address('bad'));
    const receiving = messenger.recv();
    const wire = await peer.accept();
    await wire.answerOpen();
    const begin = await wire.answerBegin();
    await wire.read('attach');
    wire.send('end', { error: { condition: 'amqp:unauthorized-access' } }, begin.channel);
    await expect(receiving).rejects.toMatchObject({ code: 'ERR_NO_SOURCES', condition: 'amqp:unauthorized-access' });
    await expect(subscription.ready()).rejects.toMatchObject({ code: 'ERR_LINK' });
    expect(subscription.state).toBe('failed');
  });

  it('fails its subscription when the peer attaches nothing and then closes the link', async () => {
    const peer = await ScriptedPeer.listen();
    const messenger = createTrackingMessenger();
    const subscription = messenger.subscribe(peer.address('bad'));
    const ready = expect(subscription.ready()).rejects.toMatchObject({ condition: 'amqp:not-found' });
    const wire = await peer.accept();
    await wire.answerOpen();
    await wire.answerBegin();
    const { fields, channel } = await wire.read('attach');
    const error = { condition: 'amqp:not-found' };
    wire.write(
      encodeFrame('attach', { name: fields['name'], handle: 0, role: false, initial_delivery_count: 0 }, channel),
      encodeFrame('detach', { handle: 0, closed: true, error }, channel),
    );
    await ready;
    expect(subscription.state).toBe('failed');
  });

  it('does not use up the sessions of the connection', async () => {
    const peer = await ScriptedPeer.listen();
    const messenger = createTrackingMessenger();
    let tracker = messenger.put({ address: peer.address('bad'), body: 0 });
    const wire = await peer.accept();
    await wire.answerOpen({ channel_max: 0 });
    for (let round = 1; round < 5; round++) {
      const begin = await wire.answerBegin();
      expect(begin.channel).toBe(0);
      const { handle, channel } = await wire.answerAttach({ target: null });
      wire.send('detach', { handle, closed: true, error: { condition: 'amqp:not-found' } }, channel);
      expect(await tracker.outcome()).toBe('aborted');
      // A session that no link needs any more is ended, and the next link waits until it is.
      tracker = messenger.put({ address: peer.address('bad'), body: round });
      await wire.read('end');
      wire.send('end', {}, begin.channel);
    }
  });

  it('does not end links that share its session', async () => {
    const peer = await ScriptedPeer.listen();
    const messenger = createTrackingMessenger();
    const good = messenger.put({ address: peer.address('good'), body: 1 });
    const wire = await peer.accept();
    const link = await wire.answerLink({ open: { channel_max: 0 } });
    const bad = messenger.put({ address: peer.address('bad'), body: 2 });
    await wire.read('attach');
    wire.send('end', { error: { condition: 'amqp:not-found' } }, link.channel);
    expect(await bad.outcome()).toBe('aborted');

    // The one channel there is is used again.
    expect((await wire.answerBegin()).channel).toBe(0);
    const again = await wire.answerAttach();
    expect(again.attach.fields['target']).toMatchObject({ address: 'good' });
    wire.grant(again, 1);
    await wire.read('transfer');
    wire.accept(again, 0);
    expect(await good.outcome()).toBe('accepted');
  });
});

describe('routes', () => {
  it('lead messages and subscriptions to where names point', async () => {
    const broker = await startBroker();
    const messenger = createTrackingMessenger();
    messenger.route('orders/%', `${broker.url}/$1`);
    messenger.subscribe('orders/eu');
    messenger.put({ address: 'orders/eu', body: 1 });
    messenger.put({ address: 'orders/us', body: 2 });
    await messenger.send();
    const [received] = await receive(messenger, 1);
    expect(received!.message).toMatchObject({ body: 1, address: 'orders/eu' });
    expect(broker.queue('us').depth).toBe(1);
    messenger.accept();
  });

  it('hold for messages put after them', async () => {
    const broker = await startBroker();
    const messenger = createTrackingMessenger();
    messenger.route('work', `${broker.url}/wrong`);
    messenger.put({ address: 'work', body: 1 });
    messenger.route('other', `${broker.url}/right`);
    messenger.put({ address: 'other', body: 2 });
    await messenger.send();
    expect([broker.queue('wrong').depth, broker.queue('right').depth]).toEqual([1, 1]);
  });

  it('keep credentials out of what the message says, and rewrites change that', async () => {
    const broker = await startBroker();
    const messenger = createTrackingMessenger();
    const host = broker.url.slice('amqp://'.length);
    messenger.rewrite('*/secret', 'hidden');
    messenger.rewrite('*/none', null);
    messenger.subscribe(`${broker.url}/plain`);
    messenger.subscribe(`${broker.url}/secret`);
    messenger.subscribe(`${broker.url}/none`);
    for (const name of ['plain', 'secret', 'none']) messenger.put({ address: `amqp://u@${host}/${name}`, body: name });
    await messenger.send();
    const received = await receive(messenger, 3);
    const seen = Object.fromEntries(received.map(({ message }) => [message.body as string, message.address]));
    expect(seen).toEqual({ plain: `amqp://${host}/plain`, secret: 'hidden', none: undefined });
    messenger.accept();
  });
});

describe('an answer', () => {
  it('goes back over the connection the question came on', async () => {
    const answerer = createTrackingMessenger({ name: 'answerer' });
    const address = await listen(answerer);
    const asker = createTrackingMessenger({ name: 'asker' });
    const opened: string[] = [];
    answerer.on('connection', ({ endpoint }) => opened.push(endpoint));
    for (let id = 0; id < 10; id++) asker.put({ address, id, body: id, replyTo: '~/answers' });
    for (const { message } of await receive(answerer, 10)) {
      expect(message.replyTo).toBe('amqp://asker/answers');
      answerer.put({ address: message.replyTo, correlationId: message.id, body: (message.body as number) * 2 });
    }
    const answers = await receive(asker, 10);
    expect(answers.map(({ message }) => [message.correlationId, message.body])).toEqual(
      Array.from({ length: 10 }, (_, id) => [id, id * 2]),
    );
    asker.accept();
    answerer.accept();
    await answerer.send();
    // Nothing was dialled for it.
    expect(opened).toEqual([]);
  });

  it('goes through a node of the asker alone when it asks for one', async () => {
    const broker = await startBroker();
    const asker = createTrackingMessenger();
    const subscription = await asker.subscribe(`${broker.url}/#`).ready();
    const answerer = createMessenger({ outgoingWindow: 1 });
    answerer.put({ address: subscription.address!, body: 'answer' });
    await answerer.send();
    const [answer] = await receive(asker, 1);
    expect(answer!.message.body).toBe('answer');
    expect(answer!.subscription).toBe(subscription);
  });
});
